package io.equipoise.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeaturesTest {
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "war, The WAR ended, 1",
                "war, postwar warden, 0",
                "war, post-war years, 1",
                "war, (war), 1",
                "war, ``, 0",
                "WAR, war!, 1",
                "don, don't do it, 0",
                "don't, He DON’T care, 1",
                "she, she'll, 1",
                "café, Cafe\u0301s and a CAFE\u0301, 1",
                "straße, STRASSE, 1",
                "well-known, a well\u2010known man, 1",
                "known, a well-known man, 1",
                "x, \uD800x\uDC00, 1",
                "run*, Running late, 1",
                "run*, a re-run's end, 1",
                "run*, run, 1",
                "run*, outrun, 0",
                "run*, ruñ, 0",
                "mother-in*, my mother-in-law, 1",
                "don't*, don't, 1",
                "наук*, о науке, 1",
                "` she `, she, 1",
                "时间, 我没有时间了, 1",
                "时间*, 我没有时间了, 1",
                "时间, 时，间, 0",
                "时, 我没有时间了, 1",
                "T恤, 我的t恤, 1",
                "T恤, ＡT恤, 0",
                "コーヒー, 熱いコーヒーを飲む, 1",
                "二〇二四, 在二〇二四年, 1",
                "กา, น้ำกาแฟ, 1",
                "กาน, กาน้ำ, 0",
                "she, 我看见she了, 1"
            })
    void wordOccurs(String word, String text, double score) {
        var feature = Features.word(word);
        assertThat(feature.score(text)).isEqualTo(score);
        assertThat(feature.isBoolean()).isTrue();
    }

    @Test
    void anyOfWordsOccurs() {
        var feature = Features.words(List.of("Paris", "rome"));
        assertThat(feature.score("in Rome.")).isOne();
        assertThat(feature.score("in Berlin")).isZero();
        assertThat(feature.score("")).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "politics, the senator spoke", "sea, The whale sank the ship", "family, my grandmother's house",
        "war, a soldier", "money, ten dollars", "nature, under the oak"
    })
    void shippedListsHoldTheirWords(String list, String text) {
        assertThat(Features.wordList(list).score(text)).isOne();
        assertThat(Features.wordList(list).score("a quick thought about it")).isZero();
        assertThat(WordLists.shipped(list).words()).hasSizeBetween(60, 200);
    }

    @Test
    void filesHoldOneWordALine(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("list.txt"), "# cities\nParis\n\n  rome # the eternal\r\n");
        var feature = Features.wordFile(file);
        assertThat(feature.score("PARIS")).isOne();
        assertThat(feature.score("Rome's")).isOne();
        assertThat(feature.score("cities, the eternal")).isZero();
        var phrase = Files.writeString(folder.resolve("phrase.txt"), "new york\n");
        assertThatThrownBy(() -> Features.wordFile(phrase))
                .hasMessageContaining("phrase.txt")
                .hasMessageContaining("\"new york\" is 2 words, wanted one; for a phrase use a regex feature");
        var empty = Files.writeString(folder.resolve("empty.txt"), "# nothing\n");
        assertThatThrownBy(() -> Features.wordFile(empty)).hasMessageContaining("has no words");
        assertThatThrownBy(() -> Features.wordFile(folder.resolve("none.txt")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none.txt");
    }

    @Test
    void filesMayBeginWithAByteOrderMark(@TempDir Path folder) throws IOException {
        var marked = Files.writeString(folder.resolve("marked.txt"), "\uFEFF# my list\r\ntime\r\n");
        assertThat(Features.wordFile(marked).score("In time.")).isOne();
        var other = Files.write(folder.resolve("other.txt"), "time\n".getBytes(StandardCharsets.UTF_16));
        assertThatThrownBy(() -> Features.wordFile(other))
                .hasMessageContaining("other.txt: its byte order mark says UTF-16; save it as UTF-8");
    }

    @Test
    void filesMayHoldStemsAndSayWhichLineIsNoWord(@TempDir Path folder) throws IOException {
        var stems = Files.writeString(folder.resolve("stems.txt"), "abandon*\nrun*\n");
        assertThat(Features.wordFile(stems).score("She was running")).isOne();
        assertThat(Features.wordFile(stems).score("She ruins it")).isZero();
        var symbols = Files.writeString(folder.resolve("languages.txt"), "java\nC# # by Microsoft\n");
        assertThatThrownBy(() -> Features.wordFile(symbols))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("languages.txt, line 2: \"C#\" has # where")
                .hasMessageContaining("pattern: '(?i)\\bC#'");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "C#, has # where, (?i)\\bC#, I like c# a lot, vitamin C",
                ".NET, has . where, (?i)\\.NET\\b, on .net 8, a fishing net",
                "@user, has @ where, (?i)@user\\b, hi @User!, the user",
                "$100, has $ where, (?i)\\$100\\b, for $100, 100 men",
                "-ing, has - where, (?i)-ing\\b, an -ing form, ing",
                "*ing, has * where, (?i)\\b\\w*ing\\b, running, ingot",
                "run**, has * where, (?i)\\brun\\w*\\w*\\b, running, outrun",
                "'tis, has ' where, (?i)''tis\\b, so 'tis, tisane",
                "x\u200by, is 2 words, (?iU)\\bx\u200by\\b, x\u200by, xy",
                "naïve!, has ! where, (?iU)\\bnaïve!, Naïve! So, naïve",
                "new york, is 2 words, (?i)\\bnew york\\b, in New York., newyork",
                "U.S., is 2 words, (?i)\\bU\\.S\\., the u.s. army, us",
                "1.10, is 2 words, (?i)\\b1\\.10\\b, at 1.10, 1110",
                "!, is 0 words, (?i)!, oh!, oh",
                "*, is 0 words, (?i)\\b\\w*\\b, a, ``"
            })
    void whatIsNoWordIsRefusedWithAPatternThatFindsIt(
            String word, String reason, String pattern, String with, String without) {
        assertThatThrownBy(() -> Features.word(word))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("feature word: \"" + word + "\" " + reason)
                .hasMessageContaining("use a regex feature, pattern: '" + pattern + "'");
        var advised = Features.regex(pattern.replace("''", "'"));
        assertThat(advised.score(with)).isOne();
        assertThat(advised.score(without)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\b", "\u0007", "\f", "\u000B", "\u001B", "\0", "\u0085", "\u2029"})
    void controlCharactersInAPatternAreRefused(String character) {
        assertThatThrownBy(() -> Features.create("regex", Map.of("pattern", character + "he")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'pattern' has U+00".replace("00", character.equals("\u2029") ? "20" : "00"))
                .hasMessageContaining("in double quotes; in single quotes it leaves \\");
    }

    @Test
    void aPatternMayHoldTabsAndEndsOfLines() {
        assertThat(Features.regex("a\tb\nc").score("a\tb\nc")).isOne();
        assertThatThrownBy(() -> Features.regex("\bhe\b"))
                .hasMessage("feature regex: 'pattern' has U+0008 (backspace), which YAML makes of \\b in double quotes;"
                        + " in single quotes it leaves \\b alone");
        assertThatThrownBy(() -> Features.regex("\u0001")).hasMessageContaining("write it as \\x01 in single quotes");
    }

    @Test
    void regexMatchesTheTextAsItIs() {
        assertThat(Features.regex("\\bNew York\\b").score("in New York.")).isOne();
        assertThat(Features.regex("\\bNew York\\b").score("in new york.")).isZero();
        assertThat(Features.regex(Pattern.compile("new york", Pattern.CASE_INSENSITIVE))
                        .score("New York"))
                .isOne();
        assertThatThrownBy(() -> Features.regex("(")).hasMessageContaining("not a regular expression in Java's syntax");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "She said so, FEMALE",
                "`HE, himself, and her`, MALE",
                "he and she, NONE",
                "``, NONE",
                "it was they, NONE",
                "she'll and she’d; he, FEMALE",
                "the hero sheltered others, NONE",
                "His \uD800 hat, MALE"
            })
    void genderIsTheMajorityOfPronouns(String text, Gender gender) {
        for (Gender asked : Gender.values()) {
            assertThat(Features.gender(asked).score(text)).as("%s", asked).isEqualTo(asked == gender ? 1 : 0);
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "a wonderful film, 1",
                "A TERRIBLE mess, -1",
                "not good, -1",
                "it isn’t a very good film, -1",
                "never boring, 1",
                "`No, great film`, 1",
                "not that we would ever say good, 1",
                "good and bad, 0",
                "``, 0",
                "the table, 0",
                "a well-loved classic, 1"
            })
    void sentimentIsTheMajorityOfWords(String text, int sign) {
        assertThat(Features.sentiment(Sentiment.POSITIVE).score(text)).isEqualTo(sign > 0 ? 1 : 0);
        assertThat(Features.sentiment(Sentiment.NEGATIVE).score(text)).isEqualTo(sign < 0 ? 1 : 0);
    }

    @Test
    void lexiconsAreDisjointAndLarge() {
        assertThat(WordLists.resource("positive").words())
                .hasSizeGreaterThan(300)
                .doesNotContainAnyElementsOf(WordLists.resource("negative").words());
        assertThat(WordLists.resource("negative").words()).hasSizeGreaterThan(300);
    }

    @Test
    void lengthCountsWords() {
        assertThat(Features.length().score("She'll be well-known, soon.")).isEqualTo(4);
        assertThat(Features.length().score("")).isZero();
        assertThat(Features.length().score("我没有时间了, so")).isEqualTo(7);
        assertThat(Features.length().isBoolean()).isFalse();
    }

    @Test
    void anyLambdaIsAFeature() {
        Feature capitals = text -> text.chars().filter(Character::isUpperCase).count();
        assertThat(capitals.score("ABc")).isEqualTo(2);
        assertThat(capitals.isBoolean()).isFalse();
        var test = Feature.test(String::isEmpty);
        assertThat(test.score("")).isOne();
        assertThat(test.isBoolean()).isTrue();
    }

    @Test
    void booleanFeaturesHaveANegation() {
        var none = Features.word("war").not();
        assertThat(none.score("The war")).isZero();
        assertThat(none.score("Peace")).isOne();
        assertThat(none.isBoolean()).isTrue();
        assertThat(none.scoresPrefixes()).isTrue();
        assertThat(none.not().score("The war")).isOne();
        assertThat(Feature.test(String::isEmpty).not().scoresPrefixes()).isFalse();
        assertThatThrownBy(() -> Features.length().not())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("that a text has or hasn't can be negated");
    }

    @Test
    void onlyWhatSaysSoIsScoredOnPrefixes() {
        Feature costly = text -> 1;
        assertThat(costly.scoresPrefixes()).isFalse();
        assertThat(Feature.test(String::isEmpty).scoresPrefixes()).isFalse();
        assertThat(Features.create("starts-with", Map.of("prefix", "Once")).scoresPrefixes())
                .isFalse();
        assertThat(Feature.test(String::isEmpty).onPrefixes().scoresPrefixes()).isTrue();
        assertThat(Feature.test(String::isEmpty).onPrefixes().isBoolean()).isTrue();
        for (var feature : List.of(
                Features.word("a"),
                Features.wordList("sea"),
                Features.regex("a"),
                Features.gender(Gender.MALE),
                Features.sentiment(Sentiment.POSITIVE),
                Features.length())) {
            assertThat(feature.scoresPrefixes()).isTrue();
        }
    }

    @Test
    void configurationsNameKinds(@TempDir Path folder) throws IOException {
        var file = Files.writeString(folder.resolve("list.txt"), "paris");
        assertThat(Features.create("word", Map.of("word", "war")).score("war")).isOne();
        assertThat(Features.create("words", Map.of("list", "sea")).score("a ship"))
                .isOne();
        assertThat(Features.create("words", Map.of("file", file.toString())).score("Paris"))
                .isOne();
        assertThat(Features.create("words", Map.of("words", " oslo, Rome ,")).score("rome"))
                .isOne();
        assertThat(Features.create("regex", Map.of("pattern", "^a")).score("abc"))
                .isOne();
        assertThat(Features.create("gender", Map.of("is", "Female")).score("she"))
                .isOne();
        assertThat(Features.create("sentiment", Map.of("is", "negative")).score("awful"))
                .isOne();
        assertThat(Features.create("length", Map.of()).score("a b")).isEqualTo(2);
    }

    @Test
    void plugInsAddKinds() {
        assertThat(Features.kinds())
                .containsExactly("gender", "length", "regex", "sentiment", "starts-with", "word", "words");
        assertThat(Features.create("starts-with", Map.of("prefix", "Once")).score("Once upon"))
                .isOne();
        assertThatThrownBy(() -> Features.create("starts-with", Map.of())).hasMessage("starts-with needs a prefix");
    }

    /** Registered in META-INF/services of the tests. */
    public static final class StartsWith implements FeatureProvider {
        @Override
        public String name() {
            return "starts-with";
        }

        @Override
        public Feature create(Map<String, String> options) {
            String prefix = options.getOrDefault("prefix", "");
            if (prefix.isEmpty()) throw new IllegalArgumentException("starts-with needs a prefix");
            return Feature.test(text -> text.startsWith(prefix));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gendre", "Gender", "gander"})
    void unknownKindsGetASuggestion(String kind) {
        assertThatThrownBy(() -> Features.create(kind, Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no kind of feature is called '" + kind + "'; did you mean 'gender'? "
                        + "there is: gender, length, regex, sentiment, starts-with, word, words");
    }

    @Test
    void wrongOptionsSayWhatIsPossible() {
        assertThatThrownBy(() -> Features.create("zzzzzzzz", Map.of()))
                .hasMessageStartingWith("no kind of feature is called 'zzzzzzzz'; there is: gender");
        assertThatThrownBy(() -> Features.create("gender", Map.of("iss", "male")))
                .hasMessage("feature gender has no option 'iss'; did you mean 'is'? there is: is");
        assertThatThrownBy(() -> Features.create("gender", Map.of("is", "femal")))
                .hasMessage(
                        "feature gender: 'is' cannot be 'femal'; did you mean 'female'? there is: female, male, none");
        assertThatThrownBy(() -> Features.create("gender", Map.of()))
                .hasMessage("feature gender needs the option 'is', got {}");
        assertThatThrownBy(() -> Features.create("length", Map.of("is", "5")))
                .hasMessage("feature length has no option 'is'; it has none");
        assertThatThrownBy(() -> Features.create("words", Map.of()))
                .hasMessage("feature words needs exactly one of the options list, file, words, got none");
        assertThatThrownBy(() -> Features.create("words", Map.of("list", "sea", "words", "a")))
                .hasMessageEndingWith("got list, words");
        assertThatThrownBy(() -> Features.create("words", Map.of("list", "politic")))
                .hasMessageContaining("did you mean 'politics'? there is: family, money, nature, politics, sea, war");
        assertThatThrownBy(() -> Features.create("words", Map.of("words", " , ")))
                .hasMessage("feature words has no words, wanted at least one");
        assertThatThrownBy(() -> Features.create("words", Map.of("file", "\u0000")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Features.word("new york")).hasMessageContaining("is 2 words, wanted one");
        assertThatThrownBy(() -> Features.word("!")).hasMessageContaining("is 0 words, wanted one");
    }
}
