package io.equipoise.target;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The cached sample that λ is solved on: the texts of positive weight, their features φ, and z = (φ − μ̄)/s, where s is
 * the standard deviation under the weights, so that every feature counts alike whatever its unit. With prompts mean, standard
 * deviation, least and most are means over prompts: between least and most is what reweighting each prompt's texts can reach.
 */
final class MomentSample {
    final List<String> names;
    final double[] desired;
    final int total;
    final double[][] phi;
    final double[] logWeight;
    final double[][] z;
    final double[] scale;
    final double[] mean;
    final double[] least;
    final double[] most;
    final Strata strata;

    /**
     * @param phi (B, F), finite
     * @param logWeight (B) log a/q; −∞ for a text that a pointwise constraint excludes
     * @param desired (F) μ̄
     * @param names (F) of the constraints
     * @param prompt (B) of each text
     * @throws IllegalArgumentException if shapes or values are not so
     */
    MomentSample(double[][] phi, double[] logWeight, double[] desired, List<String> names, int[] prompt) {
        this.names = List.copyOf(names);
        this.desired = desired.clone();
        this.total = phi.length;
        check(phi, logWeight, desired, names, prompt);
        int features = desired.length;
        int[] kept = IntStream.range(0, total)
                .filter(i -> logWeight[i] > Double.NEGATIVE_INFINITY)
                .toArray();
        if (kept.length == 0) {
            throw new InfeasibleConstraintException(
                    "none of the " + total + " texts of the sample has weight: no text satisfies the "
                            + "pointwise constraints; loosen them, or sample more texts or from a model that satisfies them more often");
        }
        this.strata = Strata.of(prompt, kept);
        this.phi = new double[kept.length][];
        this.logWeight = new double[kept.length];
        for (int i = 0; i < kept.length; i++) {
            this.phi[i] = phi[kept[i]].clone();
            this.logWeight[i] = logWeight[kept[i]];
        }
        this.mean = new double[features];
        this.scale = new double[features];
        this.least = new double[features];
        this.most = new double[features];
        this.z = new double[kept.length][features];
        standardise();
    }

    int size() {
        return phi.length;
    }

    int features() {
        return desired.length;
    }

    /** Whether feature {@code f} scores only 0 and 1 here. */
    boolean isBoolean(int f) {
        for (double[] row : phi) if (row[f] != 0 && row[f] != 1) return false;
        return true;
    }

    /** "the sample's 400 texts", or how many of them pointwise constraints leave. */
    String described() {
        return (size() == total
                        ? "the sample's " + total + " texts"
                        : "the " + size() + " texts of " + total + " that satisfy the pointwise constraints")
                + (hasPrompts() ? " of " + strata.size() + " prompts" : "");
    }

    /** Whether there is more than one, so that each alone has to do with its own texts. */
    boolean hasPrompts() {
        return strata.size() > 1;
    }

    /** {@code 'name' (measured 0.01, wanted 0.5)}. */
    String constraint(int f) {
        return "'" + names.get(f) + "' (measured " + number(mean[f]) + ", wanted " + exact(desired[f]) + ")";
    }

    /** A measured value, to four digits. */
    static String number(double value) {
        return rounded(value, 4).toPlainString();
    }

    /** A wanted value, as it was given. */
    static String exact(double value) {
        return rounded(value, 12).toPlainString();
    }

    static BigDecimal rounded(double value, int digits) {
        return new BigDecimal(value).round(new MathContext(digits)).stripTrailingZeros();
    }

    private void standardise() {
        double[] probability = strata.normalized(logWeight);
        for (int f = 0; f < desired.length; f++) {
            double[] values = column(f);
            double[] ofStrata = strata.sums(values, probability);
            mean[f] = strata.mean(ofStrata);
            least[f] = strata.mean(strata.least(values));
            most[f] = strata.mean(strata.greatest(values));
            var squares = new double[size()];
            for (int i = 0; i < size(); i++) squares[i] = Math.pow(values[i] - ofStrata[strata.of(i)], 2);
            double deviation = Math.sqrt(strata.mean(strata.sums(squares, probability)));
            double range = most[f] - least[f];
            // A feature may vary only among texts of no numerical weight; one that never varies keeps z = 0.
            scale[f] = deviation > 1e-12 * range ? deviation : range > 0 ? range : 1;
            for (int i = 0; i < size(); i++) z[i][f] = (phi[i][f] - desired[f]) / scale[f];
        }
    }

    /** (B) one feature of every text that is kept. */
    double[] column(int f) {
        return Arrays.stream(phi).mapToDouble(row -> row[f]).toArray();
    }

    private static void check(double[][] phi, double[] logWeight, double[] desired, List<String> names, int[] prompt) {
        if (phi.length != logWeight.length || phi.length == 0) {
            throw new IllegalArgumentException("phi has " + phi.length + " rows and logWeight " + logWeight.length
                    + " values; wanted one of each for every text of a sample that is not empty");
        }
        if (prompt.length != phi.length) {
            throw new IllegalArgumentException(
                    "there are " + phi.length + " texts and the prompts of " + prompt.length + "; wanted one a text");
        }
        if (desired.length != names.size()) {
            throw new IllegalArgumentException("there are " + desired.length + " desired moments and " + names.size()
                    + " names; wanted one of each a constraint");
        }
        for (int f = 0; f < desired.length; f++) {
            if (!Double.isFinite(desired[f])) {
                throw new IllegalArgumentException(
                        "the desired moment of '" + names.get(f) + "' must be finite, got " + desired[f]);
            }
        }
        for (int i = 0; i < phi.length; i++) {
            if (!(logWeight[i] < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "the log-weight of text " + i + " must be finite or -Infinity, got " + logWeight[i]);
            }
            if (phi[i].length != desired.length) {
                throw new IllegalArgumentException("text " + i + " has " + phi[i].length + " features, wanted "
                        + desired.length + ", one a constraint");
            }
            for (int f = 0; f < desired.length; f++) {
                if (!Double.isFinite(phi[i][f])) {
                    throw new IllegalArgumentException(
                            "feature '" + names.get(f) + "' of text " + i + " must be finite, got " + phi[i][f]);
                }
            }
        }
    }
}
