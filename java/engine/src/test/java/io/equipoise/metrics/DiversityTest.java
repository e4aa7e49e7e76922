package io.equipoise.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.equipoise.golden.GoldenTensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiversityTest {
    private static final JsonNode GOLDEN = GoldenTensors.json("text-metrics.json");

    private static List<String> sentences() {
        var sentences = new ArrayList<String>();
        GOLDEN.get("sentences").forEach(sentence -> sentences.add(sentence.asText()));
        return sentences;
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void selfBleuIsNltks(int n) {
        assertThat(Diversity.selfBleu(n, sentences()))
                .isCloseTo(GOLDEN.get("self_bleu_" + n).asDouble(), within(1e-9));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void distinctIsTheReference(int n) {
        assertThat(Diversity.distinct(n, sentences()))
                .isCloseTo(GOLDEN.get("distinct_" + n + "_per_sequence_mean").asDouble(), within(1e-9));
        assertThat(Diversity.distinctInCorpus(n, sentences()))
                .isCloseTo(GOLDEN.get("distinct_" + n + "_corpus").asDouble(), within(1e-9));
    }

    @Test
    void distinctByHand() {
        var texts = List.of("a b a b", "a b", "c");
        assertThat(Diversity.distinct(1, texts)).isCloseTo((0.5 + 1 + 1) / 3, within(1e-15));
        assertThat(Diversity.distinctInCorpus(1, texts)).isCloseTo(3 / 7.0, within(1e-15));
        assertThat(Diversity.distinct(2, texts))
                .as("ab, ba, ab; ab; the third has none")
                .isCloseTo((2 / 3.0 + 1) / 2, within(1e-15));
        assertThat(Diversity.distinctInCorpus(2, texts)).isCloseTo(2 / 4.0, within(1e-15));
    }

    @Test
    void textsWithoutWordsCountForNothing() {
        assertThat(Diversity.distinct(1, List.of("", "  \n"))).isZero();
        assertThat(Diversity.distinctInCorpus(1, List.of())).isZero();
        assertThat(Diversity.distinct(1, List.of("", "\ta\u00a0a ")))
                .as("a no-break space separates words")
                .isEqualTo(0.5);
        assertThat(Diversity.selfBleu(2, List.of("", "a b"))).isZero();
    }

    @Test
    void sameTextsAreNotVaried() {
        assertThat(Diversity.selfBleu(4, List.of("one two three four five", "one two three four five")))
                .isCloseTo(1, within(1e-12));
        assertThat(Diversity.selfBleu(4, List.of("one two three four", "five six seven eight")))
                .isZero();
    }

    @Test
    void selfBleuByHand() {
        // "a b c" against "a b d e": 2 of 3 words, 1 of 2 pairs, brevity exp(1 − 4/3); back: 2 of 4, 1 of 3, no
        // penalty.
        double one = Math.exp(1 - 4 / 3.0) * Math.sqrt(2 / 3.0 * 1 / 2);
        double other = Math.sqrt(2 / 4.0 * 1 / 3);
        assertThat(Diversity.selfBleu(2, List.of("a b c", "a b d e"))).isCloseTo((one + other) / 2, within(1e-14));
    }

    @Test
    void orderOfTextsDoesNotMatter() {
        long seed = 20_611;
        var texts = randomTexts(new Random(seed), 60);
        var shuffled = new ArrayList<>(texts);
        Collections.shuffle(shuffled, new Random(seed));
        for (int n = 1; n <= 5; n++) {
            assertThat(Diversity.selfBleu(n, shuffled))
                    .as("seed %d, n %d", seed, n)
                    .isCloseTo(Diversity.selfBleu(n, texts), within(1e-12));
        }
    }

    @Test
    void repeatingACorpusSaturatesSelfBleuAndHalvesCorpusDistinct() {
        long seed = 7;
        var texts = randomTexts(new Random(seed), 20);
        var twice = new ArrayList<>(texts);
        twice.addAll(texts);
        assertThat(Diversity.selfBleu(3, twice))
                .as("seed %d: each text is its own copy's reference", seed)
                .isCloseTo(1, within(1e-12));
        assertThat(Diversity.distinctInCorpus(2, twice))
                .as("seed %d", seed)
                .isCloseTo(Diversity.distinctInCorpus(2, texts) / 2, within(1e-12));
        assertThat(Diversity.distinct(2, twice))
                .as("seed %d", seed)
                .isCloseTo(Diversity.distinct(2, texts), within(1e-12));
    }

    @Test
    void refusesWhatHasNoMeaning() {
        assertThatThrownBy(() -> Diversity.selfBleu(3, List.of("alone")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("self-BLEU compares texts with each other: it needs two or more, got 1");
        assertThatThrownBy(() -> Diversity.distinct(0, List.of("a"))).hasMessage("n-grams have n >= 1, got 0");
        assertThatThrownBy(() -> Diversity.selfBleu(0, List.of("a", "b"))).hasMessage("n-grams have n >= 1, got 0");
    }

    /** At least five words each, of a small vocabulary. */
    private static List<String> randomTexts(Random random, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> String.join(
                        " ",
                        random.ints(5 + random.nextInt(15), 0, 12)
                                .mapToObj(word -> "w" + word)
                                .toList()))
                .toList();
    }
}
