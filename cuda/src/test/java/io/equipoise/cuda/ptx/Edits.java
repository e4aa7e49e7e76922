package io.equipoise.cuda.ptx;

import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** Changes of a kernel's text. One that finds nothing to change fails, so that no bug is left out unseen. */
final class Edits {
    private Edits() {}

    /** The occurrence of a pattern of this number, from 1. */
    static UnaryOperator<String> nth(int number, String pattern, String replacement) {
        return text -> {
            var matcher = Pattern.compile(pattern).matcher(text);
            for (int i = 0; i < number; i++) {
                if (!matcher.find()) throw new IllegalStateException("only " + i + " of " + pattern);
            }
            var changed = new StringBuilder(text.substring(0, matcher.start()));
            changed.append(matcher.group().replaceFirst(pattern, replacement));
            return changed + text.substring(matcher.end());
        };
    }

    static UnaryOperator<String> first(String pattern, String replacement) {
        return nth(1, pattern, replacement);
    }

    static UnaryOperator<String> all(String pattern, String replacement) {
        return text -> {
            var changed = text.replaceAll(pattern, replacement);
            if (changed.equals(text)) throw new IllegalStateException("no " + pattern);
            return changed;
        };
    }

    /** Instructions in registers of their own before the match of that number. */
    static UnaryOperator<String> before(int number, String pattern, String instructions) {
        var edit = nth(number, "(" + pattern + ")", instructions.replace("$", "\\$") + "\n$1");
        return text -> declare(edit.apply(text));
    }

    private static String declare(String text) {
        return text.replaceFirst("\\n\\{\\n", "\n{\n.reg .pred %xp<4>;\n.reg .b32 %xr<4>;\n.reg .b64 %xd<4>;\n");
    }

    /** Another value of the kernel's parameter of this number. */
    static UnaryOperator<String> parameter(int number, String instruction) {
        return first(
                "(ld\\.param\\.\\w+\\s+(%\\w+), \\[\\w+_param_" + number + "\\];)",
                "$1\n" + instruction.replace("REGISTER", "$2"));
    }
}
