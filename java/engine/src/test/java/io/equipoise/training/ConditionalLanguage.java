package io.equipoise.training;

import io.equipoise.model.TabularModel;
import io.equipoise.sampling.Prompts;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What follows each of three prompts in a language of two letters, listed: a, ba and bb, at most {@link #MOST} tokens more. No
 * prompt begins another, so a policy can have any distribution after each.
 */
record ConditionalLanguage(TabularModel base, List<Constraint> constraints, boolean inFeatures) {
    static final int MOST = 3;
    private static final List<String> TEXTS = List.of("a", "ba", "bb");
    private static final int[][] TOKENS = {{0, 1}, {0, 2, 1}, {0, 2, 2}};

    /** A model that has room for the longest prompt and what follows it. */
    static TabularModel model(long seed) {
        return TabularModel.random(2, 2 + MOST, seed);
    }

    Prompts prompts() {
        return Prompts.of(TEXTS, TOKENS, inFeatures);
    }

    /** C. */
    static int count() {
        return TEXTS.size();
    }

    static int promptLength(int prompt) {
        return TOKENS[prompt].length;
    }

    /** Every sequence that goes on from a prompt, BOS first. */
    int[][] sequences(int prompt) {
        return base.sequences(TOKENS[prompt], MOST);
    }

    /** φ of these. */
    double[][] phi(int prompt) {
        int skipped = inFeatures ? 0 : promptLength(prompt);
        var scored = Arrays.stream(sequences(prompt))
                .map(row -> Arrays.copyOfRange(row, skipped, row.length))
                .toList();
        return TabularModel.text(scored).stream()
                .map(text -> constraints.stream()
                        .mapToDouble(each -> each.feature().score(text))
                        .toArray())
                .toArray(double[][]::new);
    }

    /** log π(x | prompt) of these. */
    double[] logProbs(TabularModel model, int prompt) {
        return model.logProbs(sequences(prompt), promptLength(prompt));
    }

    /** log P(x | prompt) of these. */
    double[] logTarget(EnergyBasedTarget target, int prompt) {
        double[] logBase = logProbs(base, prompt);
        double[] potential = target.logPotential(phi(prompt));
        return IntStream.range(0, logBase.length)
                .mapToDouble(i -> logBase[i] + potential[i])
                .toArray();
    }

    /** log Z of a prompt, exact. */
    double logZ(EnergyBasedTarget target, int prompt) {
        return Math.log(Arrays.stream(logTarget(target, prompt)).map(Math::exp).sum());
    }

    /** KL(p‖π) of a prompt, exact. */
    double klTargetPolicy(EnergyBasedTarget target, TabularModel policy, int prompt) {
        double[] logTarget = logTarget(target, prompt);
        double[] logPolicy = logProbs(policy, prompt);
        double logZ = logZ(target, prompt);
        double kl = 0;
        for (int i = 0; i < logTarget.length; i++) {
            double logP = logTarget[i] - logZ;
            if (logP > Double.NEGATIVE_INFINITY) kl += Math.exp(logP) * (logP - logPolicy[i]);
        }
        return kl;
    }

    /** The mean over prompts of E_p φ, exact. */
    double[] moments(EnergyBasedTarget target) {
        var moments = new double[constraints.size()];
        for (int c = 0; c < count(); c++) {
            double[] logTarget = logTarget(target, c);
            double[][] phi = phi(c);
            double logZ = logZ(target, c);
            for (int i = 0; i < phi.length; i++) {
                for (int f = 0; f < moments.length; f++) {
                    moments[f] += Math.exp(logTarget[i] - logZ) * phi[i][f] / count();
                }
            }
        }
        return moments;
    }
}
