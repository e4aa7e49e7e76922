package io.equipoise.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UserPathTest {
    @ParameterizedTest
    @CsvSource({
        "~/models/gpt2, /home/ada/models/gpt2",
        "~, /home/ada",
        "~/, /home/ada",
        "~//x, /home/ada/x",
        "models/~/x, models/~/x",
        "./~x, ./~x",
        "x~, x~",
        "/x, /x"
    })
    void homeIsWrittenOut(String written, String path) {
        assertThat(UserPath.of(written, Optional.of("/home/ada"))).isEqualTo(Path.of(path));
    }

    @Test
    void withoutAnEnvironmentItIsTheJvmsHome() {
        assertThat(UserPath.of("~/x", Optional.empty())).isEqualTo(Path.of(System.getProperty("user.home") + "/x"));
    }

    @Test
    void whatCannotBeAPathIsRefused() {
        assertThatThrownBy(() -> UserPath.of("~ada/models"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'~ada/models': only ~/, your own home folder, is known; write out another's, or ./~ada/models"
                                + " for a name that begins with ~");
        assertThatThrownBy(() -> UserPath.of("a\0b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("write it without control characters");
    }
}
