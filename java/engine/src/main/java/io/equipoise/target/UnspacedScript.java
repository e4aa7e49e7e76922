package io.equipoise.target;

import java.lang.Character.UnicodeScript;
import java.util.EnumSet;
import java.util.Set;

/** The letters of scripts that are written without spaces between words. */
final class UnspacedScript {
    private static final Set<UnicodeScript> SCRIPTS = EnumSet.of(
            UnicodeScript.HAN,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.BOPOMOFO,
            UnicodeScript.YI,
            UnicodeScript.THAI,
            UnicodeScript.LAO,
            UnicodeScript.KHMER,
            UnicodeScript.MYANMAR,
            UnicodeScript.TAI_LE,
            UnicodeScript.NEW_TAI_LUE,
            UnicodeScript.TAI_THAM,
            UnicodeScript.TAI_VIET);
    /** Where the first of them begins; most texts have nothing beyond. */
    private static final int FIRST = 0x0E00;

    private UnspacedScript() {}

    static boolean has(int character) {
        if (character < FIRST) return false;
        return switch (character) {
            // Unicode counts the marks of repetition and length among all scripts, and this zero among numbers.
            case 0x3006, 0x3007, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303C, 0x30FC, 0xFF70, 0xFF9E, 0xFF9F -> true;
            default -> Character.isLetter(character) && SCRIPTS.contains(UnicodeScript.of(character));
        };
    }
}
