package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConstraintTest {
    private static final Feature BOOLEAN = Features.word("x");

    @Test
    void factoriesSayWhatIsMeant() {
        assertThat(Constraint.pointwise("x", BOOLEAN)).isEqualTo(new Constraint("x", BOOLEAN, 1, true));
        assertThat(Constraint.moment("x", BOOLEAN, 0.5)).isEqualTo(new Constraint("x", BOOLEAN, 0.5, false));
        assertThat(Constraint.moment("length", Features.length(), -7.5).moment())
                .isEqualTo(-7.5);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1.01, 50})
    void booleanMomentsAreShares(double moment) {
        assertThatThrownBy(() -> Constraint.moment("x", BOOLEAN, moment))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("constraint 'x': the moment of a boolean feature must be in [0, 1], got " + moment
                        + "; give the share of texts that should have it, 0.5 for half");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void momentsAreFinite(double moment) {
        assertThatThrownBy(() -> Constraint.moment("length", Features.length(), moment))
                .hasMessage("constraint 'length': the moment must be finite, got " + moment
                        + "; give the mean that the feature should have");
    }

    @Test
    void otherMistakes() {
        assertThatThrownBy(() -> new Constraint("x", BOOLEAN, 0.5, true))
                .hasMessageContaining("a pointwise constraint has moment 1, got 0.5");
        assertThatThrownBy(() -> Constraint.pointwise(" ", BOOLEAN)).hasMessageContaining("a name that is not blank");
    }
}
