package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.cli.config.ConfigReader;
import io.equipoise.cli.config.ConfigSource;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.decoding.ImportanceWeights;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options with which {@code sample} samples from a configuration's target instead of from a model. */
final class TargetOptions {
    /** How texts of the proposal become texts of the target. */
    enum Method {
        QUASI_REJECTION("quasi-rejection"),
        METROPOLIS_HASTINGS("metropolis-hastings");

        private final String word;

        Method(String word) {
            this.word = word;
        }

        /** As users write it. */
        @Override
        public String toString() {
            return word;
        }
    }

    private static final double USUAL_TVD = 0.05;
    private static final int USUAL_BURN_IN = 100;
    private static final int USUAL_THINNING = 10;

    @Option(
            names = "--target",
            paramLabel = "CONFIG.yaml",
            required = true,
            description = "Sample from the target of this configuration, without training.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description = "Take lambda from this run's last checkpoint; otherwise it is found anew.")
    private Optional<Path> run = Optional.empty();

    @ArgGroup(exclusive = false)
    private OverrideOption overrides = new OverrideOption();

    @Option(
            names = "--policy",
            paramLabel = "DIR",
            description = "The proposal: a model folder, a checkpoint or a run folder; by default the base model.")
    private Optional<String> policy = Optional.empty();

    @Option(
            names = "--method",
            paramLabel = "NAME",
            description = "quasi-rejection, the default, or metropolis-hastings.")
    private String method = Method.QUASI_REJECTION.word;

    @Option(names = "--beta", paramLabel = "B", description = "Accept with probability min(1, P/(B q)).")
    private Optional<Double> beta = Optional.empty();

    @Option(names = "--acceptance", paramLabel = "A", description = "The beta that accepts this share of texts.")
    private Optional<Double> acceptance = Optional.empty();

    @Option(
            names = "--tvd",
            paramLabel = "D",
            description = "The least beta whose texts are so near to the target in total variation (0.05).")
    private Optional<Double> tvd = Optional.empty();

    @Option(
            names = "--burn-in",
            paramLabel = "N",
            description = "Metropolis-Hastings' steps before the first text (" + USUAL_BURN_IN + ").")
    private Optional<Integer> burnIn = Optional.empty();

    @Option(
            names = "--thinning",
            paramLabel = "N",
            description = "Metropolis-Hastings' steps from each text to the next (" + USUAL_THINNING + ").")
    private Optional<Integer> thinning = Optional.empty();

    @Option(
            names = "--max-proposals",
            paramLabel = "N",
            description = "Give up after so many texts of the proposal (100000).")
    private long maxProposals = 100_000;

    boolean isGiven() {
        return config.isPresent();
    }

    /**
     * The configuration, overridden.
     *
     * @param seed instead of the evaluation's
     */
    RunConfig config(Optional<Long> seed) {
        var source = ConfigSource.read(config.orElseThrow());
        overrides.apply(source);
        seed.ifPresent(value -> source.override("evaluation.seed=" + value));
        return ConfigReader.read(source);
    }

    Optional<Path> run() {
        return run;
    }

    Optional<String> policy() {
        return policy;
    }

    /** How texts are accepted, once {@link #check} has passed. */
    Method method() {
        return method.equals(Method.QUASI_REJECTION.word) ? Method.QUASI_REJECTION : Method.METROPOLIS_HASTINGS;
    }

    /** @throws InvalidInputException for what can't be, before any work is done */
    void check() {
        if (!method.equals(method().word)) {
            throw new InvalidInputException(
                    "--method must be quasi-rejection or metropolis-hastings, got '" + method + "'");
        }
        if (Stream.of(beta, acceptance, tvd).filter(Optional::isPresent).count() > 1) {
            throw new InvalidInputException(
                    "--beta, --acceptance and --tvd are mutually exclusive: each says how much is accepted; give one");
        }
        boolean chain = method() == Method.METROPOLIS_HASTINGS;
        if (chain && (beta.isPresent() || acceptance.isPresent() || tvd.isPresent())) {
            throw new InvalidInputException(
                    "--beta, --acceptance and --tvd are quasi-rejection's, not " + method + "'s; leave them out");
        }
        if (!chain && (burnIn.isPresent() || thinning.isPresent())) {
            throw new InvalidInputException(
                    "--burn-in and --thinning are metropolis-hastings', not " + method + "'s; leave them out");
        }
        check("--beta", beta, value -> value > 0 && value < Double.POSITIVE_INFINITY, "> 0 and finite");
        check("--acceptance", acceptance, value -> value > 0 && value <= 1, "in (0, 1]");
        check("--tvd", tvd, value -> value >= 0 && value < 1, "in [0, 1)");
        check("--burn-in", burnIn, value -> value >= 0, ">= 0");
        check("--thinning", thinning, value -> value >= 1, ">= 1");
        check("--max-proposals", Optional.of(maxProposals), value -> value >= 1, ">= 1");
    }

    private static <T> void check(String option, Optional<T> value, Predicate<T> holds, String wanted) {
        if (value.isEmpty() || holds.test(value.get())) return;
        throw new InvalidInputException(option + " must be " + wanted + ", got " + value.get());
    }

    /** log of the β that was asked for, nats. */
    double logBeta(ImportanceWeights weights) {
        if (beta.isPresent()) return Math.log(beta.get());
        if (acceptance.isPresent()) return weights.logBetaForAcceptance(acceptance.get());
        return weights.logBetaForTvd(tvd.orElse(USUAL_TVD));
    }

    int burnIn() {
        return burnIn.orElse(USUAL_BURN_IN);
    }

    int thinning() {
        return thinning.orElse(USUAL_THINNING);
    }

    long maxProposals() {
        return maxProposals;
    }
}
