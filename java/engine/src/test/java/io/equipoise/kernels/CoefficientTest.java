package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.CoefficientRule.Form;
import io.equipoise.memory.Vector;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CoefficientTest {
    private static final Kernels REFERENCE = new ReferenceKernels();
    private static final double NOTHING = Double.NEGATIVE_INFINITY;

    private static double[] run(
            Kernels kernels, double[] logTarget, double[] logProposal, double[] logPolicy, CoefficientRule rule) {
        try (var coefficient = Vector.f64(logTarget.length);
                var target = Vector.of(logTarget);
                var proposal = Vector.of(logProposal);
                var policy = Vector.of(logPolicy)) {
            kernels.coefficient(coefficient, target, proposal, policy, rule);
            return coefficient.toDoubles();
        }
    }

    private static double one(
            Kernels kernels, double logTarget, double logProposal, double logPolicy, CoefficientRule rule) {
        return run(kernels, new double[] {logTarget}, new double[] {logProposal}, new double[] {logPolicy}, rule)[0];
    }

    private static CoefficientRule rule(Form form, double logZ, boolean normalize) {
        return new CoefficientRule(form, logZ, normalize);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isTheReference(Kernels kernels) {
        double[] special = {0, -0.0, NOTHING, Double.POSITIVE_INFINITY, Double.NaN, 700, -700, 1e4, -1e4};
        for (int size : new int[] {0, 1, 7, 32, 1000, 5000}) {
            var random = new Random(size);
            double[] target = random.doubles(size, -90, -20).toArray();
            double[] proposal = random.doubles(size, -90, -20).toArray();
            double[] policy = random.doubles(size, -90, -20).toArray();
            for (int i = 0; i < size; i += 3) target[i] = special[random.nextInt(special.length)];
            for (int i = 0; i < size; i += 5) policy[i] = special[random.nextInt(special.length)];
            for (int i = 0; i < size; i += 7) proposal[i] = special[random.nextInt(special.length)];
            for (var form : Form.values()) {
                if (form.isScore()) continue;
                for (double logZ : new double[] {-3.25, 0, 700, -1e4, NOTHING}) {
                    for (boolean normalize : new boolean[] {false, true}) {
                        var rule = rule(form, logZ, normalize);
                        double[] actual = run(kernels, target, proposal, policy, rule);
                        double[] wanted = run(REFERENCE, target, proposal, policy, rule);
                        for (int i = 0; i < size; i++) {
                            String of = "seed " + size + ", element " + i + ", log P " + target[i] + ", log q "
                                    + proposal[i] + ", log π " + policy[i] + ", " + rule;
                            if (Double.isFinite(wanted[i])) {
                                // Two exponentials of less than 1 ulp each, a product.
                                assertThat(actual[i]).as(of).isCloseTo(wanted[i], within(4 * Math.ulp(wanted[i])));
                            } else {
                                assertThat((Double) actual[i]).as(of).isEqualTo((Double) wanted[i]);
                            }
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void scoresAreTheReference(Kernels kernels) {
        double[] special = {0, -0.0, NOTHING, Double.POSITIVE_INFINITY, Double.NaN, 700, -700};
        for (int size : new int[] {0, 1, 7, 33, 1000}) {
            var random = new Random(size);
            double[] proposal = random.doubles(size, -30, -20).toArray();
            double[] target = new double[size];
            double[] policy = new double[size];
            for (int i = 0; i < size; i++) {
                target[i] = i % 3 == 1 ? special[random.nextInt(special.length)] : proposal[i] + random.nextGaussian();
                policy[i] = i % 5 == 1 ? special[random.nextInt(special.length)] : proposal[i] + random.nextGaussian();
            }
            for (var form : Form.values()) {
                if (!form.isScore()) continue;
                for (double parameter : new double[] {0.5, 1, -2}) {
                    for (boolean normalize : new boolean[] {false, true}) {
                        var plain = new CoefficientRule(form, -0.75, normalize, parameter, 3, 0, 0);
                        isTheReference(kernels, target, proposal, policy, plain);
                        isTheReference(kernels, target, proposal, policy, plain.withBaseline(-1.5, size + 0.5));
                    }
                }
            }
        }
    }

    private static void isTheReference(
            Kernels kernels, double[] target, double[] proposal, double[] policy, CoefficientRule rule) {
        double[] actual = run(kernels, target, proposal, policy, rule);
        double[] wanted = run(REFERENCE, target, proposal, policy, rule);
        for (int i = 0; i < wanted.length; i++) {
            String of = "seed " + wanted.length + ", element " + i + ", log P " + target[i] + ", log q " + proposal[i]
                    + ", log π " + policy[i] + ", " + rule;
            double ratio = rule.ratio(proposal[i], policy[i]);
            double terms = ratio * (1 + Math.abs(rule.score(target[i], policy[i])));
            if (Double.isFinite(wanted[i]) && Double.isFinite(terms)) {
                // Score and baseline may nearly cancel; each has a few exponentials' last digits.
                assertThat(actual[i]).as(of).isCloseTo(wanted[i], within(1e-14 * (1 + terms)));
            } else {
                assertThat((Double) actual[i]).as(of).isEqualTo((Double) wanted[i]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void areTheFormulasInProbabilities(Kernels kernels) {
        double p = 0.3;
        double q = 0.2;
        double policy = 0.1;
        double z = 0.7;
        double w = p / q;
        double rho = policy / q;
        double ratio = p / z / policy;
        for (var form : Form.values()) {
            double c =
                    switch (form) {
                        case GDC -> w;
                        case GDC_PLUS_PLUS -> w - z * rho;
                        case GDC_PLUS_PLUS_ON_POLICY -> w - z;
                        case REWARD -> rho * Math.log(p);
                        case TARGET -> rho * p;
                        case KL_CONTROL -> rho * 0.4 * Math.log(p / policy);
                        case KL -> rho * ratio;
                        case REVERSE_KL -> rho * (Math.log(ratio) - 1);
                        case TOTAL_VARIATION -> rho / 2;
                        case JENSEN_SHANNON -> rho * (Math.log1p(ratio) - Math.log(2));
                        case CHI_SQUARED -> rho * (ratio * ratio - 1);
                        case REVERSE_CHI_SQUARED -> rho * 2 * (1 - 1 / ratio);
                        case ALPHA -> rho * Math.min(3, (Math.pow(ratio, 0.6) - 1) / 0.6);
                        case TRAJECTORY_BALANCE -> -2 * Math.log(policy / p);
                    };
            if (form.isScore()) {
                var scored = new CoefficientRule(form, Math.log(z), false, 0.4, 3, 0, 0);
                double actual = one(kernels, Math.log(p), Math.log(q), Math.log(policy), scored);
                assertThat(actual).as("%s", form).isCloseTo(c, within(1e-14));
                // The others: twice, with the scores 2 and −1 and the ratios 1 and 3.
                double own = form == Form.TRAJECTORY_BALANCE ? 1 : rho;
                double sum = c + 2 - 3;
                double baseline = (2 - 3) / 4.0;
                var shifted = scored.withBaseline(sum, own + 4);
                assertThat(one(kernels, Math.log(p), Math.log(q), Math.log(policy), shifted))
                        .as("%s, baseline", form)
                        .isCloseTo(c - own * baseline, within(1e-14));
                continue;
            }
            double plain = one(kernels, Math.log(p), Math.log(q), Math.log(policy), rule(form, Math.log(z), false));
            double divided = one(kernels, Math.log(p), Math.log(q), Math.log(policy), rule(form, Math.log(z), true));
            assertThat(plain).as("%s", form).isCloseTo(c, within(1e-14));
            assertThat(divided).as("%s, normalised", form).isCloseTo(c / z, within(1e-14));
        }
    }

    /** Where w and Z·ρ share all but their last digits, a plain difference keeps none. */
    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void nearlyEqualTermsKeepTheirDigits(Kernels kernels) {
        for (int exponent : new int[] {-10, -20, -30, -40}) {
            double apart = Math.scalb(1.0, exponent);
            // e^x − 1 by its series, which float64 can't cancel in.
            var x = new BigDecimal(apart);
            var series = BigDecimal.ZERO;
            var term = BigDecimal.ONE;
            for (int k = 1; k < 20; k++) {
                term = term.multiply(x).divide(BigDecimal.valueOf(k), MathContext.DECIMAL128);
                series = series.add(term);
            }
            double wanted = series.doubleValue();
            double actual = one(kernels, -64 + apart, -64, -64, rule(Form.GDC_PLUS_PLUS, 0, true));
            assertThat(actual).as("2^%d apart", exponent).isCloseTo(wanted, within(1e-15 * wanted));
            double opposite = one(kernels, -64, -64, -64 + apart, rule(Form.GDC_PLUS_PLUS, 0, true));
            assertThat(opposite).as("2^%d apart", exponent).isCloseTo(-wanted, within(1e-15 * wanted));
        }
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void whatTheTargetExcludesIsOnlyTheBaseline(Kernels kernels) {
        assertThat(one(kernels, NOTHING, -5, -5, rule(Form.GDC, 1, true))).isZero();
        assertThat(one(kernels, NOTHING, -5, -5, rule(Form.GDC_PLUS_PLUS, 1, true)))
                .isEqualTo(-1);
        assertThat(one(kernels, NOTHING, -5, NOTHING, rule(Form.GDC_PLUS_PLUS, 1, true)))
                .isZero();
        assertThat(one(kernels, NOTHING, -5, -5, rule(Form.GDC_PLUS_PLUS_ON_POLICY, 1, true)))
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void extremesOverflowOrVanishAsOneNumber(Kernels kernels) {
        double infinity = Double.POSITIVE_INFINITY;
        var off = rule(Form.GDC_PLUS_PLUS, 0, false);
        assertThat(one(kernels, 700, 0, 0, off)).isCloseTo(Math.exp(700), within(Math.ulp(Math.exp(700))));
        assertThat(one(kernels, -700, 0, -700 - Math.log(2), off))
                .isCloseTo(Math.exp(-700) / 2, within(1e-12 * Math.exp(-700)));
        assertThat(one(kernels, 1e4, 0, 0, off)).isEqualTo(infinity);
        assertThat(one(kernels, 0, 0, 1e4, off)).isEqualTo(-infinity);
        assertThat(one(kernels, 1e4, 0, 1e4, off)).isZero();
        assertThat(one(kernels, -1e4, 0, -1e4 - 1, off)).isZero();
        assertThat(one(kernels, -1e4, 0, 0, off)).isEqualTo(-1);
        // Normalising happens in the exponent: neither term overflows on its way.
        assertThat(one(kernels, 1e4, 0, 0, rule(Form.GDC, 1e4, true))).isEqualTo(1);
        assertThat(one(kernels, 1e4, 0, Math.log(0.5), rule(Form.GDC_PLUS_PLUS, 1e4, true)))
                .isCloseTo(0.5, within(1e-11));
        assertThat(one(kernels, Double.NaN, 0, 0, off)).isNaN();
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void vectorsOfDifferentSizesOrTypesAreRefused(Kernels kernels) {
        try (var three = Vector.f64(3);
                var two = Vector.f64(2);
                var floats = Vector.f32(3)) {
            var rule = rule(Form.GDC, 0, true);
            assertThatThrownBy(() -> kernels.coefficient(three, three, two, three, rule))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("coefficient: logProposal is F64 of 2, wanted F64 of 3");
            assertThatThrownBy(() -> kernels.coefficient(floats, three, three, three, rule))
                    .isInstanceOf(KernelException.class)
                    .hasMessage("coefficient: coefficient is F32 of 3, wanted F64 of 3");
        }
    }
}
