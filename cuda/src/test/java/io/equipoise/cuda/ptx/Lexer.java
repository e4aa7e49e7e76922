package io.equipoise.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The words of a PTX file with their lines. */
final class Lexer {
    /** {@code text} is empty at the end of the file. */
    record Token(String text, int line) {
        boolean is(String other) {
            return text.equals(other);
        }

        boolean isWord() {
            return !text.isEmpty() && (Character.isLetter(text.charAt(0)) || "%$._".indexOf(text.charAt(0)) >= 0);
        }

        boolean isNumber() {
            return !text.isEmpty() && Character.isDigit(text.charAt(0));
        }
    }

    private static final Pattern WORD = Pattern.compile(
            "[%$._A-Za-z](?:[\\w$.%]|::)*" // opcodes with their modifiers, registers, names, directives
                    + "|[0-9]\\w*" // numbers
                    + "|\"[^\"]*\""
                    + "|[,;:{}()\\[\\]|+\\-!@=<>]");

    private Lexer() {}

    static List<Token> tokens(List<String> lines) {
        var tokens = new ArrayList<Token>();
        boolean comment = false;
        for (int number = 1; number <= lines.size(); number++) {
            var text = new StringBuilder();
            var line = lines.get(number - 1);
            for (int i = 0; i < line.length(); i++) {
                if (comment) {
                    if (line.startsWith("*/", i)) {
                        comment = false;
                        i++;
                    }
                } else if (line.startsWith("/*", i)) {
                    comment = true;
                    i++;
                } else if (line.startsWith("//", i)) {
                    break;
                } else {
                    text.append(line.charAt(i));
                }
            }
            // Where a source line begins; says nothing about what is executed.
            var stripped = text.toString().strip();
            if (stripped.matches("\\.(loc|file)\\s.*")) continue;
            split(stripped, number, tokens);
        }
        tokens.add(new Token("", lines.size()));
        return tokens;
    }

    private static void split(String text, int line, List<Token> tokens) {
        var matcher = WORD.matcher(text);
        int from = 0;
        while (from < text.length()) {
            if (Character.isWhitespace(text.charAt(from))) {
                from++;
                continue;
            }
            if (!matcher.find(from) || matcher.start() != from) {
                throw Fault.unreadable(line, "unknown character '" + text.charAt(from) + "'");
            }
            tokens.add(new Token(matcher.group(), line));
            from = matcher.end();
        }
    }
}
