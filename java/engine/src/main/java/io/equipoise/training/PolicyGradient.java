package io.equipoise.training;

import io.equipoise.model.CausalLanguageModel;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** One batch's gradient: every token's coefficient from the objective, less the variates, for the sequences that are kept. */
final class PolicyGradient {
    private final CausalLanguageModel policy;
    private final Rollouts rollouts;
    private final TrainingConfig config;
    private final Objective objective;
    private final Optional<ControlVariates> variates;

    PolicyGradient(
            CausalLanguageModel policy, Rollouts rollouts, TrainingConfig config, Optional<ControlVariates> variates) {
        this.policy = policy;
        this.rollouts = rollouts;
        this.config = config;
        this.variates = variates;
        objective = config.objectiveFunction();
    }

    /** Functions of a token whose expectations under the base model a rollout must have. */
    float[][] functions() {
        return variates.map(ControlVariates::functions).orElse(new float[0][]);
    }

    /**
     * Adds the batch's gradient, summed over sequences, to the policy's.
     *
     * @param first the run's index of the batch's first sequence
     * @return B ragged rows: log π of each generated token, nats
     */
    float[][] accumulate(Rollout rollout, double logZ, long first) {
        var sampled = rollout.sequences();
        var prefixes = variates.map(each -> each.prepare(rollout));
        var subsampling = config.gradientSubsampling() == 1
                ? Subsampling.none(rollout.size())
                : Subsampling.draw(sizes(rollout, prefixes, logZ), config.gradientSubsampling(), config.seed(), first);
        int[] kept = subsampling.kept();
        double[] probability = subsampling.probability();
        var part = sampled.select(kept);
        var rows = new LeastSquares[kept.length];
        // On-policy, π is what the sequences were drawn from.
        float[][] logPolicy = sampled.tokenLogProb().clone();
        policy.accumulateGradient(part.tokens(), part.promptLength(), config.microBatch(), (k, logProb, c) -> {
            logPolicy[kept[k]] = logProb.clone();
            rows[k] = tokenCoefficients(c, rollout, kept[k], prefixes, logProb, logZ);
            for (int t = 0; t < c.length; t++) c[t] /= (float) probability[kept[k]];
        });
        variates.ifPresent(each -> each.learn(sum(rows, kept, probability)));
        int[] left = subsampling.left();
        if (left.length > 0 && !config.onPolicy()) {
            float[][] scores = rollouts.score(policy, sampled.select(left));
            for (int k = 0; k < left.length; k++) logPolicy[left[k]] = scores[k];
        }
        return logPolicy;
    }

    /** The norm of each sequence's coefficients if π were q: about how much its gradient will matter. */
    private double[] sizes(Rollout rollout, Optional<List<ControlVariates.Prefixes>> prefixes, double logZ) {
        var sizes = new double[rollout.size()];
        for (int i = 0; i < sizes.length; i++) {
            float[] logProposal = rollout.sequences().tokenLogProb()[i];
            var c = new float[logProposal.length];
            tokenCoefficients(c, rollout, i, prefixes, logProposal, logZ);
            double squares = 0;
            for (double each : c) squares += each * each;
            sizes[i] = Math.sqrt(squares);
        }
        return sizes;
    }

    private LeastSquares tokenCoefficients(
            float[] c,
            Rollout rollout,
            int i,
            Optional<List<ControlVariates.Prefixes>> prefixes,
            float[] logPolicy,
            double logZ) {
        Arrays.fill(c, (float) objective.coefficient(
                rollout.logTarget()[i], rollout.logProposal()[i], Sequences.sum(logPolicy), logZ));
        return variates.map(each -> each.subtract(
                        c,
                        prefixes.orElseThrow().get(i),
                        logPolicy,
                        rollout.sequences().tokenLogProb()[i],
                        logZ))
                .orElse(new LeastSquares(0));
    }

    /** The rows of the sequences that were kept, each as often as it stands for. */
    private static LeastSquares sum(LeastSquares[] rows, int[] kept, double[] probability) {
        var sum = new LeastSquares(ControlVariates.COUNT);
        for (int k = 0; k < rows.length; k++) sum.add(rows[k], 1 / probability[kept[k]]);
        return sum;
    }
}
