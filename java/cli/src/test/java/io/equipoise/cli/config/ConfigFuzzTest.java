package io.equipoise.cli.config;

import io.equipoise.fuzz.ByteMutations;
import io.equipoise.fuzz.Fuzzer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFuzzTest {
    private static final String GOOD = """
            model: embedded
            precision: f32
            constraints:
              - name: female
                feature: gender
                is: female
                moment: 0.5
              - {name: sea, feature: words, file: words.txt, moment: 0.1}
              - {name: own, feature: words, words: [one, two], pointwise: true}
              - {name: odd, feature: regex, pattern: '(?i)\\bwar\\b', moment: 1e-2}
            training:
              steps: 5
              batchSize: 8
              objective: gdc
              learningRate: 1e-4
              seed: 3
              onDrift: stop
              objectiveOptions: {}
            evaluation: {baseSamples: 64, texts: 3}
            output: runs/x
            checkpointEvery: 2
            """;
    private static final String PROMPTED = """
            model: "embedded"
            constraints: [{name: female, feature: gender, is: female, moment: 0.5}]
            training: {steps: 1, batchSize: 8, prompts: prompts.txt, promptsPerStep: 2, controlVariates: false}
            """;
    private static final List<String> VALUES = List.of(
            "true",
            "null",
            "~",
            "''",
            "\"\\ud800\"",
            "\"\\0\"",
            "[]",
            "{}",
            "[[[]]]",
            "*a",
            "&a",
            "&a [*a]",
            "!!binary x",
            "!!java.net.URL [x]",
            "|",
            ">",
            "? x",
            "- x",
            "%YAML 9.9",
            "---",
            "...",
            ".nan",
            ".inf",
            "0x10",
            "0o7",
            "<<: *a",
            "1_000",
            "2026-01-01",
            "words.txt",
            "/dev/null",
            "[",
            "(((",
            "female",
            "gdc++",
            "ppo");

    @Test
    void everyConfigurationIsReadOrRefused(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("words.txt"), "sea\nship\n");
        Files.writeString(folder.resolve("prompts.txt"), "She\nHe\n");
        var file = folder.resolve("fuzz.yaml");
        var mutations = new ArrayList<>(ByteMutations.ALL);
        // As often as all the others, which rarely leave YAML.
        for (int i = 0; i < ByteMutations.ALL.size(); i++) mutations.add(ConfigFuzzTest::editLine);
        Fuzzer.run(
                "config",
                List.of(GOOD.getBytes(StandardCharsets.UTF_8), PROMPTED.getBytes(StandardCharsets.UTF_8)),
                mutations,
                input -> ConfigReader.read(source(input, file)),
                ConfigException.class);
    }

    /** From memory, which is faster, where that can be. */
    private static ConfigSource source(byte[] input, Path file) throws IOException {
        try {
            var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(input));
            return ConfigSource.parse(text.toString(), file.toString(), file.resolveSibling(""));
        } catch (CharacterCodingException e) {
            return ConfigSource.read(Files.write(file, input));
        }
    }

    /** One edit of the structure, which YAML has in lines, indentation and what follows a colon. */
    private static byte[] editLine(byte[] input, Random random) {
        var lines = new ArrayList<>(Arrays.asList(new String(input, StandardCharsets.UTF_8).split("\n", -1)));
        int at = random.nextInt(lines.size());
        String line = lines.get(at);
        int colon = line.indexOf(':');
        String value = VALUES.get(random.nextInt(VALUES.size()));
        String number = ByteMutations.EXTREMES.get(random.nextInt(ByteMutations.EXTREMES.size()));
        switch (random.nextInt(9)) {
            case 0 -> lines.remove(at);
            case 1 -> lines.add(random.nextInt(lines.size() + 1), line);
            case 2 -> lines.set(at, " ".repeat(random.nextInt(8)) + line);
            case 3 -> lines.set(at, line.strip());
            case 4 -> lines.set(at, line.substring(0, colon + 1) + " " + value);
            case 5 -> lines.set(at, line.substring(0, colon + 1) + " " + number);
            case 6 -> lines.add(at, value);
            case 7 -> lines.set(at, line.substring(0, colon + 1) + " " + nested(random));
            // Seldom: a bomb takes a hundred times as long as other cases to be recognised.
            default -> lines.add(at, random.nextInt(10) == 0 ? aliases(random) : "x: [" + value + "]");
        }
        return String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
    }

    private static String nested(Random random) {
        int depth = random.nextInt(50) == 0 ? 5000 : random.nextInt(40);
        return random.nextBoolean() ? "[".repeat(depth) + "]".repeat(depth) : "{a: ".repeat(depth) + "}".repeat(depth);
    }

    /** Each level stands for several of the one before. */
    private static String aliases(Random random) {
        var text = new StringBuilder("laughs:\n - &l0 [x]\n");
        int levels = random.nextInt(12);
        for (int i = 1; i < levels; i++) {
            text.append(" - &l%d [".formatted(i))
                    .append("*l%d, ".formatted(i - 1).repeat(1 + random.nextInt(5)))
                    .append("]\n");
        }
        return text.toString();
    }
}
