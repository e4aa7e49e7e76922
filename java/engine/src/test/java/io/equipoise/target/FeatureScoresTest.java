package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FeatureScoresTest {
    @Test
    void rowsAreTextsAndColumnsConstraints() {
        var constraints = List.of(
                Constraint.moment("value", Double::parseDouble, 3),
                Constraint.moment("even", Feature.test(text -> Integer.parseInt(text) % 2 == 0), 0.5));
        var texts = IntStream.range(0, 5000).mapToObj(Integer::toString).toList();
        var scores = FeatureScores.score(constraints, texts);
        assertThat(scores).hasNumberOfRows(5000);
        for (int i = 0; i < 5000; i++) assertThat(scores[i]).containsExactly(i, i % 2 == 0 ? 1 : 0);
    }

    @Test
    void nothingScoresNothing() {
        assertThat(FeatureScores.score(List.of(), List.of())).isEmpty();
        assertThat(FeatureScores.score(List.of(), List.of("a"))[0]).isEmpty();
    }

    @Test
    void failuresNameTheFeatureAndTheFirstText() {
        var texts = IntStream.range(0, 2000)
                .mapToObj(i -> i % 100 == 7 ? "bad\n" + i : "ok")
                .toList();
        var constraints = List.of(
                Constraint.moment("fine", Features.length(), 3),
                Constraint.moment(
                        "fragile",
                        text -> {
                            if (text.startsWith("bad")) throw new IllegalStateException("cannot read it");
                            return 0.5;
                        },
                        0.5));
        for (int repeat = 0; repeat < 20; repeat++) {
            assertThatThrownBy(() -> FeatureScores.score(constraints, texts))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "feature 'fragile' failed on text 7 \"bad\\n7\": java.lang.IllegalStateException: cannot read it")
                    .hasCauseInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void scoresThatAreNoNumberAreRefused() {
        assertThatThrownBy(() -> FeatureScores.score(
                        List.of(Constraint.moment("mean length", text -> 0.0 / text.length(), 3)), List.of("a", "")))
                .hasMessage("feature 'mean length' scored NaN on text 1 \"\", wanted a finite number; "
                        + "make it return one for every text, the empty one too");
        assertThatThrownBy(() -> FeatureScores.score(
                        List.of(Constraint.moment("inverse", text -> 1.0 / text.length(), 3)), List.of("")))
                .hasMessageContaining("'inverse' scored Infinity");
    }

    @Test
    void booleanScoresAreZeroOrOne() {
        Feature half = text -> 0.5;
        assertThatThrownBy(() ->
                        FeatureScores.score(List.of(Constraint.pointwise("half", half)), List.of("x".repeat(200))))
                .hasMessage("feature 'half' scored 0.5 on text 0 \"" + "x".repeat(80)
                        + "…\", wanted 0 or 1 because its constraint is pointwise");
        assertThat(FeatureScores.score(List.of(Constraint.pointwise("one", text -> 1)), List.of("a"))[0])
                .containsExactly(1);
    }

    @Test
    void aRegexThatExhaustsTheStackIsNamed() {
        var constraint = Constraint.moment("nested", Features.regex("^(a|b)*$"), 0.5);
        assertThatThrownBy(() -> FeatureScores.score(List.of(constraint), List.of("ab".repeat(200_000))))
                .hasMessageStartingWith("feature 'nested' failed on text 0 \"abab")
                .hasMessageEndingWith("StackOverflowError");
    }
}
