package io.equipoise.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptsTest {
    private static final int[][] TOKENS = {{0, 1}, {0, 2, 3}, {0}};
    private static final Prompts PROMPTS = Prompts.of(List.of("a", "bc", ""), TOKENS, false);

    @TempDir
    private Path temporary = Path.of("");

    private Path file(String text) throws IOException {
        return Files.writeString(temporary.resolve("prompts.txt"), text);
    }

    @Test
    void linesArePrompts() throws IOException {
        assertThat(Prompts.read(file("She said\n The café \r\nWe\n"))).containsExactly("She said", " The café ", "We");
        assertThat(Prompts.read(file("\uFEFFShe"))).containsExactly("She");
    }

    @Test
    void whatIsNoListOfPromptsIsRefused() throws IOException {
        assertThatThrownBy(() -> Prompts.read(temporary.resolve("none.txt")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.txt; it must be a UTF-8 text file with one prompt a line");
        assertThatThrownBy(() -> Prompts.read(temporary)).hasMessageStartingWith("no file of prompts");
        assertThatThrownBy(() -> Prompts.read(file(""))).hasMessageContaining("is empty, wanted at least one prompt");
        assertThatThrownBy(() -> Prompts.read(file("a\n\nb\n"))).hasMessageContaining("line 2 is blank");
        assertThatThrownBy(() -> Prompts.read(file("a\nb\na\n"))).hasMessageContaining("line 3 repeats line 1, \"a\"");
        var latin = Files.write(temporary.resolve("latin.txt"), "café\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> Prompts.read(latin))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("cannot read the prompts")
                .hasMessageContaining("it is not UTF-8: line 1 has the byte 0xE9");
    }

    private Path json(String text) throws IOException {
        return Files.writeString(temporary.resolve("prompts.jsonl"), text);
    }

    @Test
    void linesOfJsonMayHoldSeveralLines() throws IOException {
        assertThat(Prompts.read(json("\uFEFF\"Q: Why?\\nA:\"\r\n{\"id\": 3, \"prompt\": \"She \\\"said\\\"\"}\n")))
                .containsExactly("Q: Why?\nA:", "She \"said\"");
    }

    @Test
    void whatIsNoPromptInJsonIsRefused() throws IOException {
        for (var line :
                List.of("She said", "5", "null", "[\"a\"]", "{\"text\": \"a\"}", "{\"prompt\": 5}", "\"a\" b")) {
            assertThatThrownBy(() -> Prompts.read(json("\"a\"\n" + line + "\n")))
                    .as(line)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("prompts.jsonl, line 2 is ")
                    .hasMessageContaining("wanted a JSON string, or an object with one under \"prompt\"");
        }
        assertThatThrownBy(() -> Prompts.read(json("\"\"\n"))).hasMessageContaining("line 1 is blank");
        assertThatThrownBy(() -> Prompts.read(json("\"a\"\n\n"))).hasMessageContaining("line 2 is blank");
        assertThatThrownBy(() -> Prompts.read(json("\"a\"\n\"\\u0061\"\n")))
                .hasMessageContaining("line 2 repeats line 1");
        var whole = Files.writeString(temporary.resolve("prompts.json"), "[\"a\"]");
        assertThatThrownBy(() -> Prompts.read(whole)).hasMessageContaining("wanted plain text or *.jsonl");
    }

    @Test
    void aPlainLineIsTakenAsItIs() throws IOException {
        assertThat(Prompts.read(file("C:\\new \\n\n\"Come!\"\n{\"a\": 1}\n{x\n")))
                .containsExactly("C:\\new \\n", "\"Come!\"", "{\"a\": 1}", "{x");
        assertThatThrownBy(() -> Prompts.read(file("a\n{\"prompt\": \"She\"}\n")))
                .hasMessageContaining("prompts.txt, line 2 is JSON in a file of plain text")
                .hasMessageContaining("name the file *.jsonl");
    }

    @Test
    void whatIsHardlyMeantIsWarnedOf() throws IOException {
        assertThat(PromptFile.read(file("She said\n\"He\"\n")).warnings()).isEmpty();
        assertThat(PromptFile.read(file("She said\nHe said \n")).warnings())
                .singleElement()
                .asString()
                .contains("prompts.txt, line 2 ends in a space: ")
                .contains("leave it out unless that is meant");
        assertThat(PromptFile.read(file("a \nb\nc\t\nd\u00A0\n")).warnings().get(0))
                .contains(", lines 1, 3 and 4 end in");
        assertThat(PromptFile.read(file("a \nb \nc \nd \ne \nf \ng \n"))
                        .warnings()
                        .get(0))
                .contains(", lines 1, 2, 3, 4, 5 and 2 more end in");
        assertThat(PromptFile.read(json("\"Q:\\nA:\\n\"\n\"A: \"\n")).warnings().get(0))
                .contains("prompts.jsonl, line 2 ends");
        assertThat(PromptFile.read(file("\"He\"\n\"She\"\n")).warnings().get(0))
                .contains("every line of", "is in quotation marks", "name it *.jsonl");
    }

    @Test
    void everyPromptGetsAsManySequences() {
        assertThat(PROMPTS.evenly(4)).containsExactly(0, 0, 1, 1, 2, 2);
        assertThat(PROMPTS.evenly(3)).containsExactly(0, 1, 2);
        assertThat(PROMPTS.evenly(1)).containsExactly(0, 1, 2);
        assertThat(Prompts.NONE.evenly(3)).containsExactly(0, 0, 0);
    }

    @Test
    void featuresAreOfWhatFollowsOrOfAll() {
        var sequences = new Sequences(new int[][] {{0, 1, 5, 6}, {0, 2, 3, 7}}, new int[] {2, 3}, new float[2][]);
        assertThat(PROMPTS.scored(sequences)).containsExactly(new int[] {5, 6}, new int[] {7});
        assertThat(Prompts.of(List.of("a", "bc", ""), TOKENS, true).scored(sequences))
                .containsExactly(new int[] {0, 1, 5, 6}, new int[] {0, 2, 3, 7});
    }

    @Test
    void whatLeavesNoRoomIsNamed() {
        PROMPTS.requireRoom(7, 10);
        assertThatThrownBy(() -> PROMPTS.requireRoom(8, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("prompt 2 (\"bc\") has 3 tokens: with maxTokens 8 the model's context of 10 has room for 2;"
                        + " shorten the prompts or lower maxTokens");
        assertThatThrownBy(() -> PROMPTS.requireRoom(10, 10)).hasMessageContaining("has room for none");
        Prompts.NONE.requireRoom(10, 10);
    }

    @Test
    void noneAndTwiceTheSameAreRefused() {
        assertThatThrownBy(() -> Prompts.of(List.of(), new int[0][], false))
                .hasMessageContaining("wanted at least one");
        assertThatThrownBy(() -> Prompts.of(List.of("a"), new int[0][], false)).hasMessageContaining("tokens of 0");
        assertThatThrownBy(() -> Prompts.of(List.of("a", "b", "a "), new int[][] {{0, 1}, {0, 2}, {0, 1}}, false))
                .hasMessage("prompts 1 and 3 are the same to the model: \"a \"; leave one out");
    }
}
