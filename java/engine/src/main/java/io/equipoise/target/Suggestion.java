package io.equipoise.target;

import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/** The end of a message about an unknown name: what there is, and which of it was probably meant. */
public final class Suggestion {
    private Suggestion() {}

    /** "did you mean 'x'? There is: w, x, y"; no guess where nothing is near. */
    public static String among(String unknown, Collection<String> known) {
        String nearest = "";
        int least = Math.max(1, unknown.length() / 2) + 1;
        for (String name : known) {
            int distance = distance(unknown.toLowerCase(Locale.ROOT), name.toLowerCase(Locale.ROOT));
            if (distance < least) {
                least = distance;
                nearest = name;
            }
        }
        String list = "there is: " + known.stream().sorted().collect(Collectors.joining(", "));
        return nearest.isEmpty() ? list : "did you mean '" + nearest + "'? " + list;
    }

    /** Levenshtein's: insertions, deletions and replacements from one to the other. */
    private static int distance(String one, String other) {
        var above = new int[other.length() + 1];
        for (int j = 0; j < above.length; j++) above[j] = j;
        for (int i = 1; i <= one.length(); i++) {
            var row = new int[other.length() + 1];
            row[0] = i;
            for (int j = 1; j <= other.length(); j++) {
                int replaced = above[j - 1] + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, Math.min(above[j], row[j - 1]) + 1);
            }
            above = row;
        }
        return above[other.length()];
    }
}
