package io.equipoise.target;

import io.equipoise.InvalidInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Ready-made features of decoded text. All but {@link #regex} and {@link #length} look at whole words, in any case, as
 * {@link Words} divides and folds them.
 */
public final class Features {
    private static final WordSet FEMALE_PRONOUNS = WordSet.of("she", "her", "hers", "herself");
    private static final WordSet MALE_PRONOUNS = WordSet.of("he", "him", "his", "himself");
    private static final Set<String> NEGATORS = Set.of(
            "not",
            "no",
            "never",
            "none",
            "nobody",
            "nothing",
            "neither",
            "nor",
            "without",
            "hardly",
            "scarcely",
            "barely",
            "cannot",
            "lack",
            "lacks",
            "lacked");
    /** How many words after a negator it reaches. */
    private static final int NEGATION_REACH = 3;

    private static final Map<String, Function<Options, Feature>> KINDS = new TreeMap<>(Map.of(
            "word", options -> word(options.required("word")),
            "words", Features::wordsOf,
            "regex", options -> regex(options.required("pattern")),
            "gender", options -> gender(options.oneOf("is", Gender.values())),
            "sentiment", options -> sentiment(options.oneOf("is", Sentiment.values())),
            "length", options -> length()));
    private static final Map<String, List<String>> OPTIONS = Map.of(
            "word", List.of("word"),
            "words", List.of("list", "file", "words"),
            "regex", List.of("pattern"),
            "gender", List.of("is"),
            "sentiment", List.of("is"),
            "length", List.of());

    private Features() {}

    /**
     * Whether {@code word} occurs, also in a {@linkplain Words#forms form} such as with 's or before a hyphen. {@code run*} is
     * any word that begins with run. In scripts without spaces between words it occurs wherever its letters do.
     *
     * @throws InvalidInputException if it is several words, or has what is no part of a word; says what to do instead
     */
    public static Feature word(String word) {
        return new AnyWord(WordLists.fold(List.of(word), "feature word"));
    }

    /** Whether any of {@code words} occurs, each as in {@link #word}. */
    public static Feature words(Collection<String> words) {
        return new AnyWord(WordLists.fold(words, "feature words"));
    }

    /**
     * Whether any word of a shipped English list occurs.
     *
     * @param name family, money, nature, politics, sea or war
     */
    public static Feature wordList(String name) {
        return new AnyWord(WordLists.shipped(name));
    }

    /** Whether any word of a UTF-8 file occurs: one word a line; # at its beginning or after a space starts a comment. */
    public static Feature wordFile(Path path) {
        return new AnyWord(WordLists.file(path));
    }

    /** Whether {@code pattern} matches somewhere in the text as it is, not folded. */
    public static Feature regex(Pattern pattern) {
        return Feature.test(text -> pattern.matcher(text).find()).onPrefixes();
    }

    /**
     * {@link #regex(Pattern)} of a pattern in Java's syntax, where {@code (?i)} ignores case.
     *
     * @throws InvalidInputException if it isn't one, or has a control character where {@code \b} or the like was meant
     */
    public static Feature regex(String pattern) {
        EscapedCharacter.in(pattern).ifPresent(escaped -> {
            throw new InvalidInputException("feature regex: 'pattern' has " + escaped.described());
        });
        try {
            return regex(Pattern.compile(pattern));
        } catch (PatternSyntaxException failure) {
            throw new InvalidInputException(
                    "feature regex: 'pattern' is not a regular expression in Java's syntax: " + failure.getMessage(),
                    failure);
        }
    }

    /**
     * Whether a text's third-person pronouns are, by majority, of {@code gender}: she, her, hers, herself against he, him,
     * his, himself, contractions such as she'll counted. Every text is exactly one of the three.
     */
    public static Feature gender(Gender gender) {
        return Feature.test(text -> majority(text) == gender).onPrefixes();
    }

    /**
     * Whether a text has more words of one side than of the other, by lists of some 600 English words for each. A word up to three
     * words after a negator (not, no, never, without, …, or a word ending in n't) counts for the other side, unless
     * punctuation stands between; so {@code not good} is negative. A text with as many of each is neither.
     */
    public static Feature sentiment(Sentiment sentiment) {
        var positive = WordLists.resource("positive");
        var negative = WordLists.resource("negative");
        int side = sentiment == Sentiment.POSITIVE ? 1 : -1;
        return Feature.test(text -> side * polarity(text, positive, negative) > 0)
                .onPrefixes();
    }

    /** The number of words, in scripts without spaces between words that of letters; real-valued. */
    public static Feature length() {
        Feature length = text -> {
            int count = 0;
            for (var words = Words.in(text); words.next(); ) count++;
            return count;
        };
        return length.onPrefixes();
    }

    /** The kinds that {@link #create} knows, plug-ins' included, in alphabetical order. */
    public static List<String> kinds() {
        var kinds = new ArrayList<>(KINDS.keySet());
        for (var provider : ServiceLoader.load(FeatureProvider.class)) kinds.add(provider.name());
        return kinds.stream().sorted().distinct().toList();
    }

    /**
     * A feature as a configuration describes it.
     *
     * @param kind word (option {@code word}), words (one of {@code list}: a shipped list, {@code file}, {@code words}:
     *     separated by commas), regex ({@code pattern}), gender ({@code is}: female, male, none), sentiment ({@code is}:
     *     positive, negative), length (none), or the name of a {@link FeatureProvider}
     * @throws InvalidInputException if the kind or an option is unknown, missing or malformed; says what is possible
     */
    public static Feature create(String kind, Map<String, String> options) {
        var builtIn = KINDS.get(kind);
        if (builtIn != null) {
            return builtIn.apply(new Options(kind, OPTIONS.getOrDefault(kind, List.of()), Map.copyOf(options)));
        }
        for (var provider : ServiceLoader.load(FeatureProvider.class)) {
            if (provider.name().equals(kind)) return provided(provider, Map.copyOf(options));
        }
        throw new InvalidInputException(
                "no kind of feature is called '" + kind + "'; " + Suggestion.among(kind, kinds()));
    }

    private static Feature provided(FeatureProvider provider, Map<String, String> options) {
        try {
            return provider.create(options);
        } catch (InvalidInputException failure) {
            throw failure;
        } catch (IllegalArgumentException failure) { // by its contract an option that is wrong
            throw new InvalidInputException(String.valueOf(failure.getMessage()), failure);
        }
    }

    private static Feature wordsOf(Options options) {
        if (options.given().size() != 1) {
            throw new InvalidInputException("feature words needs exactly one of the options list, file, words, got "
                    + (options.given().isEmpty()
                            ? "none"
                            : String.join(", ", new TreeMap<>(options.given()).keySet())));
        }
        if (options.given().containsKey("list")) return wordList(options.required("list"));
        if (options.given().containsKey("file")) return wordFile(Path.of(options.required("file")));
        return words(Pattern.compile(",")
                .splitAsStream(options.required("words"))
                .map(String::strip)
                .filter(word -> !word.isEmpty())
                .toList());
    }

    private static Gender majority(String text) {
        int balance = 0;
        for (var words = Words.in(text); words.next(); ) {
            if (FEMALE_PRONOUNS.occurs(words.word())) balance++;
            if (MALE_PRONOUNS.occurs(words.word())) balance--;
        }
        return balance > 0 ? Gender.FEMALE : balance < 0 ? Gender.MALE : Gender.NONE;
    }

    /** Positive minus negative words. */
    private static int polarity(String text, WordSet positive, WordSet negative) {
        int balance = 0;
        int sinceNegator = NEGATION_REACH;
        for (var words = Words.in(text); words.next(); ) {
            String word = words.word();
            sinceNegator = words.startsClause() ? NEGATION_REACH : sinceNegator + 1;
            int side = (positive.occurs(word) ? 1 : 0) - (negative.occurs(word) ? 1 : 0);
            balance += sinceNegator < NEGATION_REACH ? -side : side;
            if (NEGATORS.contains(word) || word.endsWith("n't")) sinceNegator = -1;
        }
        return balance;
    }

    /** A configuration's options of one kind, checked against those that the kind has. */
    private record Options(String kind, List<String> known, Map<String, String> given) {
        Options {
            for (String option : new TreeMap<>(given).keySet()) {
                if (!known.contains(option)) {
                    throw new InvalidInputException("feature " + kind + " has no option '" + option + "'; "
                            + (known.isEmpty() ? "it has none" : Suggestion.among(option, known)));
                }
            }
        }

        String required(String option) {
            String value = given.get(option);
            if (value == null || value.isBlank()) {
                throw new InvalidInputException("feature " + kind + " needs the option '" + option + "', got " + given);
            }
            return value;
        }

        <E extends Enum<E>> E oneOf(String option, E[] values) {
            String wanted = required(option);
            var names = new ArrayList<String>();
            for (E value : values) {
                names.add(value.name().toLowerCase(Locale.ROOT));
                if (value.name().equalsIgnoreCase(wanted.strip())) return value;
            }
            throw new InvalidInputException("feature " + kind + ": '" + option + "' cannot be '" + wanted + "'; "
                    + Suggestion.among(wanted, names));
        }
    }
}
