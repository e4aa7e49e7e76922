package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The samples drawn since the last proposal check, each with log π from before π was trained on it. Where some were not
 * scored, what needs their log π is NaN.
 */
final class CheckWindow {
    private final List<Rollout> rollouts = new ArrayList<>();
    private final List<double[]> logPolicies = new ArrayList<>();

    void add(Rollout rollout, double[] logPolicy) {
        rollouts.add(rollout);
        logPolicies.add(logPolicy);
    }

    /**
     * KL(p‖π) − KL(p‖q) = E_q[(w/Z)(log q − log π)], nats, on the same samples for both.
     *
     * @param standardError of the mean; NaN for a single sample
     */
    record Excess(double mean, double standardError) {}

    Excess excess(double logZ) {
        double[] logTarget = joined(rollouts.stream().map(Rollout::logTarget).toList());
        double[] logProposal =
                joined(rollouts.stream().map(Rollout::logProposal).toList());
        double[] logPolicy = joined(logPolicies);
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
                joined(rollouts.stream().map(Rollout::logTarget).toList()),
                joined(rollouts.stream().map(Rollout::logProposal).toList()),
                joined(logPolicies),
                joined(rollouts.stream().map(Rollout::logBase).toList()),
                scored(),
                logZ);
    }

    /** (F) E_π φ, self-normalised: Σ ρφ / Σ ρ. */
    double[] moments() {
        var moments = new double[rollouts.get(0).phi()[0].length];
        double total = 0;
        for (int k = 0; k < rollouts.size(); k++) {
            var rollout = rollouts.get(k);
            for (int i = 0; i < rollout.size(); i++) {
                double ratio = Math.exp(logPolicies.get(k)[i] - rollout.logProposal()[i]);
                total += ratio;
                for (int f = 0; f < moments.length; f++) moments[f] += ratio * rollout.phi()[i][f];
            }
        }
        for (int f = 0; f < moments.length; f++) moments[f] /= total;
        return moments;
    }

    void clear() {
        rollouts.clear();
        logPolicies.clear();
    }

    private boolean[] scored() {
        var scored = new boolean[rollouts.stream().mapToInt(Rollout::size).sum()];
        int filled = 0;
        for (var rollout : rollouts) {
            System.arraycopy(rollout.scored(), 0, scored, filled, rollout.size());
            filled += rollout.size();
        }
        return scored;
    }

    private static double[] joined(List<double[]> parts) {
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }
}
