package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.metrics.LogSumExp;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.InfeasibleConstraintException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Aims beyond the desired moments by as much as the policy falls short of them: after every check the moments aimed at move
 * by a share of desired − measured (integral control), and λ is found anew on the samples it was first found on. A policy
 * that can reach the target ends there with an aim that is the target itself; one that can't (too few steps, too small a
 * model) has the desired moments nevertheless. The aim stays within half the way to the most extreme value of the feature.
 */
final class MomentCorrection {
    private static final Logger LOG = LoggerFactory.getLogger(MomentCorrection.class);
    /** How far the aim may go from the desired moment towards the sample's least and greatest values. */
    private static final double FARTHEST = 0.5;

    private final double gain;
    private final EnergyBasedTarget target;
    private final double[][] phi;
    private final double[] least;
    private final double[] greatest;
    private final double[] moments;
    private EnergyBasedTarget aim;

    /**
     * Begins with the target itself.
     *
     * @param gain the share; 0 never moves the aim
     * @param phi (B, F) features of the base model's samples that the target's λ was found on
     */
    MomentCorrection(double gain, EnergyBasedTarget target, double[][] phi) {
        this.gain = gain;
        this.target = target;
        this.phi = phi;
        aim = target;
        moments = target.constraints().stream().mapToDouble(Constraint::moment).toArray();
        least = moments.clone();
        greatest = moments.clone();
        for (double[] row : phi) {
            for (int f = 0; f < row.length; f++) {
                least[f] = Math.min(least[f], row[f]);
                greatest[f] = Math.max(greatest[f], row[f]);
            }
        }
    }

    /** What is trained towards: the target's constraints with other moments. */
    EnergyBasedTarget aim() {
        return aim;
    }

    /** log of the aim's Z over the target's, nats, on the base model's samples. */
    double logZRatio() {
        return aim == target ? 0 : logMeanPotential(aim) - logMeanPotential(target);
    }

    private double logMeanPotential(EnergyBasedTarget each) {
        return LogSumExp.of(each.logPotential(phi)).logMean();
    }

    /** (B) b·exp(λ·φ)/Z of the base model's samples under the aim. */
    double[] worth() {
        double logZ = logMeanPotential(aim);
        return Arrays.stream(aim.logPotential(phi))
                .map(log -> Math.exp(log - logZ))
                .toArray();
    }

    /**
     * Moves the aim.
     *
     * @param measured (F) E_π φ
     * @return whether it moved
     */
    boolean correct(double[] measured) {
        if (gain == 0 || target.constraints().stream().allMatch(Constraint::pointwise)) return false;
        var next = moments.clone();
        for (int f = 0; f < next.length; f++) {
            var constraint = target.constraints().get(f);
            if (constraint.pointwise()) continue;
            double desired = constraint.moment();
            double lowest = desired + FARTHEST * (least[f] - desired);
            double highest = desired + FARTHEST * (greatest[f] - desired);
            next[f] = Math.max(lowest, Math.min(highest, next[f] + gain * (desired - measured[f])));
        }
        if (Arrays.equals(next, moments)) return false;
        try {
            aim = EnergyBasedTarget.fit(aimed(next), phi, new double[phi.length]);
        } catch (InfeasibleConstraintException e) {
            LOG.debug("the aim stays at {}: {}", moments, e.getMessage());
            return false;
        }
        System.arraycopy(next, 0, moments, 0, next.length);
        return true;
    }

    /** The target's constraints with other moments. */
    private List<Constraint> aimed(double[] others) {
        var aimed = new ArrayList<Constraint>();
        for (int f = 0; f < others.length; f++) {
            var constraint = target.constraints().get(f);
            aimed.add(
                    constraint.pointwise()
                            ? constraint
                            : Constraint.moment(constraint.name(), constraint.feature(), others[f]));
        }
        return List.copyOf(aimed);
    }

    /**
     * All of it that changes.
     *
     * @param moved whether the aim has ever been another than the target
     * @param moments (F) aimed at
     * @param lambda (F) the aim's
     */
    record State(boolean moved, double[] moments, double[] lambda) {}

    State state() {
        return new State(aim != target, moments.clone(), aim.lambda());
    }

    /** @throws InvalidInputException if it is of other constraints */
    void restore(State state) {
        if (state.moments().length != moments.length) {
            throw new InvalidInputException("the checkpoint aims at " + state.moments().length
                    + " moments, this run has " + moments.length + " constraints; resume with the same constraints");
        }
        System.arraycopy(state.moments(), 0, moments, 0, moments.length);
        aim = state.moved() ? EnergyBasedTarget.of(aimed(moments), state.lambda()) : target;
    }
}
