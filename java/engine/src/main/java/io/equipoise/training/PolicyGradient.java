package io.equipoise.training;

import io.equipoise.distributed.SharedWork;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** One batch's gradient: every token's coefficient from the objective, less the variates, for the sequences that are kept. */
final class PolicyGradient {
    private final CausalLanguageModel policy;
    private final TrainingConfig config;
    /** Whether sequences with P = 0 have coefficients that are exactly 0, whatever π is: c = w of gdc. Variates aren't 0 there. */
    private final boolean ignoresWeightless;

    private final Optional<ControlVariates> variates;
    private final SharedWork work;

    PolicyGradient(CausalLanguageModel policy, TrainingConfig config, Optional<ControlVariates> variates) {
        this(policy, config, variates, SharedWork.ALONE);
    }

    /** @param work whose ranks each run a part of every batch; each calls {@link #accumulate} alike */
    PolicyGradient(
            CausalLanguageModel policy, TrainingConfig config, Optional<ControlVariates> variates, SharedWork work) {
        this.work = work;
        this.policy = policy;
        this.config = config;
        this.variates = variates;
        ignoresWeightless = config.objectiveFunction() instanceof Gdc && variates.isEmpty();
    }

    /** Functions of a token whose expectations under the base model a rollout must have. */
    float[][] functions() {
        return variates.map(ControlVariates::functions).orElse(new float[0][]);
    }

    /** Whether a rollout must have log a of sequences with P = 0, and π be asked about them: for the estimates, if nothing else. */
    boolean scoresWeightless(int step) {
        return !ignoresWeightless || (step - 1) % config.diagnosticsEvery() == 0;
    }

    /** Whether a step measures single sequences' gradients. */
    boolean measures(int step) {
        int every = config.gradientDiagnosticsEvery();
        return every > 0 && (step - 1) % every == 0;
    }

    /**
     * What came of a batch besides its gradient.
     *
     * @param coefficients the batch's, before variates and subsampling
     * @param tokenLogPolicy B ragged rows: log π of each generated token, nats; NaN of sequences that neither the gradient
     *     nor {@link Rollout#scored} asked for
     * @param subsamplingVariance {@link Subsampling#addedVariance} with π's own coefficients; 0 without subsampling
     * @param meanSquaredNorm mean over the batch of ‖g_i‖², g_i being what sequence i adds to the gradient, 0 if it isn't run
     *     backward; NaN if it wasn't measured
     */
    record Outcome(
            BatchCoefficients coefficients,
            float[][] tokenLogPolicy,
            double subsamplingVariance,
            double meanSquaredNorm) {
        /** (B) log π, nats; NaN where a token's is. */
        double[] logPolicy() {
            return Sequences.sum(tokenLogPolicy);
        }
    }

    /** What is known of an on-policy batch without running it backward. */
    Outcome none(Rollout rollout, Objective objective, double logZ) {
        float[][] tokenLogPolicy = known(rollout);
        var coefficients = BatchCoefficients.of(objective, rollout, Sequences.sum(tokenLogPolicy), logZ);
        return new Outcome(coefficients, tokenLogPolicy, 0, Double.NaN);
    }

