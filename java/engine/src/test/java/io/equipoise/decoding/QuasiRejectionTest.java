package io.equipoise.decoding;

import static io.equipoise.sampling.GoodnessOfFit.assertDrawnFrom;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class QuasiRejectionTest {
    private static final long MANY = 1_000_000;

    private final ToyTarget toy = new ToyTarget();

    private TargetSample sample(double logBeta, int count, int batch, long seed) {
        return new QuasiRejection(toy.proposals(batch, seed), logBeta).sample(count, 0, MANY);
    }

    @Test
    void acceptedTextsFollowTheirLaw() {
        double logBeta = toy.logLargest - 1;
        double[] law = toy.accepted(logBeta);
        assertThat(ToyTarget.tvd(law, toy.p)).isGreaterThan(0.02);
        var sample = sample(logBeta, 20_000, 256, 7);
        assertDrawnFrom(law, toy.sequences, ToyTarget.tokens(sample.texts()));
        var exact = ImportanceWeights.ofLanguage(toy.logWeight, toy.q);
        double acceptance = exact.at(logBeta).acceptance().value();
        // Binomial, α = 0.001 two-sided.
        double deviation = Math.sqrt(acceptance * (1 - acceptance) / sample.proposals());
        assertThat(sample.acceptanceRate()).isCloseTo(acceptance, within(3.29 * deviation));
    }

    @Test
    void fromTheLargestWeightOnIsTheTargetItself() {
        var sample = sample(toy.logLargest, 20_000, 256, 8);
        assertDrawnFrom(toy.p, toy.sequences, ToyTarget.tokens(sample.texts()));
    }

    @Test
    void textsWithoutWeightAreNeverAccepted() {
        var texts = sample(-700, 2000, 256, 9).texts();
        assertThat(texts).noneMatch(text -> text.text().contains("cc"));
        assertThat(texts).allMatch(text -> Double.isFinite(text.logWeight()));
        assertThat(toy.proposals(256, 9).draw(2000, 0)).anyMatch(text -> text.logWeight() == Double.NEGATIVE_INFINITY);
    }

    @Test
    void whatIsAcceptedDependsOnSeedAndIndexAlone() {
        var together = sample(toy.logLargest, 300, 256, 10);
        for (int batch : new int[] {1, 7}) {
            var apart = sample(toy.logLargest, 300, batch, 10);
            assertThat(apart.proposals()).isEqualTo(together.proposals());
            assertThat(indices(apart)).isEqualTo(indices(together));
            assertThat(ToyTarget.tokens(apart.texts())).isDeepEqualTo(ToyTarget.tokens(together.texts()));
        }
        // Fewer texts are the first of them, later proposals the later ones.
        assertThat(indices(sample(toy.logLargest, 120, 256, 10)))
                .isEqualTo(indices(together).subList(0, 120));
        var later = new QuasiRejection(toy.proposals(256, 10), toy.logLargest)
                .sample(180, together.texts().get(119).index() + 1, MANY);
        assertThat(indices(later)).isEqualTo(indices(together).subList(120, 300));
        assertThat(indices(sample(toy.logLargest, 300, 256, 11))).isNotEqualTo(indices(together));
        assertThat(together.proposals()).isEqualTo(together.texts().get(299).index() + 1);
    }

    private static List<Long> indices(TargetSample sample) {
        return sample.texts().stream().map(Proposal::index).toList();
    }

    /** A larger β accepts some of what a smaller one does: the same random number decides. */
    @Test
    void aLargerBetaAcceptsFewerOfTheSame() {
        var fewer = sample(toy.logLargest + 1, 200, 256, 12);
        var more = sample(toy.logLargest, 2000, 256, 12);
        long end = fewer.proposals();
        var among = indices(more).stream().filter(index -> index < end).toList();
        assertThat(among).containsAll(indices(fewer)).hasSizeGreaterThan(300);
    }

    @Test
    void givesUpAfterTheMostProposals() {
        var sampling = new QuasiRejection(toy.proposals(256, 13), toy.logLargest + 20);
        assertThatThrownBy(() -> sampling.sample(5, 0, 1000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("of 1000 texts of the proposal 0 were accepted at β")
                .hasMessageContaining("wanted 5")
                .hasMessageContaining("lower β");
        var just = sample(toy.logLargest, 50, 256, 10);
        var enough = new QuasiRejection(toy.proposals(256, 10), toy.logLargest);
        assertThat(enough.sample(50, 0, just.proposals()).texts()).hasSize(50);
        assertThatThrownBy(() -> enough.sample(50, 0, just.proposals() - 1)).hasMessageContaining(" 49 were accepted");
    }

    @Test
    void refusesWhatIsNoBeta() {
        assertThatThrownBy(() -> new QuasiRejection(toy.proposals(1, 0), Double.NEGATIVE_INFINITY))
                .hasMessage("log β must be finite, got -Infinity");
        assertThatThrownBy(() -> sample(0, 0, 1, 0)).hasMessage("count must be >= 1, got 0");
    }
}
