package io.equipoise.target;

import io.equipoise.InvalidInputException;

/**
 * One wish about the population of texts.
 *
 * @param name how messages, logs and reports call it
 * @param feature φ
 * @param moment μ̄, the desired mean of φ; 1 of a pointwise constraint
 * @param pointwise whether every single text must have φ = 1, rather than the mean be {@code moment}; φ must then score 0
 *     or 1
 */
public record Constraint(String name, Feature feature, double moment, boolean pointwise) {
    public Constraint {
        if (name.isBlank())
            throw new InvalidInputException("a constraint needs a name that is not blank, got \"" + name + '"');
        if (pointwise && moment != 1) {
            throw new InvalidInputException(
                    "constraint '" + name + "': a pointwise constraint has moment 1, got " + moment
                            + "; for none of the texts make it pointwise on Feature.not(), or use Constraint.moment for a share between");
        }
        if (!Double.isFinite(moment)) {
            throw new InvalidInputException("constraint '" + name + "': the moment must be finite, got " + moment
                    + "; give the mean that the feature should have");
        }
        if (feature.isBoolean() && !(moment >= 0 && moment <= 1)) {
            throw new InvalidInputException(
                    "constraint '" + name + "': the moment of a boolean feature must be in [0, 1], got " + moment
                            + "; give the share of texts that should have it, 0.5 for half");
        }
    }

    /** Every text must have φ = 1. */
    public static Constraint pointwise(String name, Feature feature) {
        return new Constraint(name, feature, 1, true);
    }

    /** The mean of φ over the population must be {@code moment}: of a boolean feature, the share of texts that have it. */
    public static Constraint moment(String name, Feature feature, double moment) {
        return new Constraint(name, feature, moment, false);
    }
}
