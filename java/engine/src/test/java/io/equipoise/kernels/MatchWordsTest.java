package io.equipoise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.equipoise.memory.Vector;
import io.equipoise.target.AnyWord;
import io.equipoise.target.Feature;
import io.equipoise.target.Features;
import io.equipoise.target.Words;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MatchWordsTest {
    private static final Kernels REFERENCE = new ReferenceKernels();
    private static final long SEED = 31;
    private static final String ASCII = "aabbssdlerRtTvm05''''----   .,\n\u0000\u007f=<";
    /** Curly and soft, joined and combined, wide and astral, and what folds to ASCII or decomposes. */
    private static final String BEYOND = ASCII + "é’\u2010\u00AD\u0301\u0338\u200D\u212Aßſİ\uD83D\uDE00—";

    private static int[] run(Kernels kernels, int[] tokens, long[] starts, WordAutomaton automaton) {
        var stale = new int[starts.length - 1];
        Arrays.fill(stale, 7);
        try (var found = Vector.of(stale);
                var token = Vector.of(tokens);
                var start = Vector.of(starts)) {
            kernels.matchWords(found, token, start, automaton);
            return found.toInts();
        }
    }

    /** Any transitions and tokens, though the states that are never left are reached seldom. */
    private static WordAutomaton random(int states, int vocabulary, Random random) {
        var next = new int[states][WordAutomaton.SYMBOLS];
        var verdict = new int[states];
        for (int state = 0; state < states; state++) {
            for (int s = 0; s < next[state].length; s++) {
                boolean last = random.nextInt(40) == 0;
                int to = last ? random.nextInt(WordAutomaton.START) : random.nextInt(WordAutomaton.START, states);
                next[state][s] = state < WordAutomaton.START ? state : to;
            }
            verdict[state] = random.nextInt(-1, 2);
        }
        verdict[WordAutomaton.FOUND] = 1;
        verdict[WordAutomaton.UNDECIDED] = -1;
        var tokens = new byte[vocabulary][];
        for (int v = 0; v < vocabulary; v++) {
            tokens[v] = new byte[random.nextInt(6)];
            random.nextBytes(tokens[v]);
        }
        return new WordAutomaton(next, verdict, tokens);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void findsWhatTheReferenceFinds(Kernels kernels) {
        var random = new Random(SEED);
        var verdicts = new int[3];
        for (int rows : new int[] {0, 1, 7, 33, 300}) {
            for (int states : new int[] {3, 4, 60}) {
                for (int vocabulary : new int[] {1, 31, 5000}) {
                    var starts = new long[rows + 1];
                    starts[0] = random.nextInt(3);
                    for (int i = 0; i < rows; i++) starts[i + 1] = starts[i] + random.nextInt(20);
                    // Padding, what no token is, and tokens after the last sequence are among them.
                    int[] tokens = random.ints(starts[rows] + random.nextInt(3), -2, vocabulary + 1 + vocabulary / 50)
                            .toArray();
                    try (var automaton = random(states, vocabulary, random)) {
                        int[] found = run(kernels, tokens, starts, automaton);
                        assertThat(found)
                                .as("%d rows, %s, seed %d", rows, automaton, SEED)
                                .isEqualTo(run(REFERENCE, tokens, starts, automaton));
                        for (int verdict : found) verdicts[verdict + 1]++;
                    }
                }
            }
        }
        for (int count : verdicts) assertThat(count).isGreaterThan(100);
    }

    /** Texts cut into tokens anywhere, inside characters too, with tokens of no text between them. */
    private static final class Pieces {
        private final List<byte[]> vocabulary = new ArrayList<>(List.of(new byte[0]));
        private final List<Integer> tokens = new ArrayList<>();
        private final List<Long> starts = new ArrayList<>(List.of(0L));

        void add(String text, Random random) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            for (int at = 0, to; at < bytes.length; at = to) {
                if (random.nextInt(4) == 0) tokens.add(random.nextInt(-1, 1));
                to = Math.min(bytes.length, at + 1 + random.nextInt(4));
                tokens.add(vocabulary.size());
                vocabulary.add(Arrays.copyOfRange(bytes, at, to));
            }
            starts.add((long) tokens.size());
        }

        int[] found(Kernels kernels, Feature feature) {
            var words = (AnyWord) feature;
            try (var automaton = words.automaton(vocabulary.toArray(byte[][]::new))) {
                return run(
                        kernels,
                        tokens.stream().mapToInt(token -> token).toArray(),
                        starts.stream().mapToLong(start -> start).toArray(),
                        automaton);
            }
        }
    }

    /** Characters of an alphabet, and here and there one of the given strings. */
    private static String text(Random random, String alphabet, int length, List<String> often) {
        int[] characters = alphabet.codePoints().toArray();
        var text = new StringBuilder();
        for (int i = random.nextInt(length); i > 0; i--) {
            if (random.nextInt(6) < 1 && !often.isEmpty()) text.append(often.get(random.nextInt(often.size())));
            else text.appendCodePoint(characters[random.nextInt(characters.length)]);
        }
        return text.toString();
    }

    private static List<String> list(Random random) {
        var words = new ArrayList<String>();
        while (words.size() < 1 + random.nextInt(4)) {
            var word = text(random, "aabsdlre''-é", 5, List.of());
            // Nothing before or after its letters, which would be refused.
            if (Words.of(word).equals(List.of(word))) words.add(random.nextInt(4) == 0 ? word + "*" : word);
        }
        return words;
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void isTheScoreOfTheText(Kernels kernels) {
        var random = new Random(SEED);
        var decided = new int[2];
        for (int trial = 0; trial < 150; trial++) {
            var words = list(random);
            var feature = Features.words(words);
            var often = new ArrayList<>(words);
            for (String listed : words) {
                String word = listed.replace("*", "");
                often.addAll(List.of(word.toUpperCase(Locale.ROOT), " " + word, word + "'s "));
            }
            var texts = new ArrayList<String>();
            var pieces = new Pieces();
            for (int i = 0; i < 100; i++) {
                var text = text(random, i % 2 == 0 ? ASCII : BEYOND, 16, often);
                texts.add(text);
                pieces.add(text, random);
            }
            int[] found = pieces.found(kernels, feature);
            for (int i = 0; i < found.length; i++) {
                var what = String.format("words %s in \"%s\", trial %d, seed %d", words, texts.get(i), trial, SEED);
                boolean ascii = texts.get(i).chars().allMatch(character -> character < 128);
                if (ascii || found[i] >= 0) assertThat(found[i]).as(what).isEqualTo((int) feature.score(texts.get(i)));
                else assertThat(found[i]).as(what).isEqualTo(-1);
                if (!ascii && found[i] >= 0) assertThat(found[i]).as(what).isEqualTo(1);
                if (found[i] >= 0) decided[found[i]]++;
            }
        }
        assertThat(decided[0]).isGreaterThan(1000);
        assertThat(decided[1]).isGreaterThan(1000);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void decidesWhatFollowingBytesCantChange(Kernels kernels) {
        var texts = new String[] {
            "",
            "she",
            "SHE'LL",
            "she'd've",
            "she's.",
            "ashe",
            "she5",
            "she-wolf",
            "wolf-she's",
            "she'x",
            "x'she",
            "'she'",
            "-she-",
            "she--x",
            "x-y",
            "X-Y's ",
            "x-y-z",
            "x",
            "x-",
            "don't",
            "don",
            "o-don't-o",
            "x-y-",
            "she \u00e9",
            "she-\u00e9",
            "she\u00e9",
            "she'\u00e9",
            "she\u0301",
            "\u00e9 she",
            "x-y-\u00e9",
            "x-y \u00e9"
        };
        var wanted = new int[] {
            0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 1, 1, -1, -1, -1, -1, -1, 1
        };
        var pieces = new Pieces();
        for (String text : texts) pieces.add(text, new Random(SEED));
        int[] found = pieces.found(kernels, Features.words(List.of("she", "x-y", "don't")));
        for (int i = 0; i < texts.length; i++) assertThat(found[i]).as(texts[i]).isEqualTo(wanted[i]);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void aStemGoesOnInAnyWay(Kernels kernels) {
        var texts = new String[] {
            "run",
            "running",
            "a re-run.",
            "outrun",
            "ru",
            "run's",
            "run-x",
            "x-y",
            "a-bc-d",
            "a-b",
            "bc",
            "run\u0303",
            "runn\u00e9",
            "run "
        };
        var wanted = new int[] {1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, -1, -1, 1};
        var pieces = new Pieces();
        for (String text : texts) pieces.add(text, new Random(SEED));
        int[] found = pieces.found(kernels, Features.words(List.of("run*", "a-b*")));
        for (int i = 0; i < texts.length; i++) assertThat(found[i]).as(texts[i]).isEqualTo(wanted[i]);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void readsAListOfHundredsOfWords(Kernels kernels) {
        var pieces = new Pieces();
        var random = new Random(SEED);
        pieces.add("The admiral's sub-committee met at the harbour.", random);
        pieces.add("Nothing of the kind happened at all in the house.", random);
        assertThat(pieces.found(kernels, Features.wordList("sea"))).containsExactly(1, 0);
    }

    @ParameterizedTest
    @MethodSource("io.equipoise.kernels.Implementations#all")
    void whatDoesNotFitIsRefused(Kernels kernels) {
        try (var automaton = random(3, 4, new Random(SEED));
                var found = Vector.i32(2);
                var tokens = Vector.i32(5);
                var two = Vector.i64(2);
                var descending = Vector.of(0L, 4, 3);
                var beyond = Vector.of(0L, 4, 6)) {
            assertThatThrownBy(() -> kernels.matchWords(found, tokens, two, automaton))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("start is I64 of 2, wanted I64 of 3");
            assertThatThrownBy(() -> kernels.matchWords(found, tokens, descending, automaton))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("matchWords: start 2 is 3, wanted 4 to 5");
            assertThatThrownBy(() -> kernels.matchWords(found, tokens, beyond, automaton))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining("matchWords: start 2 is 6, wanted 4 to 5");
        }
    }
}
