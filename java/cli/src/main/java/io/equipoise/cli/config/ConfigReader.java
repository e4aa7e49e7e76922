package io.equipoise.cli.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.InvalidInputException;
import io.equipoise.model.Precision;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Feature;
import io.equipoise.target.Features;
import io.equipoise.target.Suggestion;
import io.equipoise.training.TrainingConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Judges a {@link ConfigSource}: nothing unknown, nothing of the wrong type, nothing impossible. */
public final class ConfigReader {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();
    private static final List<String> KEYS = List.of(
            "model",
            "precision",
            "constraints",
            "training",
            "evaluation",
            "output",
            "checkpointEvery",
            "keepLast",
            "keepBest");
    private static final List<String> EVALUATION_KEYS =
            List.of("baseSamples", "policySamples", "every", "seed", "texts");
    private static final List<String> PROMPT_KEYS = List.of("prompts", "promptInFeatures");
    private static final List<String> WISHES = List.of("moment", "pointwise");
    /** What isn't an option of the feature's. */
    private static final List<String> OF_ALL_CONSTRAINTS = List.of("name", "feature", "not", "moment", "pointwise");

    private ConfigReader() {}

    /** @throws ConfigException that names the line and says what was wanted */
    public static RunConfig read(ConfigSource source) {
        var root = source.root().allow(KEYS);
        var training = training(root.section("training"));
        var prompts = prompts(root.section("training"), training);
        var evaluation = evaluation(root.section("evaluation"), training.seed());
        Optional<Path> output = root.has("output") ? Optional.of(root.path("output")) : Optional.empty();
        try {
            return new RunConfig(
                    stem(source.name()),
                    model(root),
                    precision(root),
                    constraints(root),
                    training,
                    prompts,
                    evaluation,
                    output,
                    root.whole("checkpointEvery", 50),
                    root.whole("keepLast", 2),
                    !root.has("keepBest") || root.flag("keepBest"));
        } catch (ConfigException e) {
            throw e;
        } catch (InvalidInputException e) {
            throw root.error(keyIn(e, "/checkpointEvery"), e);
        }
    }

    private static String stem(String name) {
        String file = String.valueOf(Path.of(name).getFileName());
        return file.replaceFirst("\\.ya?ml$", "");
    }

    private static String model(Section root) {
        var folder = root.resolved("model");
        return root.scalar("model").equals(RunConfig.EMBEDDED) ? RunConfig.EMBEDDED : folder.toString();
    }

    private static Precision precision(Section root) {
        if (!root.has("precision")) return Precision.F32;
        root.check("precision", Precision.class);
        return Precision.valueOf(root.text("precision").toUpperCase(Locale.ROOT));
    }

    private static List<ConstraintConfig> constraints(Section root) {
        var constraints = new ArrayList<ConstraintConfig>();
        var names = new HashSet<String>();
        for (var section : root.sections("constraints")) {
            var constraint = constraint(section);
            if (!names.add(constraint.name())) {
                throw section.error("name", "two constraints are called '" + constraint.name() + "'");
            }
            constraints.add(constraint);
        }
        if (constraints.isEmpty()) throw root.error("constraints", "there must be at least one constraint");
        return constraints;
    }

    private static ConstraintConfig constraint(Section section) {
        String name = section.scalar("name");
        String kind = section.scalar("feature");
        boolean negated = section.has("not") && section.flag("not");
        boolean pointwise = section.has("pointwise") && section.flag("pointwise");
        var options = new LinkedHashMap<String, String>();
        for (var field : section.node().properties()) {
            String key = field.getKey();
            if (OF_ALL_CONSTRAINTS.contains(key)) continue;
            options.put(key, section.scalar(key));
        }
        if (pointwise == section.has("moment")) throw notOneWish(section, name, options.keySet(), pointwise);
        if (kind.equals("words") && options.containsKey("file")) {
            options.put("file", section.resolved("file").toString());
        }
        var constraint =
                new ConstraintConfig(name, kind, options, negated, pointwise, pointwise ? 1 : section.number("moment"));
        Feature feature;
        try {
            feature = Features.create(kind, constraint.options());
        } catch (InvalidInputException e) {
            throw section.error(placeOf(section, e), e);
        }
        if (negated && !feature.isBoolean()) {
            throw section.error(
                    "not",
                    "'not' is for features that a text has or hasn't, and " + kind + " is a number; leave it out");
        }
        if (!pointwise && feature.isBoolean()) requireShare(section, constraint);
        try {
            constraint.constraint();
        } catch (InvalidInputException e) {
            throw section.error("moment", e);
        }
        return constraint;
    }

