package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code sample --target}: texts of a target on the embedded model. */
class TargetSamplingTest {
    /** λ = 2, known from a run: a text about women weighs e² times what another does. */
    private static final double LAMBDA = 2;

    private static final String CONFIG = """
            model: embedded
            constraints:
              - {name: female, feature: gender, is: female, moment: 0.4}
            training: {momentSamples: 512, maxTokens: 12}
            evaluation: {baseSamples: 300}
            """;

    @TempDir
    private Path temporary = Path.of("");

    private Path config = Path.of("");
    private Path run = Path.of("");

    @BeforeEach
    void write() throws IOException {
        config = Files.writeString(temporary.resolve("small.yaml"), CONFIG);
        run = temporary.resolve("run");
        var checkpoint = Files.createDirectories(run.resolve("checkpoints/step-1"));
        Files.writeString(checkpoint.resolve("state.json"), "{\"lambda\": {\"female\": " + LAMBDA + "}}");
    }

    private Outputs sample(String... more) {
        var arguments = new ArrayList<>(List.of("sample", "--target", config.toString(), "-n", "20"));
        arguments.addAll(List.of(more));
        return Outputs.of(arguments.toArray(String[]::new));
    }

    private JsonNode json(String... more) {
        var arguments = new ArrayList<>(List.of(more));
        arguments.addAll(List.of("--run", run.toString(), "--json"));
        var outputs = sample(arguments.toArray(String[]::new));
        assertThat(outputs.code()).as(outputs.err()).isZero();
        return outputs.json();
    }

    private static void refused(Outputs outputs, String... parts) {
        assertThat(outputs.err()).contains(parts).doesNotContain("\tat ", "Exception");
        assertThat(outputs.code()).isEqualTo(2);
    }

    @Test
    void tellsWhatIsToBeExpectedBeforeItSamples() {
        var outputs = sample("--acceptance", "0.3");
        assertThat(outputs.code()).as(outputs.err()).isZero();
        var lines = outputs.out().lines().toList();
        assertThat(lines.get(0)).startsWith("log Z ").contains(" ± ", "share of texts with weight 1.0000");
        assertThat(lines.get(2).split("\\s{2,}")).containsExactly("", "β", "acceptance", "TVD(p, p_β)", "KL(p‖p_β)");
        assertThat(lines.subList(3, 11)).allMatch(line -> line.strip().split("\\s+").length == 4);
        assertThat(lines.get(12)).startsWith("β ").contains("acceptance 0.3000 ± ", "TVD(p, p_β) ", "KL(p‖p_β) ");
        var texts = lines.subList(14, lines.size());
        assertThat(texts).hasSize(20).allMatch(line -> line.matches("\\[female [01]] .*"));
        assertThat(outputs.err())
                .contains("to find the target", "weighing 300 texts of the proposal", "female: ", "desired 0.4");
    }

    @Test
    void quasiRejectionAsOneObject() {
        var json = json("--tvd", "0.02");
        assertThat(json.path("method").asText()).isEqualTo("quasi-rejection");
        assertThat(json.path("seed").asLong()).isEqualTo(1);
        // Two weights, 1 and e²: Z = 1 + s(e² − 1) for a share s of texts about women.
        double share = Math.expm1(json.at("/logZ/value").asDouble()) / Math.expm1(LAMBDA);
        assertThat(share * 300).isCloseTo(Math.rint(share * 300), within(1e-6)).isGreaterThan(3);
        double beta = json.at("/estimates/beta").asDouble();
        assertThat(beta).isBetween(1.0, Math.exp(LAMBDA));
        assertThat(json.at("/estimates/acceptance/value").asDouble())
                .isCloseTo((1 - share) / beta + share, within(1e-9));
        double target = share * Math.exp(LAMBDA) / (1 + share * Math.expm1(LAMBDA));
        double accepted = share * beta / (1 - share + share * beta);
        assertThat(target - accepted).isCloseTo(0.02, within(1e-9));
        assertThat(json.at("/estimates/tvd/value").asDouble()).isCloseTo(0.02, within(1e-9));
        double kl = target * Math.log(target / accepted) + (1 - target) * Math.log((1 - target) / (1 - accepted));
        assertThat(json.at("/estimates/kl/value").asDouble()).isCloseTo(kl, within(1e-9));
        assertThat(json.at("/estimates/acceptance/error").asDouble()).isPositive();
        assertThat(json.path("grid")).hasSize(8).allMatch(row -> row.at("/tvd/value")
                .isNumber());

        assertThat(json.path("samples")).hasSize(20);
        double women = 0;
        for (var sample : json.path("samples")) {
            double female = sample.at("/features/female").asDouble();
            women += female;
            assertThat(sample.path("logWeight").asDouble()).isCloseTo(LAMBDA * female, within(1e-12));
            assertThat(sample.path("logProb").asDouble()).isNegative();
            assertThat(sample.path("tokens").asInt()).isBetween(1, 12);
        }
        assertThat(json.at("/moments/female/sample").asDouble()).isCloseTo(women / 20, within(1e-12));
        assertThat(json.at("/moments/female/desired").asDouble()).isEqualTo(0.4);
        long proposals = json.path("proposals").asLong();
        assertThat(json.path("acceptanceRate").asDouble()).isCloseTo(20.0 / proposals, within(1e-12));
        assertThat(json.path("seconds").asDouble()).isPositive();
    }

