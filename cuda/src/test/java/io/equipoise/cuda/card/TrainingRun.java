package io.equipoise.cuda.card;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.Kernels;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.TextDecoder;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.Features;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Trains where libtorch isn't: a {@link BigramModel} until half of its texts have one of some words, with every kernel of the
 * method on the device, and writes what came of it. The first steps are also made with the CPU's kernels and compared. The exit
 * code is 0 if they agree and, after {@value #STEPS_TO_THE_MOMENT} steps or more, the moment was met.
 *
 * <pre>FILE KERNELS VOCABULARY BATCH STEPS</pre>
 */
public final class TrainingRun {
    private static final double DESIRED = 0.5;
    /** How far the share of texts may be from that at the end. */
    private static final double TOLERANCE = 0.1;

    private static final int COMPARED_STEPS = 3;
    /** Of what is compared: a number drawn within rounding of a boundary gives another token. */
    private static final double DIFFERENCE = 1e-3;

    /** Fewer can't be expected to meet the moment, and are compared only. */
    private static final int STEPS_TO_THE_MOMENT = 20;

    private static final int MAX_TOKENS = 12;

    private TrainingRun() {}

    public static void main(String[] arguments) throws IOException {
        var json = run(
                KernelProvider.named(arguments[1]),
                Integer.parseInt(arguments[2]),
                Integer.parseInt(arguments[3]),
                Integer.parseInt(arguments[4]),
                Optional.of(Path.of(arguments[0])));
        System.out.println(json);
        System.exit(json.path("passed").asBoolean() ? 0 : 1);
    }

    /**
     * One run.
     *
     * @param steps at least those that are compared
     * @param file is whole after every step
     */
    static ObjectNode run(Kernels kernels, int vocabulary, int batch, int steps, Optional<Path> file)
            throws IOException {
        var json = Json.object();
        json.put("device", kernels.description());
        json.put("model", "a table of " + BigramModel.KINDS + " x " + vocabulary + " logits")
                .put("batch", batch);
        var config = TrainingConfig.builder()
                .steps(steps)
                .batchSize(batch)
                .microBatch(Math.min(batch, 64))
                .maxTokens(MAX_TOKENS)
                .momentSamples(4 * batch)
                .learningRate(0.05)
                // Larger than usual: most of a table's logits have a gradient that is noise alone.
                .epsilon(1e-4)
                .controlVariates(false)
                .seed(5)
                .build();
        var words = new Words(vocabulary);
        var constraint = Constraint.moment("word", Features.words(words.some()), DESIRED);
        List<Step> wanted = train(KernelProvider.named("cpu"), vocabulary, config, words, constraint, COMPARED_STEPS);
        var made = new ArrayList<Step>();
        try (var base = BigramModel.random(kernels, vocabulary, MAX_TOKENS + 1, 1, 20);
                var trainer = Trainer.builder(base, words, List.of(constraint), config)
                        .kernels(kernels)
                        .create()) {
            double before = share(base, words, constraint, batch);
            while (!trainer.isFinished()) {
                made.add(trainer.step());
                json.put("steps", made.size());
                if (file.isPresent()) Json.write(file.get(), json);
            }
            double after = share(trainer.policy(), words, constraint, batch);
            json.putObject("moment").put("before", before).put("after", after).put("desired", DESIRED);
            json.put("klTargetPolicyFirst", kl(made.get(0))).put("klTargetPolicyLast", kl(made.get(made.size() - 1)));
            double difference = difference(made, wanted);
            json.putObject("againstTheCpusKernels")
                    .put("steps", wanted.size())
                    .put("largestRelativeDifference", difference)
                    .put("tolerance", DIFFERENCE);
            var seconds = json.putObject("medianSeconds");
            for (String phase : made.get(0).seconds().keySet()) seconds.put(phase, median(made, phase));
            boolean moved = Math.abs(after - DESIRED) <= TOLERANCE && Math.abs(before - DESIRED) > TOLERANCE;
            json.put("momentMet", moved);
            json.put("passed", (moved || steps < STEPS_TO_THE_MOMENT) && difference <= DIFFERENCE);
        }
        if (file.isPresent()) Json.write(file.get(), json);
        return json;
    }

    private static List<Step> train(
            Kernels kernels, int vocabulary, TrainingConfig config, Words words, Constraint constraint, int steps) {
        try (var base = BigramModel.random(kernels, vocabulary, MAX_TOKENS + 1, 1, 20);
                var trainer = Trainer.builder(base, words, List.of(constraint), config)
                        .kernels(kernels)
                        .create()) {
            var made = new ArrayList<Step>();
            for (int k = 0; k < steps; k++) made.add(trainer.step());
            return made;
        }
    }

    /** Of fresh texts, by text rather than tokens. */
    private static double share(CausalLanguageModel model, Words words, Constraint constraint, int texts) {
        var sequences = new Sampler(SamplerConfig.of(MAX_TOKENS, 77)).sample(model, texts, 0);
        return words.decode(sequences.generated()).stream()
                .mapToDouble(text -> constraint.feature().score(text))
                .average()
                .orElseThrow();
    }

    private static double kl(Step step) {
        return step.divergences().klTargetPolicy();
    }

    private static double median(List<Step> steps, String phase) {
        double[] sorted = steps.stream()
                .mapToDouble(step -> step.seconds().get(phase))
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    /** NaN where anything is. */
    private static double difference(List<Step> made, List<Step> wanted) {
        double largest = 0;
        for (int k = 0; k < wanted.size(); k++) {
            double[] got = numbers(made.get(k));
            double[] want = numbers(wanted.get(k));
            for (int i = 0; i < got.length; i++) {
                largest = Math.max(largest, Math.abs(got[i] - want[i]) / (1e-2 + Math.abs(want[i])));
            }
        }
        return largest;
    }

    private static double[] numbers(Step step) {
        var divergences = step.divergences();
        return new double[] {
            step.tokens(),
            step.logZ(),
            step.loss(),
            step.gradientNorm(),
            divergences.klTargetPolicy(),
            divergences.effectiveSampleSize(),
            step.moments().get("word")
        };
    }

    /** Token 0 is no text, the others are w1, w2, … and a space. */
    private static final class Words implements TextDecoder {
        private final byte[][] bytes;

        Words(int vocabulary) {
            bytes = IntStream.range(0, vocabulary)
                    .mapToObj(v -> v == 0 ? "" : "w" + v + " ")
                    .map(text -> text.getBytes(StandardCharsets.UTF_8))
                    .toArray(byte[][]::new);
        }

        /** One in 32 of them: about a third of texts has one. */
        List<String> some() {
            return IntStream.range(0, bytes.length)
                    .filter(v -> v % 32 == 1)
                    .mapToObj(v -> "w" + v)
                    .toList();
        }

        @Override
        public List<String> decode(List<int[]> sequences) {
            return sequences.stream()
                    .map(tokens -> {
                        var text = new StringBuilder();
                        for (int token : tokens) text.append(new String(bytes[token], StandardCharsets.UTF_8));
                        return text.toString();
                    })
                    .toList();
        }

        @Override
        public Optional<byte[][]> tokenBytes() {
            return Optional.of(Arrays.copyOf(bytes, bytes.length));
        }
    }
}
