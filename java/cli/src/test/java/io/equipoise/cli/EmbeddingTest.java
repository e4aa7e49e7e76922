package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.model.ModelHub;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.Features;
import io.equipoise.target.Gender;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README's Java is this code, and this code runs. */
class EmbeddingTest {
    // README: begin
    static List<String> halfAboutWomen(Path model, Path result) throws IOException {
        try (var base = ModelHub.load(model)) {
            var female = Constraint.moment("female", Features.gender(Gender.FEMALE), 0.5);
            var config = TrainingConfig.builder()
                    .steps(10)
                    .batchSize(32)
                    .momentSamples(256)
                    .maxTokens(16)
                    .build();
            try (var trainer = Trainer.create(base, List.of(female), config)) {
                while (!trainer.isFinished()) {
                    var step = trainer.step();
                    System.err.println(step.step() + ": " + step.moments());
                }
                ModelHub.save(trainer.policy(), model, result);
                var sampler = new Sampler(SamplerConfig.of(40, 1));
                var sequences = sampler.sample(trainer.policy(), 5, 0);
                return base.tokenizer().decode(sequences.generated());
            }
        }
    }
    // README: end

    @Test
    void runs(@TempDir Path folder) throws IOException {
        var texts = halfAboutWomen(EmbeddedModel.folder(folder), folder.resolve("result"));
        assertThat(texts).hasSize(5).allMatch(text -> !text.isBlank());
        ModelHub.load(folder.resolve("result")).close();
    }

    @Test
    void isWhatReadmeShows() throws IOException {
        var source = Files.readString(Path.of("src/test/java/io/equipoise/cli/EmbeddingTest.java"));
        var region = between(source, "// README: begin\n", "// README: end").stripIndent();
        var readme = Files.readString(Path.of("../../README.md"));
        assertThat(between(readme, "```java\n", "```")).isEqualTo(region);
        assertThat(region.lines().count()).isLessThan(25);
    }

    /** README gives Maven's dependency and the commands; a renamed key or command would make it lie. */
    @Test
    void readmeNamesEveryTrainingKey() throws IOException {
        var readme = Files.readString(Path.of("../../README.md"));
        var missing = java.util.Arrays.stream(TrainingConfig.class.getRecordComponents())
                .map(component -> "`" + component.getName() + "`")
                .filter(name -> !readme.contains(name))
                .collect(Collectors.toList());
        assertThat(missing).isEmpty();
    }

    private static String between(String text, String begin, String end) {
        int from = text.indexOf(begin) + begin.length();
        assertThat(from).as(begin).isGreaterThan(begin.length());
        return text.substring(from, text.indexOf(end, from));
    }
}
