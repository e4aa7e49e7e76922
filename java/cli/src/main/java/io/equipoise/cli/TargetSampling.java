package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.InvalidInputException;
import io.equipoise.cli.TargetOptions.Method;
import io.equipoise.cli.config.RunConfig;
import io.equipoise.decoding.ImportanceWeights;
import io.equipoise.decoding.MetropolisHastings;
import io.equipoise.decoding.Proposal;
import io.equipoise.decoding.Proposals;
import io.equipoise.decoding.QuasiRejection;
import io.equipoise.decoding.TargetSample;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Device;
import io.equipoise.model.ModelHub;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Samples from a target: weighs texts of the proposal, tells what is to be expected, and only then samples. */
final class TargetSampling {
    private static final Logger LOG = LoggerFactory.getLogger(TargetSampling.class);

    private final TargetOptions options;
    private final int count;
    private final Optional<Long> seed;
    private final double temperature;
    private final Device device;
    private final Console console;

    /**
     * Sampling as the options say.
     *
     * @param count how many texts
     * @param seed by default the evaluation's
     * @param temperature the proposal's
     * @param device where models are
     */
    TargetSampling(
            TargetOptions options, int count, Optional<Long> seed, double temperature, Device device, Console console) {
        this.options = options;
        this.count = count;
        this.seed = seed;
        this.temperature = temperature;
        this.device = device;
        this.console = console;
    }

    void run() throws IOException {
        long start = System.nanoTime();
        options.check();
        var config = options.config(seed);
        if (config.prompts().isPresent()) {
            throw new InvalidInputException(
                    "--target takes a configuration without prompts, got one with"
                            + " training.prompts, which has a target of its own after every prompt; leave training.prompts out");
        }
        var sampling = sampling(config);
        var target = ConfiguredTarget.of(config, options.run());
        ObjectNode json;
        try (var base = ModelHub.load(ModelFolder.of(config.model()), config.precision(), device)) {
            if (options.policy().isEmpty()) {
                json = sample(config, target, base, base.model(), sampling);
            } else {
                try (var policy = ModelHub.load(ModelFolder.of(options.policy().get()), config.precision(), device)) {
                    ModelFolder.requireSameVocabulary(base, policy);
                    json = sample(config, target, base, policy.model(), sampling);
                }
            }
        }
        json.put("seconds", (System.nanoTime() - start) * 1e-9);
        console.result(json);
    }

    /** As evaluations draw, not as training did: λ knows those texts. */
    private SamplerConfig sampling(RunConfig config) {
        var plain = TrainingRun.sampling(config);
        return new SamplerConfig(
                temperature,
                plain.maxTokens(),
                plain.truncation(),
                plain.fixedLength(),
                plain.batchSize(),
                plain.seed());
    }

    private ObjectNode sample(
            RunConfig config,
            ConfiguredTarget configured,
            PretrainedModel base,
            CausalLanguageModel proposal,
            SamplerConfig sampling) {
        var target = configured.target(base, Prompts.NONE);
        var proposals = new Proposals(base.model(), proposal, base.tokenizer(), target, sampling);
        int weighed = config.evaluation().baseSamples();
        LOG.info("weighing {} texts of the proposal", weighed);
        var weights = ImportanceWeights.of(proposals.draw(weighed, 0));
        var json = JsonNodeFactory.instance.objectNode();
        json.put("method", options.method().toString());
        json.put("seed", sampling.seed());
        json.setAll(WeightsReport.json(weights));
        console.result(WeightsReport.text(weights));
        // From the index on where those weighed end: β was chosen with them.
        var sample = options.method() == Method.QUASI_REJECTION
                ? quasiRejection(proposals, weights, weighed, json)
                : metropolisHastings(proposals, weights, weighed, json);
        json.put("proposals", sample.proposals());
        json.put("acceptanceRate", sample.acceptanceRate());
        moments(configured.constraints(), sample, json.putObject("moments"));
        var list = json.putArray("samples");
        for (var text : sample.texts()) {
            console.result(line(configured.constraints(), text));
            list.add(json(configured.constraints(), text));
        }
        return json;
    }

