package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.equipoise.metrics.Divergences;
import io.equipoise.metrics.LogSumExp;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.Golden;
import io.equipoise.model.Safetensors;
import io.equipoise.model.SequenceCoefficients;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import io.equipoise.sampling.Sequences;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One step's log-probs, coefficients, gradients and estimators against torch's autograd in float64. */
class GdcStepGoldenTest {
    private static final int B = 16;

    private Safetensors expected;
    private JsonNode scalars;
    private int[][] tokens;
    private int[] prompts;

    @BeforeEach
    void open() throws IOException {
        expected = Safetensors.open(Golden.folder("gdc-step/expected.safetensors"));
        scalars = new JsonMapper()
                .readTree(Golden.folder("gdc-step/expected.json").toFile());
        int[] lengths = Golden.ints(expected, "length_in_generated_tokens");
        int[][] padded = Golden.rows(expected, "input_ids");
        tokens = new int[B][];
        for (int i = 0; i < B; i++) tokens[i] = Arrays.copyOf(padded[i], 1 + lengths[i]);
        prompts = new int[B];
        Arrays.fill(prompts, 1);
    }

    @AfterEach
    void close() {
        expected.close();
    }

    private static CausalLanguageModel load(String name) {
        return Golden.model("gdc-step/" + name);
    }

    private double[] doubles(String name) {
        float[] floats = Golden.floats(expected, name);
        var values = new double[floats.length];
        for (int i = 0; i < values.length; i++) values[i] = floats[i];
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "policy", "proposal"})
    void sequenceLogProbsAgree(String name) {
        double[] want = doubles("log_prob_" + name);
        try (var model = load(name)) {
            double[] got = Sequences.sum(model.tokenLogProbs(tokens, prompts, 7));
            for (int i = 0; i < B; i++) assertThat(got[i]).isCloseTo(want[i], within(1e-4));
        }
    }

    private void assertCoefficients(Objective objective, String name) {
        double[] want = doubles("coefficient." + name);
        double[] logTarget = doubles("log_target_unnormalized");
        double[] logProposal = doubles("log_prob_proposal");
        double[] logPolicy = doubles("log_prob_policy");
        double logZ = Math.log(scalars.path("Z").asDouble());
        for (int i = 0; i < B; i++) {
            double got = objective.coefficient(logTarget[i], logProposal[i], logPolicy[i], logZ);
            assertThat(got).as(name + " of sequence " + i).isCloseTo(want[i], within(1e-5 * (1 + Math.abs(want[i]))));
        }
    }

    @Test
    void coefficientsAgree() {
        assertCoefficients(new Gdc(false), "gdc");
        assertCoefficients(new GdcPlusPlus(false, false), "gdc++_off_policy");
        assertCoefficients(new GdcPlusPlus(true, false), "gdc++_on_policy_formula");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16})
    void gradientsAgreeForAnyMicroBatch(int microBatch) {
        for (String objective : new String[] {"gdc", "gdc++_off_policy"}) {
            double[] c = doubles("coefficient." + objective);
            try (var policy = load("policy")) {
                policy.trainable(name -> true);
                policy.accumulateGradient(tokens, prompts, microBatch, SequenceCoefficients.of((i, logProb) -> c[i]));
                assertThat(policy.gradientNorm() / B)
                        .isCloseTo(scalars.path("grad_norm." + objective).asDouble(), within(1e-3));
                int checked = 0;
                for (var parameter : policy.parameters().list()) {
                    String key = "grad." + objective + "." + parameter.name();
                    if (!expected.entries().containsKey(key)) continue;
                    double[] want = doubles(key);
                    float[] got = policy.parameters()
                            .gradient()
                            .slice(parameter.from(), parameter.size())
                            .toFloats();
                    double difference = 0;
                    double norm = 0;
                    for (int i = 0; i < want.length; i++) {
                        // The fixture is of the loss −mean c·log π, ours of the sum that ascends.
                        difference += Math.pow(-got[i] / B - want[i], 2);
                        norm += want[i] * want[i];
                    }
                    assertThat(Math.sqrt(difference / norm)).as(key).isLessThan(1e-3);
                    checked++;
                }
                assertThat(checked).isEqualTo(4);
            }
        }
    }

    @Test
    void estimatorsAgree() {
        double[] logTarget = doubles("log_target_unnormalized");
        double[] logProposal = doubles("log_prob_proposal");
        var weights = new LogSumExp();
        for (int i = 0; i < B; i++) weights.add(logTarget[i] - logProposal[i]);
        assertThat(Math.exp(weights.logMean())).isCloseTo(scalars.path("Z").asDouble(), within(1e-4));
        var estimates = Divergences.estimate(
                logTarget, logProposal, doubles("log_prob_policy"), doubles("log_prob_base"), weights.logMean());
        assertThat(estimates.klTargetPolicy()).isCloseTo(scalars.path("kl_p_pi").asDouble(), within(1e-5));
        assertThat(estimates.klTargetProposal())
                .isCloseTo(scalars.path("kl_p_q").asDouble(), within(1e-5));
        assertThat(estimates.tvdTargetPolicy())
                .isCloseTo(scalars.path("tvd_p_pi").asDouble(), within(1e-5));
        assertThat(estimates.tvdTargetProposal())
                .isCloseTo(scalars.path("tvd_p_q").asDouble(), within(1e-5));
        assertThat(estimates.klPolicyBase()).isCloseTo(scalars.path("kl_pi_a").asDouble(), within(1e-5));
        assertThat(estimates.effectiveSampleSize())
                .isCloseTo(scalars.path("ess").asDouble(), within(1e-4));
    }
}
