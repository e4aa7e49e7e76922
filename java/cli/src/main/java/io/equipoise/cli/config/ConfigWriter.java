package io.equipoise.cli.config;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.Locale;

/** Writes a configuration with every default spelt out; {@link ConfigReader} reads it back as the same. */
public final class ConfigWriter {
    private static final YAMLMapper YAML = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .disable(YAMLGenerator.Feature.SPLIT_LINES)
            .addModule(new SimpleModule().addSerializer(new LowerCase()))
            .build();

    private ConfigWriter() {}

    public static String write(RunConfig config) {
        var root = YAML.createObjectNode();
        root.put("model", config.model());
        root.put("precision", config.precision().name().toLowerCase(Locale.ROOT));
        var constraints = root.putArray("constraints");
        for (var constraint : config.constraints()) {
            var node = constraints.addObject();
            node.put("name", constraint.name());
            node.put("feature", constraint.feature());
            constraint.options().forEach(node::put);
            if (constraint.negated()) node.put("not", true);
            if (constraint.pointwise()) node.put("pointwise", true);
            else node.put("moment", constraint.moment());
        }
        ObjectNode training = YAML.valueToTree(config.training());
        config.prompts().ifPresent(prompts -> {
            training.put("prompts", prompts.file().toString());
            training.put("promptInFeatures", prompts.inFeatures());
        });
        root.set("training", training);
        root.set("evaluation", YAML.valueToTree(config.evaluation()));
        config.output().ifPresent(folder -> root.put("output", folder.toString()));
        root.put("checkpointEvery", config.checkpointEvery());
        root.put("keepLast", config.keepLast());
        root.put("keepBest", config.keepBest());
        try {
            return YAML.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values could not be written", e);
        }
    }

    /** Enum constants as users write them. */
    @SuppressWarnings("rawtypes")
    private static final class LowerCase extends StdSerializer<Enum> {
        private static final long serialVersionUID = 1;

        LowerCase() {
            super(Enum.class);
        }

        @Override
        public void serialize(Enum value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            generator.writeString(value.name().toLowerCase(Locale.ROOT));
        }
    }
}
