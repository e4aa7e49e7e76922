package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WordsTest {
    static List<Arguments> texts() {
        return List.of(
                Arguments.of("", List.of()),
                Arguments.of(" .,;!?—…\t\n", List.of()),
                Arguments.of("The cat, the CAT.", List.of("the", "cat", "the", "cat")),
                Arguments.of("She'll say she’s 'fine'", List.of("she'll", "say", "she's", "fine")),
                Arguments.of("the dogs' 'tis rock'n'roll", List.of("the", "dogs", "tis", "rock'n'roll")),
                Arguments.of(
                        "well-known, non\u2011stop end- -start a--b",
                        List.of("well-known", "non-stop", "end", "start", "a", "b")),
                Arguments.of("mother-in-law's", List.of("mother-in-law's")),
                Arguments.of("3.14 and 1,000 R2D2 x_y", List.of("3", "14", "and", "1", "000", "r2d2", "x", "y")),
                Arguments.of("Cafe\u0301 CAFÉ", List.of("café", "café")),
                Arguments.of("Straße STRASSE", List.of("strasse", "strasse")),
                Arguments.of("ΟΔΟΣ οδός", List.of("οδος", "οδός")),
                Arguments.of("наука Наука", List.of("наука", "наука")),
                Arguments.of("हिन्दी भाषा", List.of("हिन्दी", "भाषा")),
                Arguments.of("\u01F0", List.of("\u01F0")), // its upper case is two characters
                Arguments.of("Ti\u00adtle", List.of("title")),
                Arguments.of("𝒳 𐐀𐐁", List.of("𝒳", "𐐨𐐩")),
                Arguments.of("a\uD800b \uDC00 c\uD83D", List.of("a", "b", "c")),
                Arguments.of("\uD83D\uDE00ok\uD83D\uDE00", List.of("ok")),
                Arguments.of("我的T恤3月", List.of("我", "的", "t", "恤", "3", "月")),
                Arguments.of("コーヒー、人々", List.of("コ", "ー", "ヒ", "ー", "人", "々")),
                Arguments.of("น้ำ she's", List.of("น้", "ำ", "she's")),
                Arguments.of("a-她 她's", List.of("a", "她", "她", "s")),
                Arguments.of("시간은 없다", List.of("시간은", "없다")),
                Arguments.of("'", List.of()),
                Arguments.of("-a-", List.of("a")));
    }

    @ParameterizedTest
    @MethodSource("texts")
    void divides(String text, List<String> words) {
        assertThat(Words.of(text)).isEqualTo(words);
    }

    @Test
    void lettersOfScriptsWithoutSpacesAdjoin() {
        var adjoining = new ArrayList<String>();
        for (var words = Words.in("我T恤, 她's of a-b"); words.next(); ) if (words.adjoins()) adjoining.add(words.word());
        assertThat(adjoining).containsExactly("t", "恤");
    }

    @Test
    void localeDoesNotMatter() {
        var before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr"));
            assertThat(Words.of("TITLE IT é TITLE")).containsExactly("title", "it", "é", "title");
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void anyTextGivesFoldedWords() {
        long seed = 77;
        var random = new Random(seed);
        for (int trial = 0; trial < 2000; trial++) {
            var text = new StringBuilder();
            for (int i = random.nextInt(30); i > 0; i--) {
                if (random.nextBoolean()) text.append((char) (32 + random.nextInt(95)));
                else if (random.nextBoolean()) text.append((char) random.nextInt(0x10000)); // lone surrogates too
                else text.appendCodePoint(random.nextInt(0x110000));
            }
            var words = Words.of(text.toString());
            for (String word : words) {
                assertThat(word).as("seed %d, trial %d", seed, trial).isNotEmpty();
                assertThat(Words.forms(word))
                        .as("seed %d, trial %d", seed, trial)
                        .contains(word);
            }
            assertThat(Words.of(String.join(" ", words)))
                    .as("seed %d, trial %d: words stay words", seed, trial)
                    .isEqualTo(words);
        }
    }

    @Test
    void formsLeaveOutClitics() {
        assertThat(Words.forms("she")).containsExactly("she");
        assertThat(Words.forms("she'll")).containsExactly("she'll", "she");
        assertThat(Words.forms("she'd've")).containsExactly("she'd've", "she'd", "she");
        assertThat(Words.forms("don't")).containsExactly("don't");
        assertThat(Words.forms("o'clock")).containsExactly("o'clock");
        assertThat(Words.forms("post-war")).containsExactly("post-war", "post", "war");
        assertThat(Words.forms("mother-in-law's"))
                .containsExactly("mother-in-law's", "mother-in-law", "mother", "in", "law's", "law");
    }

    @Test
    void clausesStartAfterPunctuation() {
        var starts = new ArrayList<String>();
        for (var words = Words.in("No. \"Great\" film, really good – \"yes\""); words.next(); ) {
            if (words.startsClause()) starts.add(words.word());
        }
        assertThat(starts).containsExactly("no", "great", "really", "yes");
    }
}