    /**
     * Adds the batch's gradient, summed over sequences, to the policy's, which must be 0 before if several ranks do.
     *
     * @param first the run's index of the batch's first sequence
     * @param measured whether the sequences' own gradients are measured; nothing else changes
     */
    Outcome accumulate(Rollout rollout, Objective objective, double logZ, long first, boolean measured) {
        var prefixes = variates.map(each -> each.prepare(rollout));
        var distinct = DistinctSequences.of(rollout.sequences(), work);
        float[][] tokenLogPolicy = known(rollout);
        if (objective.hasBaseline() && !config.onPolicy()) {
            // Nobody's coefficient is known before everybody's log π is.
            int[] all = IntStream.range(0, rollout.size()).toArray();
            distinct.score(policy, all, config.microBatch(), tokenLogPolicy);
        }
        var batch = BatchCoefficients.of(objective, rollout, Sequences.sum(tokenLogPolicy), logZ);
        var subsampling = subsampling(rollout, batch, prefixes, logZ, first);
        int[] kept = subsampling.kept();
        double[] probability = subsampling.probability();
        SequenceCoefficients coefficients = (i, logProb, c) -> {
            tokenCoefficients(c, rollout, batch, i, prefixes, logProb, logZ);
            for (int t = 0; t < c.length; t++) c[t] /= (float) probability[i];
        };
        double meanSquaredNorm = Double.NaN;
        var sum = new GradientSum(work.collective(), policy.parameters().gradient());
        try {
            if (measured) {
                // What is measured is written over the gradient in between, so none of it can be on its way.
                double[] squares = distinct.measureGradient(
                        policy, kept, config.microBatch(), coefficients, tokenLogPolicy, config.gradientDiagnostics());
                meanSquaredNorm = Arrays.stream(squares).sum() / squares.length;
            } else {
                distinct.accumulateGradient(policy, kept, config.microBatch(), coefficients, tokenLogPolicy, sum);
            }
        } finally {
            sum.finish();
        }
        if (!config.onPolicy()) {
            int[] wanted = Arrays.stream(subsampling.left())
                    .filter(i -> rollout.scored()[i])
                    .toArray();
            distinct.score(policy, distinct.without(wanted, kept), config.microBatch(), tokenLogPolicy);
        }
        double added = config.gradientSubsampling() == 1
                ? 0
                : subsampling.addedVariance(norms(rollout, batch, tokenLogPolicy, prefixes, logZ));
        // Last: from here on the shares are others.
        variates.ifPresent(each -> {
            var rows = new LeastSquares(ControlVariates.COUNT);
            for (int i : kept) {
                var c = new float[tokenLogPolicy[i].length];
                // Each as often as it stands for.
                rows.add(
                        tokenCoefficients(c, rollout, batch, i, prefixes, tokenLogPolicy[i], logZ), 1 / probability[i]);
            }
            each.learn(rows);
        });
        return new Outcome(batch, tokenLogPolicy, added, meanSquaredNorm);
    }

    private Subsampling subsampling(
            Rollout rollout,
            BatchCoefficients batch,
            Optional<List<ControlVariates.Prefixes>> prefixes,
            double logZ,
            long first) {
        var counts = new boolean[rollout.size()];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = !ignoresWeightless || rollout.logTarget()[i] > Double.NEGATIVE_INFINITY;
        }
        if (config.gradientSubsampling() == 1) return Subsampling.all(counts);
        // As if π were q: about how much each sequence's gradient will matter.
        double[] sizes = norms(rollout, batch, rollout.sequences().tokenLogProb(), prefixes, logZ);
        return Subsampling.draw(sizes, counts, config.gradientSubsampling(), config.seed(), first);
    }

    /** (B, T) log π of each token as far as it is known without π's help, NaN elsewhere. */
    private float[][] known(Rollout rollout) {
        // On-policy, π is what the sequences were drawn from.
        float[][] logPolicy = rollout.sequences().tokenLogProb().clone();
        if (config.onPolicy()) return logPolicy;
        for (int i = 0; i < logPolicy.length; i++) {
            logPolicy[i] = new float[logPolicy[i].length];
            Arrays.fill(logPolicy[i], Float.NaN);
        }
        return logPolicy;
    }

    /** (B) the norm of each sequence's coefficients, not divided by anything. */
    private double[] norms(
            Rollout rollout,
            BatchCoefficients batch,
            float[][] tokenLogPolicy,
            Optional<List<ControlVariates.Prefixes>> prefixes,
            double logZ) {
        return IntStream.range(0, rollout.size())
                .mapToDouble(i -> {
                    var c = new float[tokenLogPolicy[i].length];
                    tokenCoefficients(c, rollout, batch, i, prefixes, tokenLogPolicy[i], logZ);
                    double squares = 0;
                    for (double each : c) squares += each * each;
                    return Math.sqrt(squares);
                })
                .toArray();
    }

    private LeastSquares tokenCoefficients(
            float[] c,
            Rollout rollout,
            BatchCoefficients batch,
            int i,
            Optional<List<ControlVariates.Prefixes>> prefixes,
            float[] logPolicy,
            double logZ) {
        Arrays.fill(c, (float) batch.coefficient(i, Sequences.sum(logPolicy)));
        return variates.map(each -> each.subtract(
                        c,
                        prefixes.orElseThrow().get(i),
                        logPolicy,
                        rollout.sequences().tokenLogProb()[i],
                        logZ))
                .orElse(new LeastSquares(0));
    }
}
