package io.equipoise.target;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Recognises moments that no reweighting of a sample reaches, and says so in terms of the constraints. */
final class Feasibility {
    /** Energies λ·z, in nats, that only a λ on its way to infinity brings about. */
    private static final double DIVERGING_ENERGY = 5;
    /** By how much, in nats, a converged Newton step may still change energies: on the boundary it is 1 for ever. */
    private static final double SETTLED_ENERGY = 0.5;

    private final MomentSample sample;

    Feasibility(MomentSample sample) {
        this.sample = sample;
    }

    /** Each moment alone: it must lie strictly between the least and the greatest value in the sample. */
    void checkRanges() {
        for (int f = 0; f < sample.features(); f++) {
            double wanted = sample.desired[f];
            boolean isBoolean = sample.isBoolean(f);
            boolean constant = sample.least[f] == sample.most[f];
            boolean everywhere = constant && (sample.most[f] == 0 || sample.most[f] == 1);
            if (isBoolean && everywhere && wanted != sample.most[f]) throw never(f);
            if (wanted < sample.least[f] || wanted > sample.most[f]) {
                throw new InfeasibleConstraintException(
                        "constraint '" + sample.names.get(f) + "': the moment " + MomentSample.exact(wanted)
                                + " is outside what "
                                + (sample.hasPrompts() ? "can be reached prompt by prompt" : "the feature scored")
                                + " on " + sample.described() + ", "
                                + number(sample.least[f]) + " to "
                                + number(sample.most[f]) + " (mean " + number(sample.mean[f])
                                + "); ask for a moment inside that range, or sample more texts");
            }
        }
        checkExtremes();
    }

    private InfeasibleConstraintException never(int f) {
        boolean never = sample.most[f] == 0;
        return new InfeasibleConstraintException("constraint '" + sample.names.get(f) + "': "
                + (never ? "none" : "every one")
                + " of " + sample.described() + " has the feature, but its moment is "
                + MomentSample.exact(sample.desired[f])
                + "; sample more texts, " + (never ? "prompt or fine-tune the base model so that it occurs, " : "")
                + "correct the feature if it should " + (never ? "have occurred" : "not have held")
                + ", or drop the constraint");
    }

    /** Moments at the end of a range: only λ = ±∞ would do. */
    private void checkExtremes() {
        var extremes = IntStream.range(0, sample.features())
                .filter(f -> sample.desired[f] == sample.least[f] || sample.desired[f] == sample.most[f])
                .filter(f -> sample.least[f] < sample.most[f] || sample.isBoolean(f))
                .boxed()
                .toList();
        if (extremes.isEmpty()) return;
        if (!occurTogether(extremes)) {
            throw new InfeasibleConstraintException("the constraints " + listed(extremes)
                    + " contradict each other: each excludes all texts " + "that do not have it exactly, and none of "
                    + sample.described() + " has all of them; drop one, or ask for shares that add up");
        }
        int f = extremes.get(0);
        if (sample.isBoolean(f) && (sample.desired[f] == 0 || sample.desired[f] == 1)) {
            boolean all = sample.desired[f] == 1;
            throw new InfeasibleConstraintException(
                    "constraint '" + sample.names.get(f) + "': the moment " + MomentSample.exact(sample.desired[f])
                            + (all ? " asks that every text has the feature" : " asks that no text has the feature")
                            + ", which no finite λ reaches (measured "
                            + number(sample.mean[f]) + "); make it a pointwise constraint"
                            + (all ? "" : " on the feature's negation (not: true, in Java Feature.not())")
                            + ", or ask for a share between 0 and 1");
        }
        throw new InfeasibleConstraintException("constraint '" + sample.names.get(f) + "': the moment "
                + MomentSample.exact(sample.desired[f]) + " is the "
                + (sample.desired[f] == sample.most[f] ? "greatest" : "least") + " value on "
                + sample.described() + " (mean "
                + number(sample.mean[f]) + "), which no finite λ reaches; ask for a moment strictly inside "
                + number(sample.least[f]) + " to " + number(sample.most[f]));
    }

    /** Whether every prompt has a text with the extreme value of all these features at once. */
    private boolean occurTogether(List<Integer> extremes) {
        var strata = sample.strata;
        var together = new boolean[strata.size()];
        var wanted = new double[sample.features()][];
        for (int f : extremes) {
            double[] values = sample.column(f);
            wanted[f] = sample.desired[f] == sample.most[f] ? strata.greatest(values) : strata.least(values);
        }
        for (int i = 0; i < sample.size(); i++) {
            int s = strata.of(i);
            double[] row = sample.phi[i];
            together[s] |= extremes.stream().allMatch(f -> row[f] == wanted[f][s]);
        }
        for (boolean each : together) if (!each) return false;
        return true;
    }

    /**
     * λ·z &lt; 0 on every text proves that no reweighting has E[z] = 0: λ separates μ̄ from the convex hull. With prompts it is
     * the mean over prompts of their greatest λ·z that does.
     */
    void checkSeparation(Dual at) {
        double magnitude = 0;
        for (int f = 0; f < sample.features(); f++) {
            double largest = 0;
            for (double[] row : sample.z) largest = Math.max(largest, Math.abs(row[f]));
            magnitude += Math.abs(at.lambda[f]) * largest;
        }
        if (at.greatestEnergy < -1e-9 * magnitude) throw contradiction(at);
    }

