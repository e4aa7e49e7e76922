package io.equipoise.decoding;

import io.equipoise.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoublePredicate;
import java.util.stream.IntStream;

/**
 * The weights w = P/q of B texts of the proposal q, and what they say, before anything is sampled from the target p =
 * P/Z, of how well that would go: by {@link QuasiRejection} at any β, and by {@link MetropolisHastings}. With E for the
 * mean over q,
 *
 * <pre>
 *   Z = E w                       Z_β = Σ min(P, βq) = E min(w, β)         p_β = min(P, βq)/Z_β
 *   acceptance = E min(1, w/β) = Z_β/β
 *   TVD(p, p_β) = ½ Σ|p − p_β| = ½ E|w/Z − min(w, β)/Z_β|
 *   KL(p‖p_β) = Σ p·log(p/p_β) = log(Z_β/Z) + (1/Z) E[w·max(0, log w − log β)]
 * </pre>
 *
 * and each estimate has the sample's mean for E. Those of TVD and KL are the divergences of the two reweightings of the
 * sample, so they are within their bounds and, like the acceptance, fall when β rises, as the true ones do; the largest
 * weight <em>of the sample</em> makes them 0. Standard errors are those of the means to first order (delta method).
 * Derivations: docs/target-sampling.md. Formulas: Eikema, Kruszewski, Dance, Elsahar, Dymetman, TMLR 2022.
 */
public final class ImportanceWeights {
    /** Halvings of an interval of log β: from a thousand nats to rounding. */
    private static final int HALVINGS = 60;
    /** Relative, of a sum of shares. */
    private static final double ROUNDING = 1e-12;

    /** (B) nats, ascending. */
    private final double[] logWeight;
    /** (B) of the sample, each 1/B. */
    private final double[] share;
    /** What the mean square of a mean's terms is divided by to be its squared standard error. */
    private final double freedom;
    /** The first text of positive weight. */
    private final int firstPositive;

    private final double logZ;
    /** (B) w/Z, of mean 1. */
    private final double[] target;

    private ImportanceWeights(double[] logWeight, double[] share, double freedom) {
        for (int i = 0; i < logWeight.length; i++) {
            if (logWeight[i] < Double.POSITIVE_INFINITY) continue;
            throw new IllegalArgumentException(
                    "log w of sequence " + i + " is " + logWeight[i] + ", wanted a finite number or -Infinity");
        }
        int[] order = IntStream.range(0, logWeight.length)
                .boxed()
                .sorted((i, k) -> Double.compare(logWeight[i], logWeight[k]))
                .mapToInt(i -> i)
                .toArray();
        this.logWeight = Arrays.stream(order).mapToDouble(i -> logWeight[i]).toArray();
        this.share = Arrays.stream(order).mapToDouble(i -> share[i]).toArray();
        this.freedom = freedom;
        firstPositive = (int) Arrays.stream(logWeight)
                .filter(each -> each == Double.NEGATIVE_INFINITY)
                .count();
        if (firstPositive == order.length) {
            throw new InvalidInputException("none of " + order.length + " texts of the proposal has weight under the"
                    + " target, so nothing can be said of it; draw more, or use a proposal nearer to the target, such as"
                    + " a policy trained towards it");
        }
        logZ = logMean(this.logWeight);
        target = relative(this.logWeight, logZ);
    }

    /**
     * The weights of a sample of q.
     *
     * @param logWeight (B) log w, nats; −∞ where P = 0; B at least 2
     * @throws InvalidInputException if all are −∞, or one is NaN or +∞
     */
    public static ImportanceWeights of(double[] logWeight) {
        if (logWeight.length < 2) {
            throw new IllegalArgumentException(
                    "standard errors need at least two texts of the proposal, got " + logWeight.length);
        }
        var share = new double[logWeight.length];
        Arrays.fill(share, 1.0 / share.length);
        return new ImportanceWeights(logWeight, share, share.length - 1);
    }

    /** The weights of drawn texts. */
    public static ImportanceWeights of(List<Proposal> proposals) {
        return of(proposals.stream().mapToDouble(Proposal::logWeight).toArray());
    }

    /**
     * A whole language, every text with its probability: values are exact, errors are standard deviations of one text's
     * contribution, √B times the standard error that B texts will have.
     */
    static ImportanceWeights ofLanguage(double[] logWeight, double[] proposal) {
        return new ImportanceWeights(logWeight, proposal, 1);
    }

