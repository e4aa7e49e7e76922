package io.equipoise.decoding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.equipoise.kernels.Truncation;
import io.equipoise.model.CausalLanguageModel;
import io.equipoise.model.CountingModel;
import io.equipoise.model.TabularModel;
import io.equipoise.sampling.SamplerConfig;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ProposalsTest {
    private static final int COUNT = 300;

    private final ToyTarget toy = new ToyTarget();

    private List<Proposal> draw(CausalLanguageModel base, CausalLanguageModel proposal, double temperature) {
        var sampling = new SamplerConfig(temperature, ToyTarget.LENGTH, Truncation.NONE, false, 256, 5);
        return new Proposals(base, proposal, TabularModel::text, toy.target, sampling).draw(COUNT, 40);
    }

    private int indexOf(Proposal text) {
        int[] tokens = ToyTarget.tokens(List.of(text))[0];
        return IntStream.range(0, toy.sequences.length)
                .filter(i -> Arrays.equals(toy.sequences[i], tokens))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void areWeighedByTheTargetOverTheProposal() {
        var texts = draw(toy.base, toy.proposal, 1);
        assertThat(texts).hasSize(COUNT);
        for (int i = 0; i < COUNT; i++) {
            var text = texts.get(i);
            int x = indexOf(text);
            assertThat(text.index()).isEqualTo(40 + i);
            assertThat(text.text())
                    .isEqualTo(TabularModel.text(List.of(text.generated())).get(0));
            assertThat(text.logProb()).isCloseTo(Math.log(toy.q[x]), within(1e-5));
            if (toy.p[x] == 0) assertThat(text.logWeight()).isEqualTo(Double.NEGATIVE_INFINITY);
            else assertThat(text.logWeight()).isCloseTo(toy.logWeight[x], within(1e-5));
        }
    }

    @Test
    void ofTheBaseModelWeighWhatTheirFeaturesDo() {
        var base = new CountingModel(toy.base);
        for (var text : draw(base, base, 1)) {
            assertThat(text.logWeight()).isEqualTo(toy.target.logPotential(text.phi()));
        }
        assertThat(base.scored()).isEmpty();
    }

    @Test
    void ofATemperedModelAreWeighedByTheTemperedLaw() {
        double temperature = 1.4;
        float[] logits = toy.base.parameters().value().toFloats();
        for (int i = 0; i < logits.length; i++) logits[i] /= (float) temperature;
        var tempered = new TabularModel(3, ToyTarget.LENGTH, logits).logProbs(toy.sequences);
        int weighed = 0;
        for (var text : draw(toy.base, toy.base, temperature)) {
            int x = indexOf(text);
            assertThat(text.logProb()).isCloseTo(tempered[x], within(1e-5));
            if (toy.p[x] == 0) continue;
            assertThat(text.logWeight()).isCloseTo(Math.log(toy.unnormalised[x]) - tempered[x], within(1e-5));
            weighed++;
        }
        assertThat(weighed).isGreaterThan(COUNT / 2);
    }

    @Test
    void withoutWeightAreNotScored() {
        var base = new CountingModel(toy.base);
        var texts = draw(base, toy.proposal, 1);
        long weighed =
                texts.stream().filter(text -> Double.isFinite(text.logWeight())).count();
        assertThat(weighed).isBetween(1L, COUNT - 1L);
        assertThat(base.scored()).hasSize((int) weighed);
    }

    @Test
    void refuseAProposalThatMissesTexts() {
        var truncated = new SamplerConfig(1, ToyTarget.LENGTH, new Truncation(2, 1), false, 256, 5);
        assertThatThrownBy(() -> new Proposals(toy.base, toy.proposal, TabularModel::text, toy.target, truncated))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("top-k or top-p");
        try (var other = TabularModel.random(4, ToyTarget.LENGTH, 1)) {
            assertThatThrownBy(() -> draw(toy.base, other, 1))
                    .hasMessageContaining("the proposal's vocabulary has 5 tokens, the base model's 4");
        }
    }

    @Test
    void refuseAModelThatGivesNoNumber() {
        float[] logits = toy.base.parameters().value().toFloats();
        Arrays.fill(logits, Float.NaN);
        try (var broken = new TabularModel(3, ToyTarget.LENGTH, logits)) {
            assertThatThrownBy(() -> draw(broken, toy.proposal, 1))
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining("is NaN")
                    .hasMessageContaining("check the models' weights");
        }
    }
}
