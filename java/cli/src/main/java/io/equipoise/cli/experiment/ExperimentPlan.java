package io.equipoise.cli.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.equipoise.cli.config.ConfigException;
import io.equipoise.files.BoundedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which runs there are: {@code plan.yaml} of the experiments' folder.
 *
 * @param reference the base model's samples that every run's target is found and measured on
 * @param methods what each overrides in a task's configuration, as {@code --set} does
 * @param studies groups of runs
 */
public record ExperimentPlan(Reference reference, Map<String, List<String>> methods, List<Study> studies) {
    /**
     * The base model's samples.
     *
     * @param samples how many
     * @param measured how many of those that p can write KL(p‖π) is measured on, at most
     * @param seed no run's
     */
    public record Reference(int samples, int measured, long seed) {
        public Reference {
            atLeastOne("reference.samples", samples);
            atLeastOne("reference.measured", measured);
        }
    }

    /**
     * Every method on every task.
     *
     * @param tasks names of files in {@code tasks/}, without their ending
     * @param methods with the number of seeds
     * @param batchSizes instead of the task's own, with as many sequences in all; empty for the task's own
     */
    public record Study(List<String> tasks, Map<String, Integer> methods, List<Integer> batchSizes) {
        public Study {
            tasks = List.copyOf(tasks);
            batchSizes = List.copyOf(batchSizes);
            for (String task : tasks) {
                // Users name tasks by their numbers.
                if (!task.matches("\\d{1,4}-.+")) {
                    throw new ConfigException(
                            "a task's name begins with its number, such as 01-rare-word, got '" + task + "'");
                }
            }
            methods.forEach((method, seeds) -> atLeastOne("the seeds of " + method, seeds));
            for (int size : batchSizes) atLeastOne("a batch size", size);
        }
    }

    private static final YAMLMapper YAML = YAMLMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .propertyNamingStrategy(PropertyNamingStrategies.LOWER_CAMEL_CASE)
            .build();

    public ExperimentPlan {
        studies = List.copyOf(studies);
        for (var study : studies) {
            for (String method : study.methods().keySet()) {
                if (methods.containsKey(method)) continue;
                throw new ConfigException("a study has the method '" + method + "', which is none of "
                        + String.join(", ", methods.keySet()));
            }
        }
    }

    /** Reads {@code plan.yaml}. */
    public static ExperimentPlan read(Path folder) {
        var file = folder.resolve("plan.yaml");
        if (!Files.exists(file)) {
            throw new ConfigException("no " + file + "; start this in the repository, or give the experiments' folder"
                    + " with --folder");
        }
        var plan = parse(file);
        for (String task : plan.tasks()) {
            if (Files.exists(folder.resolve("tasks").resolve(task + ".yaml"))) continue;
            throw new ConfigException(file + " has the task '" + task + "', but there is no tasks/" + task + ".yaml");
        }
        return plan;
    }

    private static ExperimentPlan parse(Path file) {
        try {
            return YAML.readValue(BoundedFile.text(file, BoundedFile.LARGEST_TEXT), ExperimentPlan.class);
        } catch (ValueInstantiationException e) {
            throw new ConfigException(file + ": " + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
            throw new ConfigException(file + line + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ConfigException("can't read " + file + ": " + e.getMessage() + "; wanted YAML in UTF-8", e);
        }
    }

    private static void atLeastOne(String what, int value) {
        if (value < 1) throw new ConfigException(what + " must be >= 1, got " + value);
    }

    /** The runs, one seed after the other, so that early results are about everything. */
    public List<Experiment> experiments() {
        var list = new ArrayList<Experiment>();
        int seeds = studies.stream()
                .flatMap(study -> study.methods().values().stream())
                .mapToInt(Integer::intValue)
                .max()
                .orElse(0);
        for (int seed = 0; seed < seeds; seed++) {
            for (var study : studies) {
                for (String task : study.tasks()) {
                    for (var method : study.methods().entrySet()) {
                        if (seed >= method.getValue()) continue;
                        add(list, study, task, method.getKey(), seed);
                    }
                }
            }
        }
        // Studies may share runs.
        return list.stream().distinct().toList();
    }

    private void add(List<Experiment> list, Study study, String task, String method, int seed) {
        var overrides = methods.getOrDefault(method, List.of());
        if (study.batchSizes().isEmpty()) list.add(new Experiment(task, method, seed, 0, overrides));
        for (int size : study.batchSizes()) list.add(new Experiment(task, method, seed, size, overrides));
    }

    /** Every task once, in the order of the studies. */
    public List<String> tasks() {
        return studies.stream()
                .flatMap(study -> study.tasks().stream())
                .distinct()
                .toList();
    }
}
