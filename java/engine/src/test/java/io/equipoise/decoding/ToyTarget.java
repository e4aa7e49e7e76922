package io.equipoise.decoding;

import io.equipoise.model.TabularModel;
import io.equipoise.sampling.SamplerConfig;
import io.equipoise.target.Constraint;
import io.equipoise.target.EnergyBasedTarget;
import io.equipoise.target.Feature;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** A target over a language small enough to list, with a proposal: every probability is a number. */
final class ToyTarget {
    static final int LENGTH = 4;
    private static final int LETTERS = 3;

    final TabularModel base = TabularModel.random(LETTERS, LENGTH, 41);
    /** Another model, not far from the base. */
    final TabularModel proposal = near(base);
    /** No text has "cc"; texts that begin with b are favoured; each a is held against a text. */
    final EnergyBasedTarget target = EnergyBasedTarget.of(
            List.of(
                    Constraint.pointwise("no cc", Feature.test(text -> !text.contains("cc"))),
                    Constraint.moment("b first", Feature.test(text -> text.startsWith("b")), 0.5),
                    Constraint.moment(
                            "a", text -> text.chars().filter(c -> c == 'a').count(), 0.5)),
            new double[] {0, 1.1, -0.4});

    /** Every text of the language, BOS first. */
    final int[][] sequences = base.sequences();
    /** q of each. */
    final double[] q =
            Arrays.stream(proposal.logProbs(sequences)).map(Math::exp).toArray();
    /** P of each. */
    final double[] unnormalised = unnormalised();

    final double z = Arrays.stream(unnormalised).sum();
    /** P/Z of each. */
    final double[] p = Arrays.stream(unnormalised).map(each -> each / z).toArray();
    /** log P/q of each. */
    final double[] logWeight = IntStream.range(0, q.length)
            .mapToDouble(i -> Math.log(unnormalised[i] / q[i]))
            .toArray();

    final double logLargest = Arrays.stream(logWeight).max().orElseThrow();

    private static TabularModel near(TabularModel model) {
        var random = new Random(42);
        float[] logits = model.parameters().value().toFloats();
        for (int i = 0; i < logits.length; i++) logits[i] += (float) (0.15 * random.nextGaussian());
        return new TabularModel(LETTERS, LENGTH, logits);
    }

    private double[] unnormalised() {
        double[] logBase = base.logProbs(sequences);
        var generated = Arrays.stream(sequences)
                .map(row -> Arrays.copyOfRange(row, 1, row.length))
                .toList();
        var texts = TabularModel.text(generated);
        return IntStream.range(0, sequences.length)
                .mapToDouble(i -> {
                    String text = texts.get(i);
                    double potential = (text.startsWith("b") ? 1.1 : 0)
                            - 0.4 * text.chars().filter(c -> c == 'a').count();
                    return text.contains("cc") ? 0 : Math.exp(logBase[i] + potential);
                })
                .toArray();
    }

    /** p_β of each text, from its definition. */
    double[] accepted(double logBeta) {
        double[] least = IntStream.range(0, q.length)
                .mapToDouble(i -> Math.min(unnormalised[i], Math.exp(logBeta) * q[i]))
                .toArray();
        double sum = Arrays.stream(least).sum();
        return Arrays.stream(least).map(each -> each / sum).toArray();
    }

    /** Texts of the proposal. */
    Proposals proposals(int batch, long seed) {
        return new Proposals(
                base,
                proposal,
                TabularModel::text,
                target,
                SamplerConfig.of(LENGTH, seed).withBatchSize(batch));
    }

    /** Whole sequences, as {@link #sequences} has them. */
    static int[][] tokens(List<Proposal> texts) {
        return texts.stream()
                .map(text -> {
                    var row = new int[text.generated().length + 1];
                    System.arraycopy(text.generated(), 0, row, 1, text.generated().length);
                    return row;
                })
                .toArray(int[][]::new);
    }

    static double tvd(double[] one, double[] other) {
        return IntStream.range(0, one.length)
                        .mapToDouble(i -> Math.abs(one[i] - other[i]))
                        .sum()
                / 2;
    }

    /** KL(one‖other), nats. */
    static double kl(double[] one, double[] other) {
        return IntStream.range(0, one.length)
                .filter(i -> one[i] > 0)
                .mapToDouble(i -> one[i] * Math.log(one[i] / other[i]))
                .sum();
    }
}