    /** log Z, nats. */
    public Estimate logZ() {
        return new Estimate(
                logZ, error(Arrays.stream(target).map(each -> each - 1).toArray()));
    }

    /** q(P > 0), the share of texts with weight: what the acceptance can't surpass. */
    public Estimate supported() {
        double value = Arrays.stream(share, firstPositive, share.length).sum();
        return new Estimate(
                value,
                error(IntStream.range(0, share.length)
                        .mapToDouble(i -> (i < firstPositive ? 0 : 1) - value)
                        .toArray()));
    }

    /** (Σw)²/Σw², between 1 and B; where it is small, so is the trust that all these estimates deserve. */
    public double effectiveSampleSize() {
        double squares = 0;
        for (int i = 0; i < target.length; i++) squares += Math.pow(share[i] * target[i], 2);
        return 1 / squares;
    }

    /** log of the largest weight of the sample, nats; q may write texts of larger ones. */
    public double logLargest() {
        return logWeight[logWeight.length - 1];
    }

    /**
     * What quasi-rejection sampling is worth at a β.
     *
     * @param logBeta nats, finite
     */
    public QuasiRejectionEstimates at(double logBeta) {
        if (!Double.isFinite(logBeta)) throw new IllegalArgumentException("log β must be finite, got " + logBeta);
        double[] bounded =
                Arrays.stream(logWeight).map(each -> Math.min(each, logBeta)).toArray();
        double logBoundedZ = logMean(bounded);
        double[] accepted = relative(bounded, logBoundedZ);
        return new QuasiRejectionEstimates(
                logBeta, acceptance(bounded, logBeta), tvd(accepted), kl(logBeta, logBoundedZ, accepted));
    }

    /** @param bounded (B) log min(w, β) */
    private Estimate acceptance(double[] bounded, double logBeta) {
        double[] probability = relative(bounded, logBeta);
        double sum = 0;
        for (int i = 0; i < probability.length; i++) sum += share[i] * probability[i];
        double value = sum;
        return new Estimate(
                value,
                error(Arrays.stream(probability).map(each -> each - value).toArray()));
    }

    /** @param accepted (B) min(w, β)/Z_β */
    private Estimate tvd(double[] accepted) {
        int size = accepted.length;
        double value = 0;
        double targetAbove = 0; // Σ s·w/Z, s the sign of the difference
        double acceptedAbove = 0;
        for (int i = 0; i < size; i++) {
            double difference = target[i] - accepted[i];
            value += share[i] * Math.abs(difference) / 2;
            targetAbove += share[i] * Math.signum(difference) * target[i];
            acceptedAbove += share[i] * Math.signum(difference) * accepted[i];
        }
        var influence = new double[size];
        for (int i = 0; i < size; i++) {
            double sign = Math.signum(target[i] - accepted[i]);
            influence[i] = (target[i] * (sign - targetAbove) - accepted[i] * (sign - acceptedAbove)) / 2;
        }
        return new Estimate(value, error(influence));
    }

    private Estimate kl(double logBeta, double logBoundedZ, double[] accepted) {
        double excess = 0;
        for (int i = 0; i < target.length; i++) excess += share[i] * target[i] * excess(i, logBeta);
        var influence = new double[target.length];
        for (int i = 0; i < target.length; i++) {
            influence[i] = accepted[i] - target[i] + target[i] * (excess(i, logBeta) - excess);
        }
        // It is a divergence of two reweightings of the sample, so below 0 there is only rounding.
        return new Estimate(Math.max(0, logBoundedZ - logZ + excess), error(influence));
    }

    private double excess(int i, double logBeta) {
        return Math.max(0, logWeight[i] - logBeta);
    }

    /**
     * log of the largest β that accepts at least so large a share of the proposal's texts.
     *
     * @param acceptance in (0, {@link #supported()}]
     */
    public double logBetaForAcceptance(double acceptance) {
        if (!(acceptance > 0 && acceptance <= 1)) {
            throw new InvalidInputException("the acceptance rate must be in (0, 1], got " + acceptance);
        }
        double lowest = logWeight[firstPositive];
        DoublePredicate enough = logBeta -> at(logBeta).acceptance().value() >= acceptance * (1 - ROUNDING);
        if (!enough.test(lowest)) {
            throw new InvalidInputException("no β accepts " + acceptance + " of the proposal's texts: only "
                    + supported().value() + " of them have weight under the target; ask for less, or use a proposal"
                    + " nearer to the target");
        }
        return boundary(lowest, Math.max(lowest, logZ - Math.log(acceptance)), enough);
    }

