package io.equipoise.cuda.card;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes the one JSON file of what {@code cuda/on-card} has left in a folder so far.
 *
 * <pre>FOLDER</pre>
 *
 * <ul>
 *   <li>{@code environment}: lines of {@code key=value}
 *   <li>{@code status}: a line a part, {@code name status exitCode seconds reason}, separated by tabs
 *   <li>{@code NAME.json}: what a part itself says, its {@code result}
 *   <li>{@code memcheck.txt}, {@code racecheck.txt}: compute-sanitizer's
 *   <li>{@code jmh-CLASS.json}, {@code torch.json}: times, which become {@code comparison}
 * </ul>
 *
 * The result is {@code FOLDER/card.json}; its {@code passed} says that the kernels' tests passed on a card.
 */
public final class Report {
    private static final Pattern SUMMARY = Pattern.compile("(?:ERROR SUMMARY|RACECHECK SUMMARY): (\\d+)");
    private static final int MOST_FINDINGS = 40;

    private Report() {}

    public static void main(String[] arguments) throws IOException {
        var folder = Path.of(arguments[0]);
        var report = make(folder);
        Json.write(folder.resolve("card.json"), report);
        for (var row : report.path("comparison")) System.out.println(line(row));
    }

    private static String line(JsonNode row) {
        var text = new StringBuilder(row.path("operation").asText());
        row.path("parameters").forEach(value -> text.append(' ').append(value.asText()));
        text.append(
                String.format(Locale.ROOT, ": %.1f us", row.path("microseconds").asDouble()));
        if (row.has("torch")) {
            text.append(String.format(
                    Locale.ROOT,
                    ", PyTorch %.1f us (%s), ratio %.2f",
                    row.path("torch").path("microseconds").asDouble(),
                    row.path("torch").path("function").asText(),
                    row.path("ratio").asDouble()));
        }
        if (row.path("agrees").isBoolean()) {
            text.append(row.path("agrees").asBoolean() ? "" : ", RESULTS DISAGREE");
        }
        return text.toString();
    }

    static ObjectNode make(Path folder) throws IOException {
        var report = Json.object();
        var environment = report.putObject("environment");
        for (String line : lines(folder.resolve("environment"))) {
            int equals = line.indexOf('=');
            if (equals > 0) environment.put(line.substring(0, equals), line.substring(equals + 1));
        }
        boolean rehearsal = !environment.path("device").asText().equals("cuda");
        report.put("rehearsal", rehearsal);
        var parts = report.putObject("parts");
        for (String line : lines(folder.resolve("status"))) {
            String[] columns = line.split("\t", 5);
            var part = parts.putObject(columns[0]);
            part.put("status", columns[1]).put("exitCode", Integer.parseInt(columns[2]));
            part.put("seconds", Integer.parseInt(columns[3]));
            if (!columns[4].isEmpty()) part.put("reason", columns[4]);
            result(folder.resolve(columns[0] + ".json")).ifPresent(result -> part.set("result", result));
            if (Files.exists(folder.resolve(columns[0] + ".txt"))) {
                part.set("findings", findings(folder.resolve(columns[0] + ".txt")));
            }
        }
        report.set("comparison", comparison(folder));
        var tests = parts.path("tests");
        boolean passed = tests.path("status").asText().equals("passed")
                && tests.path("result").path("passed").asBoolean();
        report.put("testsPassed", passed);
        report.put("passed", passed && !rehearsal);
        return report;
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    /** A file that was cut off in the middle is left out. */
    private static Optional<JsonNode> result(Path file) throws IOException {
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(Json.read(file));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** How many errors compute-sanitizer counts, nothing if it came to no sum, and the first lines that say what. */
    private static ObjectNode findings(Path file) throws IOException {
        var findings = Json.object();
        List<String> lines = lines(file);
        for (String line : lines) {
            var summary = SUMMARY.matcher(line);
            if (summary.find()) findings.put("errors", Integer.parseInt(summary.group(1)));
        }
        var first = findings.putArray("first");
        lines.stream()
                .map(line -> line.replaceFirst("^=+ ?", "").strip())
                .filter(line -> !line.isEmpty() && !line.startsWith("COMPUTE-SANITIZER"))
                .limit(MOST_FINDINGS)
                .forEach(first::add);
        return findings;
    }

    /** A row for each of JMH's results, with PyTorch's beside it: the fastest of its ways that computes as much. */
    private static JsonNode comparison(Path folder) throws IOException {
        var rows = Json.array();
        var torch = result(folder.resolve("torch.json")).orElseGet(Json::object).path("rows");
        for (var file : jmhFiles(folder)) {
            var results = result(file);
            if (results.isEmpty()) continue;
            for (var result : results.get()) {
                var row = rows.addObject();
                String operation = operation(result.path("benchmark").asText());
                row.put("operation", operation);
                var parameters = row.putObject("parameters");
                result.path("params").properties().forEach(each -> parameters.set(each.getKey(), each.getValue()));
                double ours = result.path("primaryMetric")
                        .path("scorePercentiles")
                        .path("50.0")
                        .asDouble();
                row.put("microseconds", ours);
                for (var other : torch) {
                    if (!other.path("operation").asText().equals(operation)) continue;
                    if (other.path("parameters").equals(parameters)) compare(row, ours, other);
                }
            }
        }
        return rows;
    }

    private static void compare(ObjectNode row, double ours, JsonNode other) {
        row.set("agrees", other.path("agrees"));
        row.set("errors", other.path("errors"));
        ObjectNode best = Json.object();
        for (var function : other.path("functions")) {
            if (!function.path("complete").asBoolean()) continue;
            double each = function.path("microseconds").asDouble();
            if (best.isEmpty() || each < best.path("microseconds").asDouble()) {
                best = Json.object()
                        .put("function", function.path("name").asText())
                        .put("microseconds", each);
            }
        }
        if (best.isEmpty()) return;
        row.set("torch", best);
        row.put("ratio", best.path("microseconds").asDouble() / ours);
    }

    private static List<Path> jmhFiles(Path folder) throws IOException {
        var found = new ArrayList<Path>();
        try (var files = Files.newDirectoryStream(folder, "jmh-*.json")) {
            files.forEach(found::add);
        }
        found.sort(null);
        return found;
    }

    /** {@code tokenLogProb} of {@code io.equipoise.benchmarks.TokenLogProbBenchmark.cuda}. */
    private static String operation(String benchmark) {
        String type = benchmark.replaceFirst("\\.\\w+$", "").replaceFirst("^.*\\.", "");
        String name = type.replaceFirst("Benchmark$", "");
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }
}
