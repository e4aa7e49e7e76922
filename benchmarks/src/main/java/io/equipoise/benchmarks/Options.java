package io.equipoise.benchmarks;

import io.equipoise.model.Precision;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Options of a main class, each with a value: {@code --rows 64}. */
record Options(Map<String, String> values) {
    static Options parse(String... args) {
        var values = new HashMap<String, String>();
        for (int i = 0; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                throw new IllegalArgumentException("wanted --option value, got " + args[i]);
            }
            values.put(args[i].substring(2), args[i + 1]);
        }
        return new Options(values);
    }

    int number(String name, int otherwise) {
        var value = values.get(name);
        return value == null ? otherwise : Integer.parseInt(value);
    }

    String text(String name) {
        var value = values.get(name);
        if (value == null) throw new IllegalArgumentException("--" + name + " is missing");
        return value;
    }

    /** f32, or as {@code --precision} says. */
    Precision precision() {
        return Precision.valueOf(values.getOrDefault("precision", "f32").toUpperCase(Locale.ROOT));
    }

    /** A folder to write to. */
    Optional<Path> folder(String name) {
        return Optional.ofNullable(values.get(name)).map(Path::of);
    }
}
