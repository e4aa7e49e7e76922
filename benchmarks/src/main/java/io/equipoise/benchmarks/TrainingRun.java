package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.ModelHub;
import io.equipoise.model.Precision;
import io.equipoise.target.Constraint;
import io.equipoise.target.Feature;
import io.equipoise.training.ProposalUpdate;
import io.equipoise.training.Step;
import io.equipoise.training.Trainer;
import io.equipoise.training.TrainingConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A run whose steps are timed: off-policy GDC++ from BOS with a constraint that costs nothing to test, "a token whose id is
 * 5 modulo 97 occurs". The proposal becomes the policy at the end of every step. So from the second step on it is another
 * model than the base, and base, proposal and policy are each computed: at the first the base's scores are the samples'.
 */
final class TrainingRun implements AutoCloseable {
    private final CausalLanguageModel base;
    private final Trainer trainer;
    private List<int[]> generated = List.of();

    /**
     * What a step computes.
     *
     * @param model a Hugging Face folder; it needs no tokenizer
     * @param batch B, sequences a step
     * @param microBatch sequences run at once
     * @param newTokens generated a sequence, always as many
     * @param precision what products are computed in
     */
    record Workload(Path model, int batch, int microBatch, int newTokens, Precision precision) {
        private TrainingConfig config() {
            return TrainingConfig.builder()
                    .steps(Integer.MAX_VALUE)
                    .batchSize(batch)
                    .microBatch(microBatch)
                    .maxTokens(newTokens)
                    .fixedLength(true)
                    .controlVariates(false)
                    .momentCorrection(0)
                    .momentSamples(64)
                    .learningRate(1.41e-5)
                    .gradientClip(0)
                    .proposalUpdate(ProposalUpdate.INTERVAL)
                    .checkEvery(1)
                    .seed(7)
                    .build();
        }
    }

    TrainingRun(Workload workload) {
        base = ModelHub.loadModel(workload.model(), KernelProvider.kernels(), workload.precision());
        var constraint = Constraint.pointwise("token", Feature.test(TrainingRun::holds));
        trainer = Trainer.create(base, this::text, List.of(constraint), workload.config());
    }

    /** Token ids as text; what was generated last is kept. */
    private List<String> text(List<int[]> sequences) {
        generated = List.copyOf(sequences);
        return sequences.stream()
                .map(row -> Arrays.stream(row).mapToObj(Integer::toString).collect(Collectors.joining(" ")))
                .toList();
    }

    private static boolean holds(String text) {
        return Arrays.stream(text.split(" ")).anyMatch(id -> Integer.parseInt(id) % 97 == 5);
    }

    Step step() {
        return trainer.step();
    }

    /** The tokens last generated: those of the latest step, before the first those that the target was fitted on. */
    List<int[]> generated() {
        return generated;
    }

    /** π; changes with every step. */
    CausalLanguageModel policy() {
        return trainer.policy();
    }

    @Override
    public void close() {
        trainer.close();
        base.close();
    }
}
