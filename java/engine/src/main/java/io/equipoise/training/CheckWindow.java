package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * The samples drawn since the last proposal check, each with log π from before π was trained on it. Where some were not
 * scored, what needs their log π is NaN.
 */
final class CheckWindow {
    private final List<Batch> batches = new ArrayList<>();

    /**
     * What is kept of one batch; nobody writes to it.
     *
     * @param logTarget (B) log P, nats
     * @param logProposal (B) log q, nats
     * @param logPolicy (B) log π, nats
     * @param logBase (B) log a, nats
     * @param scored (B) as of a {@link Rollout}
     * @param phi (B, F)
     */
    record Batch(
            double[] logTarget,
            double[] logProposal,
            double[] logPolicy,
            double[] logBase,
            boolean[] scored,
            double[][] phi) {}

    void add(Rollout rollout, double[] logPolicy) {
        batches.add(new Batch(
                rollout.logTarget(),
                rollout.logProposal(),
                logPolicy,
                rollout.logBase(),
                rollout.scored(),
                rollout.phi()));
    }

    /** What is in it, to be saved. */
    List<Batch> state() {
        return List.copyOf(batches);
    }

    void restore(List<Batch> state) {
        batches.clear();
        batches.addAll(state);
    }

    /**
     * KL(p‖π) − KL(p‖q) = E_q[(w/Z)(log q − log π)], nats, on the same samples for both.
     *
     * @param standardError of the mean; NaN for a single sample
     */
    record Excess(double mean, double standardError) {}

    Excess excess(double logZ) {
        double[] logTarget = joined(Batch::logTarget);
        double[] logProposal = joined(Batch::logProposal);
        double[] logPolicy = joined(Batch::logPolicy);
        var terms = new double[logPolicy.length];
        double mean = 0;
        for (int i = 0; i < terms.length; i++) {
            double weight = Math.exp(logTarget[i] - logProposal[i] - logZ);
            terms[i] = weight == 0 ? 0 : weight * (logProposal[i] - logPolicy[i]);
            mean += terms[i] / terms.length;
        }
        double squares = 0;
        for (double term : terms) squares += (term - mean) * (term - mean);
        return new Excess(mean, Math.sqrt(squares / terms.length / (terms.length - 1)));
    }

    Divergences.Estimates estimates(double logZ) {
        return PartialEstimates.estimate(
                joined(Batch::logTarget),
                joined(Batch::logProposal),
                joined(Batch::logPolicy),
                joined(Batch::logBase),
                scored(),
                logZ);
    }

    /** (F) E_π φ, self-normalised: Σ ρφ / Σ ρ. */
    double[] moments() {
        var moments = new double[batches.get(0).phi()[0].length];
        double total = 0;
        for (var batch : batches) {
            for (int i = 0; i < batch.logPolicy().length; i++) {
                double ratio = Math.exp(batch.logPolicy()[i] - batch.logProposal()[i]);
                total += ratio;
                for (int f = 0; f < moments.length; f++) moments[f] += ratio * batch.phi()[i][f];
            }
        }
        for (int f = 0; f < moments.length; f++) moments[f] /= total;
        return moments;
    }

    void clear() {
        batches.clear();
    }

    private boolean[] scored() {
        var scored = new boolean
                [batches.stream().mapToInt(batch -> batch.scored().length).sum()];
        int filled = 0;
        for (var batch : batches) {
            System.arraycopy(batch.scored(), 0, scored, filled, batch.scored().length);
            filled += batch.scored().length;
        }
        return scored;
    }

    private double[] joined(Function<Batch, double[]> part) {
        return batches.stream().map(part).flatMapToDouble(Arrays::stream).toArray();
    }
}
