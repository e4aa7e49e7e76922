package io.equipoise.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.training.BaseSample;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The target that a configuration asks for, with λ from a run's last checkpoint or found anew. */
final class ConfiguredTarget {
    private static final Logger LOG = LoggerFactory.getLogger(ConfiguredTarget.class);

    private final RunConfig config;
    private final List<Constraint> constraints;
    private final Optional<EnergyBasedTarget> known;

    private ConfiguredTarget(RunConfig config, List<Constraint> constraints, Optional<EnergyBasedTarget> known) {
        this.config = config;
        this.constraints = constraints;
        this.known = known;
    }

    /**
     * Reads what there is to read, so that what is wrong with it shows before any model is loaded.
     *
     * @param run a run folder to take λ from
     */
    static ConfiguredTarget of(RunConfig config, Optional<Path> run) throws IOException {
        var constraints = config.engineConstraints();
        if (run.isEmpty()) return new ConfiguredTarget(config, constraints, Optional.empty());
        var target = EnergyBasedTarget.of(constraints, lambda(constraints, RunFolder.lambda(run.get())));
        return new ConfiguredTarget(config, constraints, Optional.of(target));
    }

    private static double[] lambda(List<Constraint> constraints, JsonNode known) {
        var lambda = new double[constraints.size()];
        for (int f = 0; f < lambda.length; f++) {
            String name = constraints.get(f).name();
            if (!known.path(name).isNumber()) {
                throw new ConfigException("the run has no lambda for the constraint '" + name
                        + "'; give the configuration that it was made with");
            }
            lambda[f] = known.path(name).asDouble();
        }
        return lambda;
    }

    List<Constraint> constraints() {
        return constraints;
    }

    /**
     * The target; where no run gave λ, as training finds it: with the same seed on the same samples.
     *
     * @param base the configuration's model
     */
    EnergyBasedTarget target(PretrainedModel base, Prompts prompts) {
        return known.orElseGet(() -> {
            LOG.info("sampling {} texts to find the target", config.training().momentSamples());
            return BaseSample.target(base, constraints, config.training(), prompts);
        });
    }
}
