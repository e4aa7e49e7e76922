package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class EnergyBasedTargetTest {
    private static final Constraint POINTWISE = Constraint.pointwise("science", Features.word("science"));
    private static final Constraint HALF = Constraint.moment("female", Features.gender(Gender.FEMALE), 0.5);
    private static final Constraint SHORT = Constraint.moment("length", Features.length(), 20);

    @Test
    void pointwiseOnlyNeedsNoLambda() {
        var target = EnergyBasedTarget.fit(List.of(POINTWISE), new double[][] {{0}, {1}, {0}}, new double[3]);
        assertThat(target.lambda()).containsExactly(0);
        assertThat(target.solution()).isEmpty();
        assertThat(target.logPotential(new double[] {1})).isZero();
        assertThat(target.logPotential(new double[] {0})).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(target.constraints()).containsExactly(POINTWISE);
    }

    @Test
    void distributionalIsExponential() {
        var phi = new double[100][];
        for (int i = 0; i < 100; i++) phi[i] = new double[] {i < 25 ? 1 : 0};
        var target = EnergyBasedTarget.fit(List.of(HALF), phi, new double[100]);
        assertThat(target.lambda()[0]).isCloseTo(Math.log(3), within(1e-9));
        assertThat(target.logPotential(new double[][] {{1}, {0}}))
                .containsExactly(new double[] {Math.log(3), 0}, within(1e-9));
        assertThat(target.solution().orElseThrow().logZ()).isCloseTo(Math.log(0.25 * 3 + 0.75), within(1e-9));
    }

    /** Among texts about science 10 % are about women, among the others all: λ must only see the former. */
    @Test
    void hybridIsConditionalOnThePointwiseConstraint() {
        var phi = new double[1000][];
        for (int i = 0; i < 1000; i++) {
            boolean science = i < 500;
            phi[i] = new double[] {science && i >= 50 ? 0 : 1, science ? 1 : 0};
        }
        var target = EnergyBasedTarget.fit(List.of(HALF, POINTWISE), phi, new double[1000]);
        assertThat(target.lambda()).containsExactly(new double[] {Math.log(9), 0}, within(1e-9));
        assertThat(target.solution().orElseThrow().logZ()).isCloseTo(Math.log(0.05 * 9 + 0.45), within(1e-9));
        assertThat(target.logPotential(new double[] {1, 1})).isCloseTo(Math.log(9), within(1e-9));
        assertThat(target.logPotential(new double[] {1, 0})).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(target.filter(new double[][] {{1, 1}, {1, 0}, {0, 1}})).containsExactly(1, 0, 1);
    }

    /** A sample from q with log a/q gives the λ of a sample from a. */
    @Test
    void weightsMakeAnySampleOneOfTheBase() {
        var phi = new double[400][];
        var logWeight = new double[400];
        for (int i = 0; i < 400; i++) {
            phi[i] = new double[] {i < 200 ? 1 : 0}; // half under q, a fifth under a
            logWeight[i] = Math.log(i < 200 ? 0.2 / 0.5 : 0.8 / 0.5);
        }
        assertThat(EnergyBasedTarget.fit(List.of(HALF), phi, logWeight).lambda()[0])
                .isCloseTo(Math.log(4), within(1e-9));
    }

    @Test
    void neverSatisfiedIsRefused() {
        assertThatThrownBy(() -> EnergyBasedTarget.fit(List.of(POINTWISE), new double[3][1], new double[3]))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessage(
                        "no text of the sample satisfies the pointwise constraint 'science' (0 of 3); sample more texts, "
                                + "loosen it, or start from a prompt or a model with which it occurs");
        var two = List.of(
                Constraint.pointwise("female", HALF.feature()),
                Constraint.pointwise("male", Features.gender(Gender.MALE)));
        assertThatThrownBy(() -> EnergyBasedTarget.fit(two, new double[][] {{1, 0}, {0, 1}, {0, 1}}, new double[3]))
                .isInstanceOf(InfeasibleConstraintException.class)
                .hasMessageContaining("constraints 'female' (1 of 3) and 'male' (2 of 3) together");
        double[] none = {Double.NEGATIVE_INFINITY};
        assertThatThrownBy(() -> EnergyBasedTarget.fit(List.of(POINTWISE), new double[][] {{1}}, none))
                .hasMessageContaining("none of the sample's 1 texts has weight");
    }

    @Test
    void knownLambdaIsKept() {
        double[] lambda = {0, -0.25};
        var target = EnergyBasedTarget.of(List.of(POINTWISE, SHORT), lambda);
        lambda[1] = 99;
        target.lambda()[1] = 99;
        assertThat(target.logPotential(new double[] {1, 8})).isEqualTo(-2);
        assertThat(target.solution()).isEmpty();
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> EnergyBasedTarget.of(List.of(), new double[0]))
                .hasMessageContaining("at least one constraint");
        assertThatThrownBy(() -> EnergyBasedTarget.of(List.of(HALF, HALF), new double[2]))
                .hasMessageContaining("two constraints are called 'female'");
        assertThatThrownBy(() -> EnergyBasedTarget.of(List.of(HALF), new double[2]))
                .hasMessageContaining("2 values for 1 constraints");
        assertThatThrownBy(() -> EnergyBasedTarget.of(List.of(POINTWISE), new double[] {1}))
                .hasMessageContaining("wanted 0, because it is pointwise");
        assertThatThrownBy(() -> EnergyBasedTarget.of(List.of(HALF), new double[] {Double.NaN}))
                .hasMessageContaining("wanted a finite number");
        var target = EnergyBasedTarget.of(List.of(POINTWISE), new double[1]);
        assertThatThrownBy(() -> target.logPotential(new double[2]))
                .hasMessage("a text has 2 features, wanted 1, one a constraint");
        assertThatThrownBy(() -> target.logPotential(new double[] {0.5}))
                .hasMessage("the feature of pointwise constraint 'science' must be 0 or 1, got 0.5");
        assertThatThrownBy(() -> EnergyBasedTarget.fit(List.of(POINTWISE), new double[0][], new double[0]))
                .hasMessageContaining("not empty");
    }
}
