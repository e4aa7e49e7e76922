package io.equipoise.metrics;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** How varied texts are. A word here is what stands between white space, as in the papers that report these numbers. */
public final class Diversity {
    /** Added by nltk's smoothing method 1 to a count of 0 matching n-grams. */
    private static final double EPSILON = 0.1;

    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private Diversity() {}

    /**
     * Distinct-n within texts: the share of different n-grams among a text's n-grams, averaged over the texts that have
     * any. Falls when texts repeat themselves. 0 when no text has n words.
     *
     * @param n at least 1
     */
    public static double distinct(int n, List<String> texts) {
        double sum = 0;
        int counted = 0;
        for (int[] grams : new NGrams(texts).identities(n)) {
            if (grams.length == 0) continue;
            var different = new HashSet<Integer>();
            for (int gram : grams) different.add(gram);
            sum += (double) different.size() / grams.length;
            counted++;
        }
        return counted == 0 ? 0 : sum / counted;
    }

    /**
     * Distinct-n of the corpus: different n-grams of all texts over the number of n-grams of all texts (Li et al. 2016).
     * Falls when texts repeat each other too; depends on the number of texts. 0 when no text has n words.
     *
     * @param n at least 1
     */
    public static double distinctInCorpus(int n, List<String> texts) {
        var different = new HashSet<Integer>();
        long total = 0;
        for (int[] grams : new NGrams(texts).identities(n)) {
            for (int gram : grams) different.add(gram);
            total += grams.length;
        }
        return total == 0 ? 0 : (double) different.size() / total;
    }

    /**
     * Self-BLEU-n (Zhu et al. 2018): the mean over texts of sentence BLEU (Papineni et al. 2002) against all the other
     * texts, uniform weights for orders 1 to n, smoothing method 1 of Chen and Cherry (2014), as nltk's
     * {@code sentence_bleu} computes it. 1 when all texts are one and the same; lower is more varied.
     *
     * @param n at least 1
     * @param texts at least two
     */
    public static double selfBleu(int n, List<String> texts) {
        if (texts.size() < 2) {
            throw new IllegalArgumentException(
                    "self-BLEU compares texts with each other: it needs two or more, got " + texts.size());
        }
        if (n < 1) throw new IllegalArgumentException("n-grams have n >= 1, got " + n);
        var grams = new NGrams(texts);
        int count = texts.size();
        var logPrecision = new double[count];
        var shares = new boolean[count];
        for (int order = 1; order <= n; order++) {
            var identities = grams.identities(order);
            var mostOften = new HashMap<Integer, TopTwo>();
            var counts = new ArrayList<Map<Integer, Integer>>(count);
            for (int i = 0; i < count; i++) {
                var own = new HashMap<Integer, Integer>();
                for (int gram : identities.get(i)) own.merge(gram, 1, Integer::sum);
                counts.add(own);
                for (var entry : own.entrySet()) {
                    mostOften
                            .computeIfAbsent(entry.getKey(), gram -> new TopTwo())
                            .offer(entry.getValue(), i);
                }
            }
            for (int i = 0; i < count; i++) {
                int matching = 0;
                for (var entry : counts.get(i).entrySet()) {
                    var top = mostOften.get(entry.getKey());
                    if (top != null) matching += Math.min(entry.getValue(), top.exceptIn(i));
                }
                if (order == 1) shares[i] = matching > 0;
                double smoothed = matching == 0 ? EPSILON : matching;
                logPrecision[i] += Math.log(smoothed / Math.max(1, identities.get(i).length)) / n;
            }
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            if (shares[i]) sum += Math.exp(logPrecision[i] + logBrevityPenalty(i, grams.identities(1)));
        }
        return sum / count;
    }

    /** min(0, 1 − r/c) for c words and the reference length r nearest to c, the shorter of two as near. */
    private static double logBrevityPenalty(int text, List<int[]> words) {
        int length = words.get(text).length;
        int nearest = Integer.MAX_VALUE;
        for (int i = 0; i < words.size(); i++) {
            if (i == text) continue;
            int other = words.get(i).length;
            int closer = Integer.compare(Math.abs(other - length), Math.abs(nearest - length));
            if (closer < 0 || (closer == 0 && other < nearest)) nearest = other;
        }
        return length > nearest ? 0 : 1 - (double) nearest / length;
    }

    /** The two highest counts of an n-gram in a text, so that the maximum without any one text is at hand. */
    private static final class TopTwo {
        private int first;
        private int firstText = -1;
        private int second;

        void offer(int count, int text) {
            if (count > first) {
                second = first;
                first = count;
                firstText = text;
            } else if (count > second) {
                second = count;
            }
        }

        int exceptIn(int text) {
            return text == firstText ? second : first;
        }
    }

    /** n-grams as numbers: equal numbers, equal n-grams. An n-gram is the pair of an (n−1)-gram and a word. */
    private static final class NGrams {
        private final List<List<int[]>> byOrder = new ArrayList<>();

        NGrams(List<String> texts) {
            var vocabulary = new HashMap<String, Integer>();
            var words = new ArrayList<int[]>(texts.size());
            for (String text : texts) {
                words.add(WHITE_SPACE
                        .splitAsStream(text)
                        .filter(word -> !word.isEmpty()) // before leading white space
                        .mapToInt(word -> vocabulary.computeIfAbsent(word, w -> vocabulary.size()))
                        .toArray());
            }
            byOrder.add(words);
        }

        /** For each text its n-grams of order {@code n}, in order; none for a text of fewer than n words. */
        List<int[]> identities(int n) {
            if (n < 1) throw new IllegalArgumentException("n-grams have n >= 1, got " + n);
            while (byOrder.size() < n) {
                var shorter = byOrder.get(byOrder.size() - 1);
                var words = byOrder.get(0);
                int order = byOrder.size() + 1;
                var known = new HashMap<Long, Integer>();
                var longer = new ArrayList<int[]>(words.size());
                for (int text = 0; text < words.size(); text++) {
                    var grams = new int[Math.max(0, words.get(text).length - order + 1)];
                    for (int i = 0; i < grams.length; i++) {
                        long pair = ((long) shorter.get(text)[i] << 32) | words.get(text)[i + order - 1];
                        grams[i] = known.computeIfAbsent(pair, p -> known.size());
                    }
                    longer.add(grams);
                }
                byOrder.add(longer);
            }
            return byOrder.get(n - 1);
        }
    }
}
