package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code experiments --summary} on results that were made up. */
class ExperimentsSummaryTest {
    @TempDir
    private Path folder = Path.of("");

    private MadeUpExperiments experiments;

    @BeforeEach
    void makeUp() throws IOException {
        experiments = new MadeUpExperiments(folder);
    }

    @Test
    void everyClaimHasItsVerdict() {
        var json = summary();
        assertThat(json.at("/runs/planned").asInt()).isEqualTo(18);
        assertThat(json.at("/runs/made").asInt()).isEqualTo(18);
        assertThat(json.at("/runs/missing")).isEmpty();
        assertThat(json.at("/runs/cpuSeconds").asDouble()).isEqualTo(18 * 720);
        // 1 of 2 isn't seven tenths.
        assertClaim(json, "constraintSatisfaction", "not reproduced", 1, 2, 2);
        assertClaim(json, "klTargetPolicy", "reproduced", 2, 2, 2);
        assertClaim(json, "klPolicyBase", "not reproduced", 1, 2, 2);
        assertClaim(json, "gradientVariance", "reproduced", 2, 2, 2);
        // Distance on the first task: 0.3 more with gdc++, 0.2 with gdc. Of one run the noise isn't known.
        assertClaim(json, "smallBatches", "as claimed, not clearly", 3, 4, 4);
        assertClaim(json, "rewardWinsReward", "as claimed, not clearly", 1, 1, 1);
        assertClaim(json, "rewardLeavesBase", "as claimed, not clearly", 1, 1, 1);
        assertClaim(json, "rewardLosesDiversity", "as claimed, not clearly", 2, 2, 2);
        assertClaim(json, "moments", "reproduced", 1, 1, 1);
        assertThat(json.path("claims")).hasSize(9);
    }

    @Test
    void figuresAreMeansWithStandardErrors() {
        var figure = claim(summary(), "klTargetPolicy").path("figures").path(0);
        assertThat(figure.path("task").asText()).isEqualTo("01-word");
        assertThat(figure.at("/ahead/of").asText()).isEqualTo("gdc++");
        assertThat(figure.at("/ahead/mean").asDouble()).isCloseTo(2.2, within(1e-12));
        assertThat(figure.at("/ahead/standardError").asDouble()).isCloseTo(Math.sqrt(0.07 / 3), within(1e-12));
        assertThat(figure.at("/ahead/runs").asInt()).isEqualTo(3);
        assertThat(figure.at("/behind/mean").asDouble()).isCloseTo(3.2, within(1e-12));
        assertThat(figure.path("beyondTwoStandardErrors").asBoolean()).isTrue();
        var moment = claim(summary(), "moments").path("figures").path(0);
        assertThat(moment.at("/ahead/mean").asDouble()).isCloseTo(0.09, within(1e-12));
        assertThat(moment.at("/behind/mean").asDouble()).isEqualTo(0.1);
        var lost = claim(summary(), "smallBatches").path("figures").path(1);
        assertThat(lost.at("/ahead/mean").asDouble()).isCloseTo(2.5 - 2.2, within(1e-12));
        assertThat(lost.at("/ahead/standardError").isNull()).isTrue();
    }

    @Test
    void everyGroupOfRunsHasItsFigures() {
        var figures = summary().path("figures");
        assertThat(figures).hasSize(10);
        var reinforce = new ArrayList<JsonNode>();
        figures.forEach(figure -> {
            if (figure.path("method").asText().equals("reinforce")) reinforce.add(figure);
        });
        assertThat(reinforce).hasSize(1);
        assertThat(reinforce.get(0).at("/moments/home/mean").asDouble()).isEqualTo(0.95);
        assertThat(reinforce.get(0).at("/moments/home/desired").asDouble()).isEqualTo(1);
        assertThat(reinforce.get(0).at("/distance/mean").asDouble()).isCloseTo(0.05, within(1e-12));
        assertThat(reinforce.get(0).at("/klPolicyBase/standardError").isNull()).isTrue();
        assertThat(reinforce.get(0).path("batchSize").asInt()).isEqualTo(256);
    }

    @Test
    void missingRunsAreNamedAndLeaveClaimsOpen() throws IOException {
        Files.delete(experiments.file("02-female", "gdc++", 1));
        var one = summary();
        assertThat(one.at("/runs/missing")).hasSize(1);
        assertThat(one.at("/runs/missing/0/task").asText()).isEqualTo("02-female");
        assertThat(one.at("/runs/missing/0/method").asText()).isEqualTo("gdc++");
        assertThat(one.at("/runs/missing/0/seed").asInt()).isEqualTo(1);
        // Two of three runs have a standard error still.
        assertClaim(one, "klTargetPolicy", "reproduced", 2, 2, 2);
        Files.delete(experiments.file("02-female", "gdc++", 2));
        var two = summary();
        assertClaim(two, "klTargetPolicy", "not enough runs", 1, 1, 2);
        assertClaim(two, "moments", "not enough runs", 0, 0, 1);
        assertClaim(two, "rewardWinsReward", "as claimed, not clearly", 1, 1, 1);
        var text = Outputs.of("experiments", "--summary", "--folder", folder.toString());
        assertThat(text.code()).isZero();
        assertThat(text.out())
                .contains(
                        "16 of 18 runs are there; they took 3.2 hours of one core. Missing, with their seeds:",
                        "- 02-female: gdc++ [1, 2]")
                .contains("2. gdc++ comes nearer to the target than gdc: not enough runs")
                .contains("1 of 1 so far (2 of 2 wanted");
    }