    @Test
    void sameSeedSameTexts() {
        var first = json("--beta", "4", "--seed", "9");
        assertThat(first.path("seed").asLong()).isEqualTo(9);
        assertThat(json("--beta", "4", "--seed", "9").path("samples")).isEqualTo(first.path("samples"));
        assertThat(json("--beta", "4", "--seed", "10").path("samples")).isNotEqualTo(first.path("samples"));
    }

    /** Another model that is in truth the same one: weights are the same, by another way. */
    @Test
    void aPolicyProposes() {
        var policy = json("--beta", "4", "--policy", "embedded");
        var base = json("--beta", "4");
        for (int i = 0; i < 20; i++) {
            var sample = policy.path("samples").get(i);
            assertThat(sample.path("text"))
                    .isEqualTo(base.path("samples").get(i).path("text"));
            assertThat(sample.path("logWeight").asDouble())
                    .isCloseTo(base.path("samples").get(i).path("logWeight").asDouble(), within(1e-3));
        }
        assertThat(policy.at("/logZ/value").asDouble())
                .isCloseTo(base.at("/logZ/value").asDouble(), within(1e-3));
        var tempered = json("--beta", "4", "--temperature", "0.8");
        assertThat(tempered.path("effectiveSampleSize").asDouble())
                .isLessThan(base.path("effectiveSampleSize").asDouble());
    }

    @Test
    void metropolisHastings() {
        var json = json("--method", "metropolis-hastings", "--burn-in", "30", "--thinning", "2");
        assertThat(json.path("method").asText()).isEqualTo("metropolis-hastings");
        assertThat(json.path("proposals").asLong()).isEqualTo(1 + 30 + 2 * 20);
        assertThat(json.path("samples")).hasSize(20);
        assertThat(json.path("acceptanceRate").asDouble()).isBetween(0.1, 1.0);
        // Two weights: all but a step from e² to 1, there e⁻² of them, moves.
        double share = Math.expm1(json.at("/logZ/value").asDouble()) / Math.expm1(LAMBDA);
        double target = share * Math.exp(LAMBDA) / (1 + share * Math.expm1(LAMBDA));
        double moving = 1 - target * (1 - share) * -Math.expm1(-LAMBDA);
        assertThat(json.at("/estimates/acceptance/value").asDouble()).isCloseTo(moving, within(1e-9));
        double stays = 1 - Math.exp(json.at("/logZ/value").asDouble() - LAMBDA);
        assertThat(json.at("/estimates/tvd").asDouble()).isCloseTo(Math.pow(stays, 30), within(1e-9));
    }

    @Test
    void hopelessBetaIsAnErrorBeforeSampling() {
        var outputs = sample("--beta", "1e9", "--run", run.toString());
        refused(outputs, "at β 1.000e+09 one text in ", "at most 100000", "--acceptance", "--policy");
        assertThat(outputs.out()).contains("TVD(p, p_β)").doesNotContain("[female");
    }

    @Test
    void acceptanceBeyondWhatHasWeightIsAnError() throws IOException {
        Files.writeString(config, CONFIG.replace("moment: 0.4", "pointwise: true"));
        refused(sample("--acceptance", "0.9"), "no β accepts 0.9", "have weight under the target");
        var json = sample("--json");
        assertThat(json.code()).as(json.err()).isZero();
        assertThat(json.json().at("/moments/female/sample").asDouble()).isEqualTo(1);
        assertThat(json.json().at("/estimates/tvd/value").asDouble()).isZero();
    }

    @Test
    void optionsThatDontGoTogether() {
        refused(Outputs.of("sample"), "--model DIR", "--target CONFIG.yaml");
        refused(sample("--model", "embedded"), "--target and --model don't go together");
        refused(sample("--prompt", "She"), "--prompt", "don't go with --target", "training.maxTokens");
        refused(sample("--top-k", "5"), "--top-k");
        refused(sample("--beta", "2", "--tvd", "0.1"), "--beta", "--tvd", "mutually exclusive");
        refused(Outputs.of("sample", "--model", "embedded", "--beta", "2"), "--target");
        refused(sample("--method", "gibbs"), "quasi-rejection or metropolis-hastings, got 'gibbs'");
        refused(sample("--method", "metropolis-hastings", "--tvd", "0.1"), "quasi-rejection's", "leave them out");
        refused(sample("--burn-in", "5"), "--burn-in", "metropolis-hastings'");
        refused(sample("--beta", "0"), "--beta must be > 0 and finite, got 0.0");
        refused(sample("--acceptance", "2"), "--acceptance must be in (0, 1], got 2.0");
        refused(sample("--tvd", "1"), "--tvd must be in [0, 1), got 1.0");
        refused(sample("--method", "metropolis-hastings", "--thinning", "0"), "--thinning must be >= 1, got 0");
        refused(sample("--max-proposals", "0"), "--max-proposals must be >= 1, got 0");
        refused(sample("--seed", "0"), "evaluation.seed must differ from training.seed");
    }

    @Test
    void promptsHaveTargetsOfTheirOwn() throws IOException {
        var prompts = Files.writeString(config.resolveSibling("prompts.txt"), "She\n");
        refused(sample("--set", "training.prompts=" + prompts), "a configuration without prompts");
    }

    @Test
    void metropolisHastingsThatTakesTooLong() {
        refused(
                sample("--method", "metropolis-hastings", "--max-proposals", "50", "--run", run.toString()),
                "20 texts takes a start and 300 steps",
                "more than 50 proposals");
    }
}
