package io.equipoise.target;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Listed words, and whether they occur. */
final class WordSet {
    private final Set<String> words;
    private final Set<String> stems;
    private final Map<String, List<List<String>>> runsByFirst = new HashMap<>();

    /**
     * Listed words.
     *
     * @param words folded, each one word as {@link Words} has it
     * @param stems what words may begin with, likewise folded
     * @param runs what {@link Words} divides, being of a script without spaces: two words and more that follow each other directly
     */
    WordSet(Set<String> words, Set<String> stems, Collection<List<String>> runs) {
        this.words = Set.copyOf(words);
        this.stems = Set.copyOf(stems);
        for (var run : runs) {
            runsByFirst.computeIfAbsent(run.get(0), first -> new ArrayList<>()).add(List.copyOf(run));
        }
    }

    static WordSet of(String... words) {
        return new WordSet(Set.of(words), Set.of(), List.of());
    }

    Set<String> words() {
        return words;
    }

    Set<String> stems() {
        return stems;
    }

    /** Whether any of them occurs in a text. */
    boolean occursIn(String text) {
        var read = new ArrayList<String>();
        for (var words = Words.in(text); words.next(); ) {
            if (occurs(words.word())) return true;
            if (runsByFirst.isEmpty()) continue;
            if (!words.adjoins()) read.add(""); // which is no word, so that no run goes across it
            read.add(words.word());
        }
        for (int i = 0; i < read.size(); i++) {
            for (var run : runsByFirst.getOrDefault(read.get(i), List.of())) {
                int end = i + run.size();
                if (end <= read.size() && read.subList(i, end).equals(run)) return true;
            }
        }
        return false;
    }

    /** Whether {@code word}, of {@link Words}' making, is one of them in any of its forms. */
    boolean occurs(String word) {
        if (has(word)) return true;
        if (!Words.isCompound(word)) return false;
        for (String form : Words.forms(word)) if (has(form)) return true;
        return false;
    }

    private boolean has(String form) {
        if (words.contains(form)) return true;
        if (stems.isEmpty()) return false;
        for (int end = 1; end <= form.length(); end++) if (stems.contains(form.substring(0, end))) return true;
        return false;
    }
}
