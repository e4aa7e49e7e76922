package io.equipoise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With {@code --json} stdout is one object, whatever happens. */
class JsonFailureTest {
    @ParameterizedTest
    @CsvSource({
        "train nowhere.yaml --json, no configuration file nowhere.yaml",
        "--json train nowhere.yaml, no configuration file nowhere.yaml",
        "train --resume nowhere --json, no run in",
        "demo --set training.stps=3 --json, did you mean 'steps'",
        "sample --json, nothing to sample from",
        "sample --model nowhere --json, no model folder nowhere",
        "sample --target nowhere.yaml --json, no configuration file",
        "evaluate nowhere.yaml --policy embedded --json, no configuration file",
        "evaluate nowhere.yaml --json, --policy",
        "experiments --folder nowhere --only 99 --json, nowhere",
        "doctor --kernels abacus --json, no kernels named 'abacus'",
        "doctor --kernels abacus --json=true, no kernels named 'abacus'",
        "doctor --no-such-option --json, --no-such-option",
        "sample -n many --json, many",
        "trian --json, trian",
        "--json, no command given"
    })
    void isOneObjectThatSaysWhy(String arguments, String message) {
        var outputs = Outputs.of(arguments.split(" "));
        assertThat(outputs.code()).as(outputs.err()).isNotZero();
        var json = outputs.json();
        assertThat(json.size()).isEqualTo(1);
        assertThat(json.at("/error/message").asText()).contains(message);
        assertThat(outputs.err()).contains("error: " + json.at("/error/message").asText());
        assertThat(json.at("/error/exitCode").asInt()).isEqualTo(outputs.code());
    }

    @Test
    void onlyWhereItIsAskedFor() {
        var outputs = Outputs.of("train", "nowhere.yaml");
        assertThat(outputs.code()).isEqualTo(2);
        assertThat(outputs.out()).isEmpty();
    }

    @Test
    void helpIsNoFailure() {
        var outputs = Outputs.of("train", "--help", "--json");
        assertThat(outputs.code()).isZero();
        assertThat(outputs.out()).contains("--resume").doesNotContain("\"error\"");
    }
}
