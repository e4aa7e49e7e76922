package io.equipoise.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Golden;
import io.equipoise.model.ModelHub;
import io.equipoise.model.Precision;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.sampling.Sampler;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.sampling.Sequences;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Sampling, scoring and the gradient's forward pass in one precision are one arithmetic. */
class PrecisionTest {
    private static final int SAMPLES = 1024;

    private static CausalLanguageModel load(String name, Precision precision) {
        return ModelHub.loadModel(
                Golden.folder("gdc-step/" + name), new CpuKernels(InstructionSet.chosen()), precision);
    }

    private static Sequences sample(CausalLanguageModel model, long first) {
        return new Sampler(SamplerConfig.of(12, 5)).sample(model, SAMPLES, first);
    }

    @ParameterizedTest
    @EnumSource
    void theImportanceRatioOfAModelToItselfIsOneToTheBit(Precision precision) {
        try (var proposal = load("policy", precision);
                var policy = proposal.copy()) {
            var sampled = sample(proposal, 0);
            float[][] scored = policy.tokenLogProbs(sampled.tokens(), sampled.promptLength(), 100);
            assertThat(scored).isDeepEqualTo(sampled.tokenLogProb());

            policy.trainable(name -> true);
            double[] logPolicy = policy.accumulateGradient(
                    sampled.tokens(), sampled.promptLength(), 77, SequenceCoefficients.of((i, logProb) -> 1));
            assertThat(logPolicy).containsExactly(sampled.logProb());
        }
    }

    /** c = w − Z·ρ with Z from other samples; α = 0.001, two-sided. */
    @ParameterizedTest
    @EnumSource
    void theOffPolicyCoefficientHasMeanZero(Precision precision) {
        try (var base = load("base", precision);
                var proposal = load("proposal", precision);
                var policy = load("policy", precision)) {
            double[] others = weights(base, proposal, sample(proposal, 0));
            double partition = mean(others);
            var sampled = sample(proposal, SAMPLES);
            double[] weights = weights(base, proposal, sampled);
            double[] logPolicy = Sequences.sum(policy.tokenLogProbs(sampled.tokens(), sampled.promptLength(), 64));
            var coefficients = new double[weights.length];
            for (int i = 0; i < coefficients.length; i++) {
                coefficients[i] = weights[i] - partition * Math.exp(logPolicy[i] - sampled.logProb()[i]);
            }
            double error = Math.hypot(standardError(coefficients), standardError(others));
            assertThat(error).isGreaterThan(0);
            assertThat(mean(coefficients)).isCloseTo(0, within(3.29 * error));
        }
    }

    /** Sixteen bits cost little: what bf16 gives a text is near what f32 gives it. */
    @ParameterizedTest
    @EnumSource
    void logProbabilitiesAreNearThoseOfF32(Precision precision) {
        try (var exact = load("policy", Precision.F32);
                var model = load("policy", precision)) {
            var sampled = sample(exact, 0);
            double[] got = Sequences.sum(model.tokenLogProbs(sampled.tokens(), sampled.promptLength(), 64));
            double bound = precision == Precision.F32 ? 0 : 0.25;
            for (int i = 0; i < got.length; i++) assertThat(got[i]).isCloseTo(sampled.logProb()[i], within(bound));
        }
    }

    /** w = P/q where P = a·b and b says that the first token is even. */
    private static double[] weights(CausalLanguageModel base, CausalLanguageModel proposal, Sequences sampled) {
        double[] logBase = Sequences.sum(base.tokenLogProbs(sampled.tokens(), sampled.promptLength(), 64));
        var weights = new double[logBase.length];
        for (int i = 0; i < weights.length; i++) {
            boolean holds = sampled.tokens()[i][1] % 2 == 0;
            weights[i] = holds ? Math.exp(logBase[i] - sampled.logProb()[i]) : 0;
        }
        assertThat(proposal.config()).isEqualTo(base.config());
        return weights;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double standardError(double[] values) {
        double mean = mean(values);
        double squares = Arrays.stream(values)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        return Math.sqrt(squares / (values.length - 1.0) / values.length);
    }
}
