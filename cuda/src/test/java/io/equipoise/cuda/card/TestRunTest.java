package io.equipoise.cuda.card;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TestRunTest {
    @TempDir
    private Path folder;

    // Surefire looks at top-level classes named …Test only.
    static class Passing {
        @Test
        void passes() {
            assertThat(1).isPositive();
        }

        @Test
        void isSkipped() {
            assumeThat(1).as("a reason").isNegative();
        }
    }

    static class Failing {
        @Test
        void passes() {
            assertThat(1).isPositive();
        }

        @Test
        void fails() {
            assertThat(1).as("what it is of").isNegative();
        }
    }

    static class WithoutArguments {
        static Stream<Integer> none() {
            return Stream.of("no device").map(Integer::valueOf);
        }

        @ParameterizedTest
        @MethodSource("none")
        void isNeverRun(int number) {
            assertThat(number).isPositive();
        }
    }

    static class AllSkipped {
        @Test
        void isSkipped() {
            assumeThat(1).isNegative();
        }
    }

    private boolean run(Class<?>... classes) throws IOException {
        return TestRun.run(file(), Stream.of(classes).map(Class::getName).toArray(String[]::new));
    }

    private Path file() {
        return folder.resolve("tests.json");
    }

    @Test
    void everyClassIsCountedAndSkippedTestsAreNamedWithTheirReason() throws IOException {
        assertThat(run(Passing.class)).isTrue();
        var json = Json.read(file());
        assertThat(json.path("passed").asBoolean()).isTrue();
        assertThat(json.has("running")).isFalse();
        var counts = json.path("classes").get(0);
        assertThat(counts.path("class").asText()).isEqualTo(Passing.class.getName());
        assertThat(counts.path("passed").asInt()).isEqualTo(1);
        assertThat(counts.path("skipped").asInt()).isEqualTo(1);
        assertThat(counts.path("skips").get(0).path("reason").asText()).contains("a reason");
    }

    @Test
    void aFailureIsToldAndTheOtherClassesAreRun() throws IOException {
        assertThat(run(Failing.class, Passing.class)).isFalse();
        var json = Json.read(file());
        assertThat(json.path("passed").asBoolean()).isFalse();
        assertThat(json.path("classes")).hasSize(2);
        var failure = json.path("classes").get(0).path("failures").get(0);
        assertThat(failure.path("test").asText()).isEqualTo("fails()");
        assertThat(failure.path("message").asText()).contains("what it is of");
    }

    @Test
    void aClassWithoutAPassedTestHasNotPassed() throws IOException {
        assertThat(run(WithoutArguments.class)).isFalse();
        assertThat(Json.read(file())
                        .path("classes")
                        .get(0)
                        .path("failures")
                        .get(0)
                        .path("message")
                        .asText())
                .contains("no device");
        assertThat(run(AllSkipped.class)).isFalse();
        assertThat(run()).isFalse();
        assertThat(TestRun.run(file(), "io.equipoise.NoSuchTest")).isFalse();
    }
}