    private TargetSample quasiRejection(Proposals proposals, ImportanceWeights weights, long first, ObjectNode json) {
        var chosen = weights.at(options.logBeta(weights));
        json.set("estimates", WeightsReport.json(chosen));
        console.result("\n" + WeightsReport.text(chosen) + "\n");
        if (chosen.logBeta() >= weights.logLargest()) {
            LOG.info(String.format(
                    Locale.ROOT,
                    "β %.4g is at least the largest weight P/q of the %d texts weighed: as far as they tell, accepted texts"
                            + " are the target's own; only a text of a larger weight, not met so far, would be written too"
                            + " rarely",
                    Math.exp(chosen.logBeta()),
                    first));
        }
        double expected = count / chosen.acceptance().value();
        if (expected > options.maxProposals()) {
            throw new InvalidInputException(String.format(
                    Locale.ROOT,
                    "at β %.4g one text in %.0f is accepted, so %d take about %.0f texts of the proposal, wanted at most"
                            + " %d; ask for a larger --acceptance or --tvd or a lower --beta, raise --max-proposals, or use"
                            + " a policy trained towards the target as proposal (--policy)",
                    Math.exp(chosen.logBeta()),
                    1 / chosen.acceptance().value(),
                    count,
                    expected,
                    options.maxProposals()));
        }
        return new QuasiRejection(proposals, chosen.logBeta()).sample(count, first, options.maxProposals());
    }

    private TargetSample metropolisHastings(
            Proposals proposals, ImportanceWeights weights, long first, ObjectNode json) {
        var chain = new MetropolisHastings(proposals, options.burnIn(), options.thinning());
        var moving = weights.movingShare();
        double distance = weights.distanceAfter(options.burnIn());
        var estimates = json.putObject("estimates");
        estimates.set("acceptance", WeightsReport.json(moving));
        estimates.put("tvd", distance);
        console.result(String.format(
                Locale.ROOT,
                "%nchain: acceptance %s; after %d steps TVD(p, state) at most %.4f%n",
                WeightsReport.text(moving),
                options.burnIn(),
                distance));
        return chain.sample(count, first, options.maxProposals());
    }

    private static void moments(List<Constraint> constraints, TargetSample sample, ObjectNode json) {
        int texts = sample.texts().size();
        LOG.info(String.format(
                Locale.ROOT,
                "%d texts of the proposal, acceptance rate %.4f",
                sample.proposals(),
                sample.acceptanceRate()));
        for (int f = 0; f < constraints.size(); f++) {
            double sum = 0;
            for (var text : sample.texts()) sum += text.phi()[f];
            var constraint = constraints.get(f);
            json.putObject(constraint.name()).put("sample", sum / texts).put("desired", constraint.moment());
            LOG.info(String.format(
                    Locale.ROOT,
                    "%s: %.4f in these texts, desired %s",
                    constraint.name(),
                    sum / texts,
                    constraint.pointwise() ? "in every text" : constraint.moment()));
        }
    }

    private static String line(List<Constraint> constraints, Proposal text) {
        var line = new StringBuilder("[");
        for (int f = 0; f < constraints.size(); f++) {
            double phi = text.phi()[f];
            line.append(f == 0 ? "" : ", ").append(constraints.get(f).name()).append(' ');
            if (phi == Math.rint(phi)) line.append(Math.round(phi));
            else line.append(String.format(Locale.ROOT, "%.4f", phi));
        }
        return line.append("] ").append(SampleCommand.oneLine(text.text())).toString();
    }

    private static ObjectNode json(List<Constraint> constraints, Proposal text) {
        var node = JsonNodeFactory.instance.objectNode();
        node.put("text", text.text());
        var features = node.putObject("features");
        for (int f = 0; f < constraints.size(); f++)
            features.put(constraints.get(f).name(), text.phi()[f]);
        node.put("logProb", text.logProb());
        node.put("logWeight", text.logWeight());
        node.put("tokens", text.generated().length);
        return node;
    }
}
