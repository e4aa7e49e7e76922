package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A prompt is text, whatever it looks like. */
class SampleCommandTest {
    private static Outputs sample(String... more) {
        var arguments = new ArrayList<>(List.of("sample", "--model", "embedded", "--max-tokens", "6"));
        arguments.addAll(List.of(more));
        var outputs = Outputs.of(arguments.toArray(String[]::new));
        assertThat(outputs.code()).as(outputs.err()).isZero();
        return outputs;
    }

    /** A path beginning with @ names a file of arguments to some programs. */
    @ParameterizedTest
    @ValueSource(strings = {"@pom.xml", "@@nobody", "@", "~/x", "\"She\" 'said'", "${user.home}"})
    void aPromptIsTakenAsItIs(String prompt) {
        var outputs = sample("-n", "1", "--prompt", prompt, "--json");
        assertThat(outputs.json().path("samples").path(0).path("text").asText()).startsWith(prompt);
        assertThat(outputs.err()).doesNotContain("warn: ");
    }

    @Test
    void aSpaceAtTheEndIsWarnedOf() {
        var outputs = sample("-n", "1", "--prompt", "She said ");
        assertThat(outputs.out()).startsWith("She said ");
        assertThat(outputs.err()).containsOnlyOnce("warn: --prompt ends in a space: ");
        assertThat(sample("-n", "1", "--prompt", "Q: Why?\nA:").err()).doesNotContain("warn: ");
    }

    @Test
    void temperatureZeroIsGreedy() {
        var greedy = sample("-n", "3", "--prompt", "She", "--temperature", "0", "--json")
                .json()
                .path("samples");
        var topOne = sample("-n", "1", "--prompt", "She", "--top-k", "1", "--seed", "9", "--json")
                .json()
                .path("samples")
                .path(0);
        assertThat(greedy).hasSize(3).allSatisfy(text -> {
            assertThat(text).isEqualTo(topOne);
            assertThat(text.path("logProb").asDouble()).isZero();
        });
    }
}