    /**
     * log of the smallest β whose TVD(p, p_β) is at most so large; not below the least weight of the sample, where the
     * acceptance rises no further.
     *
     * @param tvd in [0, 1)
     */
    public double logBetaForTvd(double tvd) {
        if (!(tvd >= 0 && tvd < 1)) throw new InvalidInputException("the TVD must be in [0, 1), got " + tvd);
        double lowest = logWeight[firstPositive];
        DoublePredicate near = logBeta -> at(logBeta).tvd().value() <= tvd;
        return near.test(lowest) ? lowest : boundary(logLargest(), lowest, near);
    }

    /**
     * Estimates for some values of β, ascending, from the least weight of the sample to the largest: so that
     * acceptances fall by the same factor from each to the next.
     *
     * @param rows at least 2; where all weights are the same, the one β is all there is
     */
    public List<QuasiRejectionEstimates> grid(int rows) {
        if (rows < 2) throw new IllegalArgumentException("rows must be >= 2, got " + rows);
        var grid = new ArrayList<QuasiRejectionEstimates>();
        var first = at(logWeight[firstPositive]);
        var last = at(logLargest());
        grid.add(first);
        if (first.logBeta() == last.logBeta()) return grid;
        double highest = first.acceptance().value();
        double factor = last.acceptance().value() / highest;
        for (int k = 1; k < rows - 1; k++) {
            grid.add(at(logBetaForAcceptance(highest * Math.pow(factor, k / (rows - 1.0)))));
        }
        grid.add(last);
        return grid;
    }

    /** Of a Metropolis–Hastings chain that has come to p: the share of steps that move, E min(w, w')/Z for w, w' of q. */
    public Estimate movingShare() {
        int size = target.length;
        var influence = new double[size];
        double below = 0;
        double notBelow = 1; // the shares of texts from i on
        double value = 0;
        for (int i = 0; i < size; i++) {
            // E over w' of min(w, w')/Z: those below give w', all others w.
            influence[i] = 2 * (below + notBelow * target[i]);
            value += share[i] * influence[i] / 2;
            below += share[i] * target[i];
            notBelow -= share[i];
        }
        for (int i = 0; i < size; i++) influence[i] -= value * (target[i] + 1);
        return new Estimate(value, error(influence));
    }

    /**
     * (1 − Z/max w)^k: what the TVD between p and a Metropolis–Hastings chain's state after k steps is at most, as far
     * as the sample knows max w. Every step refreshes the chain from p with probability Z/max w: q(x')·min(1,
     * w(x')/w(x)) ≥ p(x')·Z/max w (Mengersen, Tweedie, <em>Rates of convergence of the Hastings and Metropolis
     * algorithms</em>, 1996).
     */
    public double distanceAfter(long steps) {
        double refreshed = Math.min(1, Math.exp(logZ - logLargest()));
        return steps == 0 ? 1 : Math.exp(steps * Math.log1p(-refreshed));
    }

    /** The end of what the condition holds on, which it does at {@code inside} and may not do at {@code outside}. */
    private static double boundary(double inside, double outside, DoublePredicate holds) {
        double from = inside;
        double to = outside;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (from + to) / 2;
            if (holds.test(middle)) from = middle;
            else to = middle;
        }
        return from;
    }

    private double logMean(double[] logValues) {
        double largest = logValues[logValues.length - 1];
        double sum = 0;
        for (int i = 0; i < logValues.length; i++) sum += share[i] * Math.exp(logValues[i] - largest);
        return largest + Math.log(sum);
    }

    private static double[] relative(double[] logValues, double logUnit) {
        return Arrays.stream(logValues).map(each -> Math.exp(each - logUnit)).toArray();
    }

    /** @param influence (B) how a text's weight moves the estimate, of mean 0 */
    private double error(double[] influence) {
        double squares = 0;
        for (int i = 0; i < influence.length; i++) squares += share[i] * influence[i] * influence[i];
        return Math.sqrt(squares / freedom);
    }
}
