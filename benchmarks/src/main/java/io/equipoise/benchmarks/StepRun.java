package io.equipoise.benchmarks;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.ModelHub;
import io.equipoise.sampling.Sequences;
import io.equipoise.training.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Prints a JSON line a step: seconds by phase, peak memory and what was computed. The first step does less than the others
 * and belongs in no result.
 *
 * <pre>--model FOLDER --batch 64 --micro-batch 32 --new-tokens 39 --precision f32 --steps 4 [--check FOLDER]</pre>
 *
 * With {@code --check} there are two steps, and the folder gets what is needed to compute the second again: the policy
 * before it, the tokens of both steps and of the target's fit, the second's line and log π of its
 * sequences.
 */
public final class StepRun {
    private static final JsonMapper JSON = new JsonMapper();

    private StepRun() {}

    public static void main(String[] args) throws IOException {
        var options = Options.parse(args);
        var model = Path.of(options.text("model"));
        var workload = new TrainingRun.Workload(
                model,
                options.number("batch", 64),
                options.number("micro-batch", 32),
                options.number("new-tokens", 39),
                options.precision());
        var check = options.folder("check");
        try (var run = new TrainingRun(workload)) {
            if (check.isPresent()) {
                check(run, model, check.get(), workload.microBatch());
                return;
            }
            for (int k = 0; k < options.number("steps", 4); k++) print(run.step());
        }
    }

    private static String print(Step step) throws IOException {
        var line = new LinkedHashMap<String, Object>();
        line.put("step", step.step());
        line.put("seconds", step.seconds());
        line.put("tokens", step.tokens());
        line.put("peakBytes", ProcessMemory.peak());
        line.putAll(numbers(step));
        String json = JSON.writeValueAsString(line);
        System.out.println(json);
        return json;
    }

    private static Map<String, Double> numbers(Step step) {
        return Map.of("logZ", step.logZ(), "loss", step.loss(), "gradientNorm", step.gradientNorm());
    }

    private static void check(TrainingRun run, Path model, Path folder, int microBatch) throws IOException {
        var dump = Dump.to(folder);
        dump.write("fitTokens", run.generated());
        print(run.step());
        dump.write("firstTokens", run.generated());
        ModelHub.save(run.policy(), model, folder.resolve("policy"));
        try (var policy = run.policy().copy()) {
            Files.writeString(folder.resolve("step.json"), print(run.step()));
            dump.write("tokens", run.generated());
            dump.write("logPolicy", logProb(run.generated(), policy, microBatch));
        }
    }

    private static double[] logProb(List<int[]> generated, CausalLanguageModel policy, int microBatch) {
        var tokens = new int[generated.size()][];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = new int[generated.get(i).length + 1];
            tokens[i][0] = policy.config().bosToken();
            System.arraycopy(generated.get(i), 0, tokens[i], 1, tokens[i].length - 1);
        }
        var promptLength = new int[tokens.length];
        Arrays.fill(promptLength, 1);
        return Sequences.sum(policy.tokenLogProbs(tokens, promptLength, microBatch));
    }
}