    @Test
    void withoutResultsNothingIsSaid() throws IOException {
        try (var files = Files.walk(folder.resolve("results"))) {
            for (var file : files.filter(Files::isRegularFile).toList()) Files.delete(file);
        }
        var json = summary();
        assertThat(json.at("/runs/made").asInt()).isZero();
        assertThat(json.at("/runs/missing")).hasSize(18);
        assertThat(json.path("claims"))
                .allMatch(claim -> claim.path("verdict").asText().equals("not enough runs"));
        assertThat(json.at("/figures/0/klTargetPolicy/mean").isNull()).isTrue();
        assertThat(folder.resolve("plots")).isEmptyDirectory();
        assertThat(folder.resolve("tables.md")).content().doesNotContain("NaN");
    }

    @Test
    void tablesHaveEveryTaskAndMethod() throws IOException {
        summary();
        var page = Files.readString(folder.resolve("tables.md"));
        assertThat(page)
                .contains("18 of 18 runs are there; they took 3.6 hours of one core.")
                .contains("| 1 word | KL(p‖π), nats | gdc++ 2.200 ± 0.153 (3 runs) | gdc 3.200 ± 0.153 (3 runs) | ++ |")
                .contains("|  | desired | base model | gdc++ | gdc | reinforce |")
                .contains("| E_π φ of home, pointwise | 1.000 | 0.100 | 0.700 ± 0.000 | 0.400 ± 0.000 | 0.950 |")
                .contains("| mean \\|E_π φ − desired\\| |  | 0.900 | 0.300 ± 0.000 | 0.600 ± 0.000 | 0.050 |")
                .contains("| 64 | gdc | 1 | 0.800 | 5.000 | 2.000 |")
                .doesNotContain("NaN");
    }

    @Test
    void plotsAreWellFormedAndTheSameEveryTime() throws Exception {
        summary();
        var first = plots();
        assertThat(first)
                .containsExactlyInAnyOrder(
                        "steps-pointwise.svg",
                        "steps-distributional.svg",
                        "moments.svg",
                        "longer.svg",
                        "gradient-variance.svg",
                        "reward.svg",
                        "diversity.svg",
                        "batch-size.svg");
        var factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        var contents = new ArrayList<String>();
        for (String name : first) {
            var file = folder.resolve("plots").resolve(name);
            var root = factory.newDocumentBuilder().parse(file.toFile()).getDocumentElement();
            assertThat(root.getElementsByTagName("title").getLength()).as(name).isEqualTo(1);
            assertThat(file).content().doesNotContain("NaN", "Infinity").contains("gdc++");
            contents.add(Files.readString(file));
        }
        summary();
        for (int i = 0; i < first.size(); i++) {
            assertThat(folder.resolve("plots").resolve(first.get(i))).hasContent(contents.get(i));
        }
    }

    /** More steps would squeeze the other curves. */
    @Test
    void longerRunsHaveAPlotToThemselves() throws IOException {
        var json = summary();
        assertThat(json.path("figures"))
                .filteredOn(figure -> figure.path("method").asText().equals("gdc++-longer"))
                .singleElement()
                .satisfies(figure ->
                        assertThat(figure.at("/moments/female/mean").asDouble()).isEqualTo(0.48));
        assertThat(folder.resolve("tables.md")).content().contains("| steps |  |  | 4 | 4 | 8 |");
        for (String name : plots()) {
            var content = assertThat(folder.resolve("plots").resolve(name)).content();
            if (name.equals("longer.svg"))
                content.contains(">gdc++-longer<", ">gdc++<").doesNotContain(">gdc<");
            else content.doesNotContain("longer");
        }
    }

    @Test
    void brokenResultsAreNamed() throws IOException {
        var file = experiments.file("01-word", "gdc", 0);
        Files.writeString(file, "{\"task\": ");
        refused(file.getFileName().toString(), "isn't JSON");
        Files.writeString(file, "{\"series\": {}}");
        refused(file.getFileName().toString(), "has no 'batchSize'", "delete it");
    }

    @Test
    void choosingRunsIsNotForSummaries() {
        var outputs = Outputs.of("experiments", "--summary", "--only", "1", "--folder", folder.toString());
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.err()).contains("--only");
    }

    private void refused(String... parts) {
        var outputs = Outputs.of("experiments", "--summary", "--json", "--folder", folder.toString());
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.err()).contains(parts).doesNotContain("\tat ");
        assertThat(outputs.json().at("/error/message").asText()).contains(parts);
    }

    private JsonNode summary() {
        var outputs = Outputs.of("experiments", "--summary", "--json", "--folder", folder.toString());
        assertThat(outputs.code()).as(outputs.err()).isZero();
        return outputs.json();
    }

    private List<String> plots() throws IOException {
        try (var files = Files.list(folder.resolve("plots"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void assertClaim(
            JsonNode summary, String id, String verdict, int holds, int enoughRuns, int comparisons) {
        var claim = claim(summary, id);
        assertThat(claim.path("verdict").asText()).as(id).isEqualTo(verdict);
        assertThat(claim.path("holds").asInt()).as(id).isEqualTo(holds);
        assertThat(claim.path("enoughRuns").asInt()).as(id).isEqualTo(enoughRuns);
        assertThat(claim.path("comparisons").asInt()).as(id).isEqualTo(comparisons);
        assertThat(claim.path("figures")).as(id).hasSize(comparisons);
        assertThat(claim.path("rule").asText()).as(id).isNotEmpty();
    }

    private static JsonNode claim(JsonNode summary, String id) {
        for (var claim : summary.path("claims")) {
            if (claim.path("id").asText().equals(id)) return claim;
        }
        throw new AssertionError("no claim " + id + " in " + summary);
    }
}
