package io.equipoise.target;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A control character in a pattern, where a backslash and a letter were meant: YAML in double quotes, as Java, makes one of
 * {@code \b}. Tabs and ends of lines are meant as often as not and match the same either way.
 *
 * @param letter after the backslash in what became this character; empty where that can't be told
 */
record EscapedCharacter(char character, Optional<Character> letter) {
    private static final Map<Character, Character> LETTERS = Map.of(
            '\0', '0', '\u0007', 'a', '\b', 'b', '\u000B', 'v', '\f', 'f', '\u001B', 'e', '\u0085', 'N', '\u2028', 'L',
            '\u2029', 'P');
    private static final Map<Character, String> NAMES =
            Map.of('\b', " (backspace)", '\u001B', " (escape)", '\0', " (NUL)");

    /** The first one in a pattern. */
    static Optional<EscapedCharacter> in(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            char character = pattern.charAt(i);
            boolean plain =
                    !Character.isISOControl(character) || character == '\t' || character == '\n' || character == '\r';
            if (plain && character != '\u2028' && character != '\u2029') continue;
            return Optional.of(new EscapedCharacter(character, Optional.ofNullable(LETTERS.get(character))));
        }
        return Optional.empty();
    }

    /** What it is, and what to do about it. */
    String described() {
        return String.format(Locale.ROOT, "U+%04X", (int) character)
                + NAMES.getOrDefault(character, "")
                + letter.map(each -> ", which YAML makes of \\" + each
                                + " in double quotes; in single quotes it leaves \\" + each + " alone")
                        .orElse(", a control character; write it as \\x"
                                + String.format(Locale.ROOT, "%02X", (int) character) + " in single quotes");
    }
}
