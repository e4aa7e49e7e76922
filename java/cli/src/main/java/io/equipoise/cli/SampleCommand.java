package io.equipoise.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.equipoise.InvalidInputException;
import io.equipoise.kernels.Truncation;
import io.equipoise.model.ModelHub;
import io.equipoise.model.Precision;
import io.equipoise.model.PretrainedModel;
import io.equipoise.sampling.PromptFile;
import io.equipoise.sampling.Prompts;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sample}. */
@picocli.CommandLine.Command(
        name = "sample",
        description = "Print texts that a model writes, or that a target has, one a line.")
final class SampleCommand extends Command {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "A model folder, a checkpoint, a run folder, or the word embedded.")
    private Optional<String> model = Optional.empty();

    @Option(names = "-n", paramLabel = "N", defaultValue = "10", description = "How many (${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = "--prompt",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "How each text begins; the model's BOS token comes before it.")
    private String prompt = "";

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "1",
            description = "${DEFAULT-VALUE}; 0 takes the likeliest token each time.")
    private double temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "0, the default, keeps all.")
    private int topK;

    @Option(names = "--top-p", paramLabel = "P", defaultValue = "1", description = "1, the default, keeps all.")
    private double topP;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "The most tokens generated a text; by default 40 or what the model's context has room for.")
    private Optional<Integer> maxTokens = Optional.empty();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "By default 0; with --target, evaluation.seed of the configuration.")
    private Optional<Long> seed = Optional.empty();

    @ArgGroup(exclusive = false, heading = "Sampling from a target:%n")
    private TargetOptions target = new TargetOptions();

    @Mixin
    private DeviceOption device = new DeviceOption();

    private static final Logger LOG = LoggerFactory.getLogger(SampleCommand.class);
    private static final int USUAL_TOKENS = 40;

    SampleCommand(Console console) {
        super(console);
    }

    @Override
    void run() throws Exception {
        if (count < 1) throw new InvalidInputException("-n must be >= 1, got " + count);
        if (target.isGiven()) sampleTarget();
        else sampleModel();
    }

    private void sampleTarget() throws IOException {
        if (model.isPresent()) {
            throw new InvalidInputException("--target and --model don't go together: the configuration names the"
                    + " base model; the model that proposes texts is --policy");
        }
        if (!prompt.isEmpty() || topK != 0 || topP != 1 || maxTokens.isPresent()) {
            throw new InvalidInputException("--prompt, --top-k, --top-p and --max-tokens don't go with --target, which"
                    + " is a distribution over whole texts; their length is --set training.maxTokens=N");
        }
        if (temperature == 0) {
            throw new InvalidInputException("--temperature 0 writes one text only, a target has many; with --target"
                    + " the temperature is the proposal's and must be > 0");
        }
        new TargetSampling(target, count, seed, temperature, device.choose(), console()).run();
    }

    private void sampleModel() throws IOException {
        var folder = ModelFolder.of(model.orElseThrow(
                () -> new InvalidInputException("nothing to sample from; give --model DIR, or --target CONFIG.yaml")));
        var truncation = new Truncation(topK, topP);
        if (PromptFile.endsInSpace(prompt)) LOG.warn("--prompt ends{}", PromptFile.IN_A_SPACE);
        var chosen = device.choose();
        try (var loaded = ModelHub.load(folder, Precision.F32, chosen)) {
            int[] start = prompt.isEmpty() ? new int[0] : Prompts.start(prompt, loaded);
            int room = loaded.model().config().contextLength() - Math.max(1, start.length);
            int tokens = maxTokens.orElse(Math.max(1, Math.min(USUAL_TOKENS, room)));
            var config = temperature == 0
                    ? SamplerConfig.greedy(tokens, seed.orElse(0L))
                    : new SamplerConfig(temperature, tokens, truncation, false, 256, seed.orElse(0L));
            var prompts = new int[count][];
            Arrays.fill(prompts, start);
            var sequences = new Sampler(config).sample(loaded.model(), prompts, 0);
            var texts = loaded.tokenizer().decode(sequences.generated());
            double[] logProbs = sequences.logProb();
            var json = JsonNodeFactory.instance.objectNode();
            json.set("bos", token(loaded, loaded.model().config().bosToken()));
            var ends = json.putArray("eos");
            for (int end : loaded.model().config().eosTokens().ids()) ends.add(token(loaded, end));
            var list = json.putArray("samples");
            for (int i = 0; i < texts.size(); i++) {
                console().result(oneLine(prompt + texts.get(i)));
                var node = list.addObject().put("text", prompt + texts.get(i));
                StepJson.put(node, "logProb", logProbs[i]);
                node.put("tokens", sequences.tokenLogProb()[i].length);
            }
            console().result(json);
        }
    }

    private static ObjectNode token(PretrainedModel model, int token) {
        String text = model.tokenizer().decode(new int[] {token}, false);
        return JsonNodeFactory.instance.objectNode().put("token", token).put("text", text);
    }

    /** Line ends escaped, so that a text is a line. */
    static String oneLine(String text) {
        return text.replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n");
    }
}
