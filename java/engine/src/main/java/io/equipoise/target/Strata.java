package io.equipoise.target;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Which prompt each text of a sample goes on from: S strata, one a prompt, that count the same however many texts they have.
 * Without prompts there is one. Strata of no text that is kept are left out.
 */
final class Strata {
    private final int[] stratum;
    private final int[] total;

    private Strata(int[] stratum, int[] total) {
        this.stratum = stratum;
        this.total = total;
    }

    /**
     * Sorts the texts that are kept.
     *
     * @param prompt of every text of the sample, any numbers
     * @param kept indices of some
     */
    static Strata of(int[] prompt, int[] kept) {
        Map<Integer, Integer> numbers = new HashMap<>();
        var stratum = new int[kept.length];
        for (int k = 0; k < kept.length; k++) {
            Integer known = numbers.putIfAbsent(prompt[kept[k]], numbers.size());
            stratum[k] = known == null ? numbers.size() - 1 : known;
        }
        var total = new int[numbers.size()];
        for (int each : prompt) {
            Integer number = numbers.get(each);
            if (number != null) total[number]++;
        }
        return new Strata(stratum, total);
    }

    /** S. */
    int size() {
        return total.length;
    }

    /** The stratum of a text that is kept. */
    int of(int text) {
        return stratum[text];
    }

    /** The mean over strata of the logarithm of how many texts each has, those that aren't kept too. */
    double meanLogTotal() {
        return Arrays.stream(total).mapToDouble(Math::log).sum() / size();
    }

    /** (S) the greatest of each stratum's values. */
    double[] greatest(double[] values) {
        var greatest = new double[size()];
        Arrays.fill(greatest, Double.NEGATIVE_INFINITY);
        for (int i = 0; i < values.length; i++) greatest[stratum[i]] = Math.max(greatest[stratum[i]], values[i]);
        return greatest;
    }

    /** (S) the least of each stratum's values. */
    double[] least(double[] values) {
        var least = new double[size()];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        for (int i = 0; i < values.length; i++) least[stratum[i]] = Math.min(least[stratum[i]], values[i]);
        return least;
    }

    /** (B) weights over the sum of their stratum's. */
    double[] normalized(double[] logWeight) {
        double[] top = greatest(logWeight);
        var weight = new double[logWeight.length];
        for (int i = 0; i < weight.length; i++) weight[i] = Math.exp(logWeight[i] - top[stratum[i]]);
        var ones = new double[weight.length];
        Arrays.fill(ones, 1);
        double[] sum = sums(ones, weight);
        for (int i = 0; i < weight.length; i++) weight[i] /= sum[stratum[i]];
        return weight;
    }

    /** (S) Σ weight·value over each stratum. */
    double[] sums(double[] values, double[] weight) {
        var sums = new double[size()];
        for (int i = 0; i < values.length; i++) sums[stratum[i]] += weight[i] * values[i];
        return sums;
    }

    /** The mean over strata. */
    double mean(double[] ofStrata) {
        double sum = 0;
        for (double each : ofStrata) sum += each;
        return sum / size();
    }

    /** The largest distance between two values of one stratum. */
    double widest(double[] values) {
        double[] greatest = greatest(values);
        double[] least = least(values);
        double widest = 0;
        for (int s = 0; s < size(); s++) widest = Math.max(widest, greatest[s] - least[s]);
        return widest;
    }
}
