package io.equipoise.cli.config;

import io.equipoise.target.Constraint;
import io.equipoise.target.Features;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A constraint as it is written: kind of feature and its options beside the wish.
 *
 * @param negated whether it is about texts that haven't the feature
 * @param moment the desired mean; 1 of a pointwise constraint
 */
public record ConstraintConfig(
        String name, String feature, Map<String, String> options, boolean negated, boolean pointwise, double moment) {
    public ConstraintConfig {
        options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    }

    /** The engine's own. */
    public Constraint constraint() {
        var created = Features.create(feature, options);
        return new Constraint(name, negated ? created.not() : created, moment, pointwise);
    }
}
