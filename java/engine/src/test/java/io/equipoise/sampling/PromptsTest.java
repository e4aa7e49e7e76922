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
                .hasMessageContaining("UTF-8");
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
