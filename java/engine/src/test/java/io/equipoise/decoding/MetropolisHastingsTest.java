package io.equipoise.decoding;

import static io.equipoise.sampling.GoodnessOfFit.assertDrawnFrom;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class MetropolisHastingsTest {
    private static final long MANY = 10_000_000;

    private final ToyTarget toy = new ToyTarget();
    private final ImportanceWeights exact = ImportanceWeights.ofLanguage(toy.logWeight, toy.q);

    private static List<Long> indices(TargetSample sample) {
        return sample.texts().stream().map(Proposal::index).toList();
    }

    private TargetSample sample(int burnIn, int thinning, int count, int batch, long seed) {
        return new MetropolisHastings(toy.proposals(batch, seed), burnIn, thinning).sample(count, 0, MANY);
    }

    @Test
    void statesFollowTheTarget() {
        int thinning = 40;
        // So far apart, states are as good as independent, which χ² takes them for.
        assertThat(exact.distanceAfter(thinning)).isLessThan(0.001);
        var sample = sample(thinning, thinning, 4000, 256, 21);
        assertDrawnFrom(toy.p, toy.sequences, ToyTarget.tokens(sample.texts()));
        // Steps are correlated, so this is wider than binomial; α is not claimed.
        assertThat(sample.acceptanceRate()).isCloseTo(exact.movingShare().value(), within(0.01));
    }

    /** Each state is the one before or the proposal of its step, and a step that gains weight always moves. */
    @Test
    void movesToWhatWeighsMoreAndNowAndThenToLess() {
        var chain = sample(0, 1, 3000, 256, 22).texts();
        long first = chain.get(0).index();
        var proposals = toy.proposals(256, 22).draw(3100, 0);
        int moves = 0;
        int stays = 0;
        int descents = 0;
        var state = chain.get(0);
        // The chain's k-th state was decided by the k-th proposal after the start, which may be the first state itself.
        long start = IntStream.range(0, proposals.size())
                .filter(i -> proposals.get(i).logWeight() > Double.NEGATIVE_INFINITY)
                .findFirst()
                .orElseThrow();
        assertThat(first).isBetween(start, start + 1);
        for (int k = 1; k < chain.size(); k++) {
            var proposed = proposals.get((int) (start + 1 + k));
            var next = chain.get(k);
            if (next.index() == proposed.index()) {
                moves++;
                if (proposed.logWeight() < state.logWeight()) descents++;
            } else {
                assertThat(next.index()).isEqualTo(state.index());
                assertThat(proposed.logWeight()).isLessThan(state.logWeight());
                stays++;
            }
            state = next;
        }
        assertThat(moves + stays).isEqualTo(2999);
        assertThat(stays).isGreaterThan(100);
        assertThat(descents).isGreaterThan(100);
    }

    @Test
    void burnInAndThinningPickFromOneChain() {
        var all = indices(sample(0, 1, 500, 256, 23));
        assertThat(indices(sample(20, 1, 480, 256, 23))).isEqualTo(all.subList(20, 500));
        var thinned = LongStream.range(1, 61)
                .mapToObj(k -> all.get((int) (20 + 8 * k - 1)))
                .toList();
        assertThat(indices(sample(20, 8, 60, 256, 23))).isEqualTo(thinned);
        for (int batch : new int[] {1, 13})
            assertThat(indices(sample(0, 1, 500, batch, 23))).isEqualTo(all);
        assertThat(indices(sample(0, 1, 500, 256, 24))).isNotEqualTo(all);
    }

    @Test
    void startsAtTheFirstTextThatHasWeight() {
        var proposals = toy.proposals(256, 25);
        var drawn = proposals.draw(2000, 0);
        int weightless = IntStream.range(0, 1999)
                .filter(i -> drawn.get(i).logWeight() == Double.NEGATIVE_INFINITY)
                .filter(i -> drawn.get(i + 1).logWeight() == Double.NEGATIVE_INFINITY)
                .findFirst()
                .orElseThrow();
        int start = IntStream.range(weightless, 2000)
                .filter(i -> drawn.get(i).logWeight() > Double.NEGATIVE_INFINITY)
                .findFirst()
                .orElseThrow();
        var sample = new MetropolisHastings(proposals, 0, 1).sample(100, weightless, MANY);
        assertThat(sample.proposals()).isEqualTo(start - weightless + 101);
        assertThat(indices(sample))
                .isEqualTo(indices(new MetropolisHastings(proposals, 0, 1).sample(100, start, MANY)));
        assertThat(sample.texts()).noneMatch(text -> text.text().contains("cc"));
        assertThatThrownBy(() -> new MetropolisHastings(proposals, 0, 1).sample(100, weightless, 102))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none of 2 texts of the proposal has any");
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> sample(-1, 1, 1, 1, 0)).hasMessage("burn-in must be >= 0, got -1");
        assertThatThrownBy(() -> sample(0, 0, 1, 1, 0)).hasMessage("thinning must be >= 1, got 0");
        assertThatThrownBy(() -> sample(0, 1, 0, 1, 0)).hasMessage("count must be >= 1, got 0");
        assertThatThrownBy(() -> new MetropolisHastings(toy.proposals(1, 0), 100, 10).sample(5, 0, 150))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5 texts takes a start and 150 steps")
                .hasMessageContaining("more than 150 proposals");
    }
}
