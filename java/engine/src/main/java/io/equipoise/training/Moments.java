package io.equipoise.training;

import io.equipoise.metrics.LogSumExp;
import io.equipoise.target.Constraint;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Moments of features, by the name of their constraint. */
final class Moments {
    private Moments() {}

    static Map<String, Double> desired(List<Constraint> constraints) {
        var moments = new LinkedHashMap<String, Double>();
        for (var constraint : constraints) moments.put(constraint.name(), constraint.moment());
        return moments;
    }

    /**
     * Self-normalised weighted means of the features.
     *
     * @param phi (B, F)
     * @param logWeight (B), nats; one that is NaN, not known, makes every mean NaN
     */
    static Map<String, Double> weighted(List<Constraint> constraints, double[][] phi, double[] logWeight) {
        boolean known = Arrays.stream(logWeight).noneMatch(Double::isNaN);
        double total = known ? LogSumExp.of(logWeight).logSum() : Double.NaN;
        var moments = new LinkedHashMap<String, Double>();
        for (int f = 0; f < constraints.size(); f++) {
            double mean = 0;
            for (int i = 0; i < phi.length; i++) mean += Math.exp(logWeight[i] - total) * phi[i][f];
            moments.put(constraints.get(f).name(), mean);
        }
        return moments;
    }
}