    /**
     * μ̄ on the hull's boundary: the texts off that face would have to vanish, which the moments approach as λ → ∞. Their
     * share falls by e with each Newton step, so the steps never get shorter however well the moments fit.
     */
    void checkBoundary(Dual at) {
        if (at.leastEnergy > -DIVERGING_ENERGY) return;
        var step = Cholesky.solve(at.covariance(), at.gradient(), 1e-14);
        double[] energy =
                Arrays.stream(sample.z).mapToDouble(row -> Dual.dot(step, row)).toArray();
        if (sample.strata.widest(energy) > SETTLED_ENERGY) throw contradiction(at);
    }

    InfeasibleConstraintException diverged(Dual at, int iterations) {
        return new InfeasibleConstraintException(
                "the constraints " + listed(involved(at.lambda)) + " are not met together after " + iterations
                        + " Newton steps: on " + sample.described()
                        + " the moments are at, or too near, the edge of what is possible; "
                        + "ask for moments nearer to those measured, or sample more texts");
    }

    void checkEffectiveSampleSize(Dual at, double before) {
        if (at.effectiveSampleSize >= MomentMatching.LEAST_EFFECTIVE_SAMPLE_SIZE) return;
        String least = number(MomentMatching.LEAST_EFFECTIVE_SAMPLE_SIZE);
        if (before < MomentMatching.LEAST_EFFECTIVE_SAMPLE_SIZE) {
            throw new InfeasibleConstraintException(
                    "cannot fit the constraints " + listed(involved(at.lambda)) + ": " + sample.described()
                            + " are worth only " + number(before)
                            + " independent ones before any constraint on moments, and at least " + least
                            + " are needed; sample more texts"
                            + (sample.size() < sample.total ? " or loosen the pointwise constraints" : ""));
        }
        throw new InfeasibleConstraintException(
                "the constraints " + listed(involved(at.lambda)) + " are met only with an effective sample size of "
                        + number(at.effectiveSampleSize) + " from " + sample.described()
                        + ", too small to trust (at least " + least
                        + "); sample about " + moreTexts(at) + " texts, or ask for moments nearer to those measured");
    }

    /** Effective sample size grows with the sample; twice the least leaves room. */
    private long moreTexts(Dual at) {
        double factor = 2 * MomentMatching.LEAST_EFFECTIVE_SAMPLE_SIZE / at.effectiveSampleSize;
        double digits = Math.pow(10, Math.floor(Math.log10(sample.total * factor)));
        return Math.round(Math.ceil(sample.total * factor / digits) * digits);
    }

    private InfeasibleConstraintException contradiction(Dual at) {
        var normal = normal(at);
        var involved = involved(normal);
        String bound = bound(normal, involved);
        if (involved.size() == 1) {
            return new InfeasibleConstraintException(
                    "constraint " + listed(involved) + " cannot be met on " + sample.described() + bound
                            + "; ask for a moment nearer to the measured one, or sample more texts");
        }
        return new InfeasibleConstraintException("the constraints " + listed(involved) + " contradict each other on "
                + sample.described() + bound + "; change one of these moments or drop a constraint");
    }

    /**
     * The direction, in units of z, in which μ̄ is beyond the hull: λ is one too, but with all constraints mixed in. From
     * a μ̄ on the boundary a small step along λ leads outside. With prompts, each with a hull of its own, it is λ.
     */
    private double[] normal(Dual at) {
        if (sample.hasPrompts()) return at.lambda.clone();
        var centre = new double[sample.features()];
        var normal = ConvexHull.nearest(sample.z, centre);
        double length = Math.sqrt(Dual.dot(at.lambda, at.lambda));
        if (Dual.dot(normal, normal) < 1e-8) {
            for (int f = 0; f < centre.length; f++) centre[f] = 0.01 * at.lambda[f] / length;
            normal = ConvexHull.nearest(sample.z, centre);
        }
        for (int f = 0; f < normal.length; f++) normal[f] = -normal[f];
        return normal;
    }

    /** The inequality that the sample obeys and the moments break, in the features' units, largest coefficient 1. */
    private String bound(double[] normal, List<Integer> involved) {
        double largest = 0;
        for (int f : involved) largest = Math.max(largest, Math.abs(normal[f] / sample.scale[f]));
        var left = new StringBuilder();
        double wanted = 0;
        var values = new double[sample.size()];
        for (int f : involved) {
            double coefficient = MomentSample.rounded(normal[f] / sample.scale[f] / largest, 3)
                    .doubleValue();
            left.append(left.isEmpty() ? (coefficient < 0 ? "−" : "") : coefficient < 0 ? " − " : " + ");
            if (Math.abs(coefficient) != 1)
                left.append(number(Math.abs(coefficient))).append("·");
            left.append(sample.names.get(f));
            wanted += coefficient * sample.desired[f];
            for (int i = 0; i < values.length; i++) values[i] += coefficient * sample.phi[i][f];
        }
        double most = sample.strata.mean(sample.strata.greatest(values));
        if (wanted < most - 1e-9 * Math.abs(most)) return ""; // lost in rounding the coefficients
        return ": " + left + " is at most " + number(most)
                + (sample.hasPrompts() ? " on average over prompts, whatever follows them" : " in every text")
                + ", while the moments ask for a mean of " + MomentSample.exact(wanted);
    }

    /** The constraints with a noticeable part in a direction. */
    private List<Integer> involved(double[] direction) {
        double largest = 0;
        for (double value : direction) largest = Math.max(largest, Math.abs(value));
        var involved = new ArrayList<Integer>();
        for (int f = 0; f < direction.length; f++) if (Math.abs(direction[f]) >= 0.01 * largest) involved.add(f);
        return involved;
    }

    private String listed(List<Integer> constraints) {
        return String.join(" and ", constraints.stream().map(sample::constraint).toList());
    }

    private static String number(double value) {
        return MomentSample.number(value);
    }
}
