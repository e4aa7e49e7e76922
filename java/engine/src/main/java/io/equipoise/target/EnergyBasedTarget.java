package io.equipoise.target;

import io.equipoise.InvalidInputException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * The target P(x) = a(x)·b(x)·exp(λ·φ(x)): base model a, b = 1 where every pointwise constraint holds and 0 elsewhere, λ
 * such that p = P/Z has the desired moments. Of all distributions that satisfy the constraints, p is the one with the
 * least KL(p‖a) (Khalifa, Elsahar, Dymetman, ICLR 2021, arXiv 2012.11635).
 */
public final class EnergyBasedTarget {
    private final List<Constraint> constraints;
    private final double[] lambda;
    private final Optional<MomentMatching.Solution> solution;

    private EnergyBasedTarget(
            List<Constraint> constraints, double[] lambda, Optional<MomentMatching.Solution> solution) {
        this.constraints = List.copyOf(constraints);
        this.lambda = lambda.clone();
        this.solution = solution;
    }

    /**
     * The target with known λ, as from a checkpoint.
     *
     * @param constraints F of them, names all different
     * @param lambda (F) finite; 0 for pointwise constraints
     */
    public static EnergyBasedTarget of(List<Constraint> constraints, double[] lambda) {
        check(constraints);
        if (lambda.length != constraints.size()) {
            throw new IllegalArgumentException("lambda has " + lambda.length + " values for " + constraints.size()
                    + " constraints, wanted one each");
        }
        for (int f = 0; f < lambda.length; f++) {
            var constraint = constraints.get(f);
            if (!Double.isFinite(lambda[f]) || (constraint.pointwise() && lambda[f] != 0)) {
                throw new InvalidInputException("lambda of constraint '" + constraint.name() + "' is " + lambda[f]
                        + ", wanted " + (constraint.pointwise() ? "0, because it is pointwise" : "a finite number"));
            }
        }
        return new EnergyBasedTarget(constraints, lambda, Optional.empty());
    }

    /**
     * Finds λ on a cached sample. Texts that break a pointwise constraint get no weight, so that λ is conditional on b = 1.
     *
     * @param constraints F of them, at least one, names all different
     * @param phi (B, F) the sample's features, from {@link FeatureScores#score}
     * @param logWeight (B) log a/q, nats: zeros for a sample of the base model
     * @throws InfeasibleConstraintException if the sample never satisfies the pointwise constraints, or as
     *     {@link MomentMatching#solve}
     */
    public static EnergyBasedTarget fit(List<Constraint> constraints, double[][] phi, double[] logWeight) {
        return fit(constraints, phi, logWeight, new int[phi.length]);
    }

    /**
     * The same on texts that go on from prompts: P(x | c) = a(x | c)·b(x)·exp(λ·φ(x)) for every prompt c, with one λ, and the
     * moments are means over prompts.
     *
     * @param prompt (B) of each text, any numbers
     */
    public static EnergyBasedTarget fit(
            List<Constraint> constraints, double[][] phi, double[] logWeight, int[] prompt) {
        check(constraints);
        if (phi.length != logWeight.length || phi.length == 0) {
            throw new IllegalArgumentException("phi has " + phi.length + " rows and logWeight " + logWeight.length
                    + " values; wanted one of each for every text of a sample that is not empty");
        }
        var conditional = logWeight.clone();
        int satisfied = 0;
        for (int i = 0; i < phi.length; i++) {
            if (!isPossible(constraints, phi[i])) conditional[i] = Double.NEGATIVE_INFINITY;
            if (conditional[i] > Double.NEGATIVE_INFINITY) satisfied++;
        }
        if (satisfied == 0) throw neverSatisfied(constraints, phi, logWeight);

        var distributional = new ArrayList<Integer>();
        for (int f = 0; f < constraints.size(); f++) if (!constraints.get(f).pointwise()) distributional.add(f);
        var lambda = new double[constraints.size()];
        if (distributional.isEmpty()) return new EnergyBasedTarget(constraints, lambda, Optional.empty());
        var columns = new double[phi.length][distributional.size()];
        var desired = new double[distributional.size()];
        var names = new ArrayList<String>();
        for (int k = 0; k < desired.length; k++) {
            int f = distributional.get(k);
            for (int i = 0; i < phi.length; i++) columns[i][k] = phi[i][f];
            desired[k] = constraints.get(f).moment();
            names.add(constraints.get(f).name());
        }
        var solution = MomentMatching.solve(columns, conditional, desired, names, prompt);
        var found = solution.lambda();
        for (int k = 0; k < found.length; k++) lambda[distributional.get(k)] = found[k];
        return new EnergyBasedTarget(constraints, lambda, Optional.of(solution));
    }

