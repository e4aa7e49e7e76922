package io.equipoise.training;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.NativeMemory;
import io.equipoise.model.Golden;
import io.equipoise.model.TextDecoder;
import io.equipoise.model.Tokenizer;
import io.equipoise.target.Constraint;
import io.equipoise.target.FeatureScores;
import io.equipoise.target.Features;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SequenceFeaturesTest {
    private static final long SEED = 5;
    private static final List<Constraint> WORDS = List.of(
            Constraint.pointwise("she", Features.words(List.of("she", "her"))),
            Constraint.moment("sea", Features.wordList("sea"), 0.5),
            Constraint.pointwise("no ship", Features.word("ship*").not()),
            Constraint.pointwise("the", Features.word("the")));
    private static final List<Constraint> MIXED = List.of(
            Constraint.moment("length", Features.length(), 10),
            Constraint.pointwise("the", Features.word("the")),
            Constraint.moment("comma", Features.regex(","), 0.5),
            Constraint.moment("sea", Features.wordList("sea"), 0.5));

    /** Counts the texts it makes. */
    private static final class Counting implements TextDecoder {
        private final Tokenizer tokenizer;
        private int texts;

        Counting(Tokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        @Override
        public List<String> decode(List<int[]> sequences) {
            texts += sequences.size();
            return tokenizer.decode(sequences);
        }

        @Override
        public Optional<byte[][]> tokenBytes() {
            return tokenizer.tokenBytes();
        }
    }

    /** Any tokens of the vocabulary, pieces of characters and the end of the text among them; and texts of ASCII. */
    private static List<int[]> sequences(Tokenizer tokenizer) {
        var random = new Random(SEED);
        var sequences = new ArrayList<int[]>();
        for (int i = 0; i < 400; i++) {
            sequences.add(random.ints(random.nextInt(20), 0, tokenizer.vocabularySize())
                    .toArray());
        }
        for (String end : List.of("", "'s", "-born", ".", "'", "-", "\u2019s", "\u00e9")) {
            for (String word : List.of("the", "She", "HERS", "sailor", "fathe", "ship")) {
                sequences.add(tokenizer.encode("It was 5 o'clock, and " + word + end));
                sequences.add(tokenizer.encode(word + end + " it was"));
            }
        }
        return sequences;
    }

    @Test
    void isWhatTheTextsScore() {
        long before = NativeMemory.liveBytes();
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"))) {
            var sequences = sequences(tokenizer);
            for (var constraints : List.of(WORDS, MIXED)) {
                var text = new Counting(tokenizer);
                try (var features = new SequenceFeatures(constraints, text, KernelProvider.kernels())) {
                    double[][] phi = features.score(sequences);
                    assertThat(phi)
                            .as("seed %d", SEED)
                            .isDeepEqualTo(FeatureScores.score(constraints, tokenizer.decode(sequences)));
                    assertThat(features.score(List.of())).isEmpty();
                    if (constraints == MIXED) assertThat(text.texts).isEqualTo(sequences.size());
                    else assertThat(text.texts).isBetween(10, sequences.size() / 2);
                }
            }
        }
        assertThat(NativeMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void whereTokensHaveNoBytesTextsAreScored() {
        TextDecoder letters = sequences -> sequences.stream()
                .map(tokens -> tokens.length == 0 ? "" : "the")
                .toList();
        try (var features = new SequenceFeatures(WORDS, letters, KernelProvider.kernels())) {
            assertThat(features.score(List.of(new int[1], new int[0])))
                    .isDeepEqualTo(new double[][] {{0, 0, 1, 1}, {0, 0, 1, 0}});
        }
    }

    @Test
    void onPrefixesIsWhatMayBeScoredThere() {
        var costly = Constraint.moment("costly", text -> text.length(), 20);
        try (var tokenizer = Tokenizer.load(Golden.folder("tokenizer/tokenizer.json"));
                var features = new SequenceFeatures(
                        List.of(WORDS.get(1), costly, WORDS.get(2)), tokenizer, KernelProvider.kernels());
                var allMay = new SequenceFeatures(MIXED, tokenizer, KernelProvider.kernels());
                var noneMay = new SequenceFeatures(List.of(costly), tokenizer, KernelProvider.kernels())) {
            var prefixes = sequences(tokenizer);
            var texts = tokenizer.decode(prefixes);
            assertThat(features.ofPrefixes().score(prefixes))
                    .isDeepEqualTo(FeatureScores.score(List.of(WORDS.get(1), WORDS.get(2)), texts));
            assertThat(allMay.ofPrefixes()).isSameAs(allMay);
            assertThat(noneMay.ofPrefixes().size()).isZero();
            assertThat(noneMay.ofPrefixes().score(prefixes)).isDeepEqualTo(new double[prefixes.size()][0]);
        }
    }
}