    private static ConfigException notOneWish(Section section, String name, Set<String> options, boolean both) {
        String guess = options.stream()
                .map(key -> Suggestion.among(key, WISHES))
                .filter(guessed -> guessed.startsWith("did you mean"))
                .findFirst()
                .map(guessed -> "; " + guessed)
                .orElse("");
        if (!both && section.has("pointwise")) {
            guess = "; pointwise: false is no wish: to have the feature in no text write not: true and pointwise: true";
        }
        return section.error(
                "",
                "constraint '" + name + "' needs either moment: 0.5 (half of the texts) or pointwise: true (all),"
                        + (both ? " not both" : " it has neither") + guess);
    }

    /** No target has none or all of the texts as a mean: such a wish is about every text, and there is a way to write it. */
    private static void requireShare(Section section, ConstraintConfig constraint) {
        if (constraint.moment() != 0 && constraint.moment() != 1) return;
        boolean wanted = constraint.moment() == 1;
        boolean not = constraint.negated() == wanted;
        throw section.error(
                "moment",
                "constraint '" + constraint.name() + "': the moment " + (wanted ? 1 : 0) + " asks that "
                        + (wanted ? "every" : "no") + " text has "
                        + (constraint.negated() ? "the feature's negation" : "the feature")
                        + ", a moment is a share between; instead of it write "
                        + (not ? "not: true and pointwise: true" : "pointwise: true")
                        + (constraint.negated() && !not ? ", and leave out not: true" : ""));
    }

    /** The key, or the item under one, that a message about a feature quotes, for the line. */
    private static String placeOf(Section section, InvalidInputException e) {
        String message = String.valueOf(e.getMessage());
        for (var field : section.node().properties()) {
            if (OF_ALL_CONSTRAINTS.contains(field.getKey())) continue;
            var items = section.items(field.getKey());
            for (int i = 0; i < items.size(); i++) {
                if (!message.contains("\"" + items.get(i) + "\"")) continue;
                return field.getValue().isArray() ? field.getKey() + "/" + i : field.getKey();
            }
        }
        for (var field : section.node().properties()) {
            if (message.contains("'" + field.getKey() + "'")) return field.getKey();
        }
        return "feature";
    }

    private static TrainingConfig training(Section section) {
        check(section, TrainingConfig.class, PROMPT_KEYS);
        try {
            return JSON.treeToValue(section.node().deepCopy().remove(PROMPT_KEYS), TrainingConfig.class);
        } catch (JsonProcessingException e) {
            if (e.getCause() instanceof InvalidInputException cause) throw section.error(keyIn(cause, ""), cause);
            throw section.error("", new InvalidInputException(e.getOriginalMessage(), e));
        }
    }

    /** Read now, so that what is wrong with the file shows before any model is loaded. */
    private static Optional<PromptConfig> prompts(Section section, TrainingConfig training) {
        boolean inFeatures = section.has("promptInFeatures") && section.flag("promptInFeatures");
        if (!section.has("prompts")) {
            if (inFeatures)
                throw section.error("promptInFeatures", "'promptInFeatures' needs 'prompts', the file of them");
            return Optional.empty();
        }
        var file = section.resolved("prompts");
        int count;
        try {
            count = Prompts.read(file).size();
        } catch (InvalidInputException e) {
            throw section.error("prompts", e);
        }
        try {
            training.requirePossible(count);
        } catch (InvalidInputException e) {
            throw section.error(keyIn(e, "prompts"), e);
        }
        return Optional.of(new PromptConfig(file, inFeatures));
    }

    /** Every key a component of the record or one of {@code others}, every value of its type. */
    private static void check(Section section, Class<?> record, List<String> others) {
        var components = record.getRecordComponents();
        var keys = new ArrayList<>(others);
        for (var component : components) keys.add(component.getName());
        section.allow(keys);
        for (var component : components) {
            String key = component.getName();
            if (!section.has(key)) continue;
            if (component.getType().isRecord()) check(section.section(key), component.getType(), List.of());
            else section.check(key, component.getType());
        }
    }

    private static EvaluationConfig evaluation(Section section, long trainingSeed) {
        section.allow(EVALUATION_KEYS);
        try {
            return new EvaluationConfig(
                    section.whole("baseSamples", 4096),
                    section.whole("policySamples", 2000),
                    section.whole("every", 0),
                    section.whole("seed", trainingSeed + 1),
                    section.whole("texts", 10));
        } catch (ConfigException e) {
            throw e;
        } catch (InvalidInputException e) {
            throw section.error(keyIn(e, ""), e);
        }
    }

    /** Messages of records begin with the name of what is wrong. */
    private static String keyIn(InvalidInputException e, String otherwise) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf(' ');
        String word = end < 0 ? "" : message.substring(0, end).replace('.', '/');
        return word.matches("[A-Za-z0-9/]+") ? word : otherwise;
    }
}