    /** The constraints, in the order of features. */
    public List<Constraint> constraints() {
        return constraints;
    }

    /** λ (F), one a constraint; 0 for pointwise ones. */
    public double[] lambda() {
        return lambda.clone();
    }

    /** How λ was found; empty without distributional constraints, and for a target of known λ. */
    public Optional<MomentMatching.Solution> solution() {
        return solution;
    }

    /**
     * log b(x) + λ·φ(x), nats, so that log P(x) = log a(x) + logPotential(φ(x)).
     *
     * @param phi (F) the features of x
     * @return −∞ where a pointwise constraint fails
     */
    public double logPotential(double[] phi) {
        if (!isPossible(constraints, phi)) return Double.NEGATIVE_INFINITY;
        double sum = 0;
        for (int f = 0; f < lambda.length; f++) if (!constraints.get(f).pointwise()) sum += lambda[f] * phi[f];
        return sum;
    }

    /** {@link #logPotential(double[])} of every row of (B, F). */
    public double[] logPotential(double[][] phi) {
        var logPotential = new double[phi.length];
        for (int i = 0; i < phi.length; i++) logPotential[i] = logPotential(phi[i]);
        return logPotential;
    }

    /**
     * What methods that maximise a reward are given for these constraints: r(x) = λ·φ(x) + b(x), b counting only where there
     * are pointwise constraints. With moments alone a·exp(r) is the target itself.
     *
     * @param phi (B, F)
     * @return (B)
     */
    public double[] reward(double[][] phi) {
        boolean filters = constraints.stream().anyMatch(Constraint::pointwise);
        int[] filter = filter(phi);
        var reward = new double[phi.length];
        for (int i = 0; i < phi.length; i++) {
            reward[i] = filters ? filter[i] : 0;
            for (int f = 0; f < lambda.length; f++) reward[i] += lambda[f] * phi[i][f];
        }
        return reward;
    }

    /** b(x) of every row of (B, F): 1 where every pointwise constraint holds, else 0. */
    public int[] filter(double[][] phi) {
        var filter = new int[phi.length];
        for (int i = 0; i < filter.length; i++) filter[i] = isPossible(constraints, phi[i]) ? 1 : 0;
        return filter;
    }

    /** b(x): whether every pointwise constraint holds. */
    private static boolean isPossible(List<Constraint> constraints, double[] phi) {
        if (phi.length != constraints.size()) {
            throw new IllegalArgumentException(
                    "a text has " + phi.length + " features, wanted " + constraints.size() + ", one a constraint");
        }
        boolean possible = true;
        for (int f = 0; f < phi.length; f++) {
            if (!constraints.get(f).pointwise()) continue;
            if (phi[f] != 0 && phi[f] != 1) {
                throw new IllegalArgumentException("the feature of pointwise constraint '"
                        + constraints.get(f).name() + "' must be 0 or 1, got " + phi[f]);
            }
            possible &= phi[f] == 1;
        }
        return possible;
    }

    private static void check(List<Constraint> constraints) {
        if (constraints.isEmpty()) throw new InvalidInputException("a target needs at least one constraint, got none");
        var names = new HashSet<String>();
        for (var constraint : constraints) {
            if (!names.add(constraint.name())) {
                throw new InvalidInputException(
                        "two constraints are called '" + constraint.name() + "'; give each a name of its own");
            }
        }
    }

    private static InfeasibleConstraintException neverSatisfied(
            List<Constraint> constraints, double[][] phi, double[] logWeight) {
        int texts = 0;
        for (double value : logWeight) if (value > Double.NEGATIVE_INFINITY) texts++;
        if (texts == 0)
            return new InfeasibleConstraintException(
                    "none of the sample's " + phi.length + " texts has weight; sample from the base model");
        var measured = new ArrayList<String>();
        for (int f = 0; f < constraints.size(); f++) {
            if (!constraints.get(f).pointwise()) continue;
            int holds = 0;
            for (int i = 0; i < phi.length; i++) {
                if (logWeight[i] > Double.NEGATIVE_INFINITY && phi[i][f] == 1) holds++;
            }
            measured.add("'" + constraints.get(f).name() + "' (" + holds + " of " + texts + ")");
        }
        boolean one = measured.size() == 1;
        return new InfeasibleConstraintException(
                "no text of the sample satisfies the pointwise constraint" + (one ? " " : "s ")
                        + String.join(" and ", measured) + (one ? "" : " together")
                        + "; sample more texts, loosen " + (one ? "it" : "one of them")
                        + ", or start from a prompt or a model with which it occurs");
    }
}
