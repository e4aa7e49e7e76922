package io.equipoise.training;

import io.equipoise.metrics.Divergences;
import java.util.ArrayList;
import java.util.List;

/** The samples drawn since the last proposal check, each with log π from before π was trained on it. */
final class CheckWindow {
    private final List<Rollout> rollouts = new ArrayList<>();
    private final List<double[]> logPolicies = new ArrayList<>();

    void add(Rollout rollout, double[] logPolicy) {
        rollouts.add(rollout);
        logPolicies.add(logPolicy);
    }

    Divergences.Estimates estimates(double logZ) {
        return Divergences.estimate(
                joined(rollouts.stream().map(Rollout::logTarget).toList()),
                joined(rollouts.stream().map(Rollout::logProposal).toList()),
                joined(logPolicies),
                joined(rollouts.stream().map(Rollout::logBase).toList()),
                logZ);
    }

    void clear() {
        rollouts.clear();
        logPolicies.clear();
    }

    private static double[] joined(List<double[]> parts) {
        return parts.stream().flatMapToDouble(java.util.Arrays::stream).toArray();
    }
}
