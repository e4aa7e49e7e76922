package io.equipoise.training;

import io.equipoise.InvalidInputException;
import io.equipoise.objective.Gdc;
import io.equipoise.objective.GdcPlusPlus;
import io.equipoise.objective.Objective;
import java.util.Arrays;
import java.util.List;

/**
 * Takes noise out of the tokens' coefficients without changing the expected gradient. From c_t, the coefficient of token t,
 * a share of each of these is subtracted, every one of which has the expectation 0 once multiplied by ∇ log π(x_t | x_&lt;t):
 *
 * <ol>
 *   <li>what the text before the token lets expect of c, V_t = E_q[c | x_&lt;t]·ρ_t, ρ_t = π(x_t)/q(x_t): Σ_v ∇π(v) = 0;
 *   <li>what later tokens bring by being more or less likely under a than under q;
 *   <li>what later tokens bring by their known effect on a text's worth ({@link TokenEffects});
 *   <li>what later tokens bring by being more or less likely under π than under q.
 * </ol>
 *
 * The last three are sums over k &gt; t of terms that q expects to be 0 given everything before token k. The shares are the
 * least squares of c_t on all four over the tokens of past batches, between 0 and 1. Nothing of it is fitted on the batch
 * at hand, so a poor fit costs noise, never bias. Formulas: docs/estimator.md.
 */
final class ControlVariates {
    static final int COUNT = 4;
    /** What a batch counts for one batch later. */
    private static final double FADE = 0.8;
    /**
     * Mean square, of the coefficients', below which a variate is worth nothing: no share being above 1, it can't take more
     * than a fiftieth of the noise. While π = q = a, what only their differences bring is rounding, and would get any share.
     */
    private static final double LEAST = 1e-4;
    /** Before any batch π = q = a: what only their differences bring is 0, and all of the rest is worth taking. */
    private static final double[] AT_FIRST = {1, 1, 1, 1};

    private final int vocabulary;
    private final List<int[]> generated;
    private final PrefixWorth worth;
    private TokenEffects effects;
    private final Objective objective;
    private final boolean normalize;
    private final LeastSquares past = new LeastSquares(COUNT);
    private double[] share = AT_FIRST;

    /**
     * Fits what is to be known of prefixes and tokens.
     *
     * @param vocabulary V
     * @param generated B ragged rows of tokens, drawn from the base model and never trained on
     * @param worth (B) b·exp(λ·φ)/Z of each
     */
    ControlVariates(
            SequenceFeatures features, TrainingConfig config, int vocabulary, List<int[]> generated, double[] worth) {
        this.vocabulary = vocabulary;
        this.generated = List.copyOf(generated);
        this.worth = new PrefixWorth(features, config.maxTokens(), generated);
        effects = fit(worth);
        objective = config.objectiveFunction();
        normalize = config.normalize();
    }

    /** Whether they are about this objective's coefficients. */
    static boolean apply(Objective objective) {
        return objective instanceof Gdc || objective instanceof GdcPlusPlus;
    }

    private TokenEffects fit(double[] worths) {
        worth.fit(worths);
        return new TokenEffects(vocabulary, generated, worths, worth.beforeOwn());
    }

    /**
     * Fits anew on the same samples, whose worth has changed with the target.
     *
     * @param worths (B) b·exp(λ·φ)/Z of each
     */
    void refit(double[] worths) {
        effects = fit(worths);
    }

    /** Functions of a token (2, V) whose expectations under the base model {@link #prepare} needs. */
    float[][] functions() {
        return effects.functions();
    }

    /**
     * What doesn't depend on the policy, of one sequence's tokens.
     *
     * @param logWorth (T) log of E_q[w/Z | x_&lt;t] = H(x_&lt;t)·Π_{s&lt;t} a(x_s)/q(x_s)
     * @param ratioNoise (T) Σ_{k&gt;t} R_k·H_k·(r_k − 1), where r_k = a(x_k)/q(x_k) and R_k = Π_{s&lt;k} r_s
     * @param effectNoise (T) Σ_{k&gt;t} R_k·r_k·(u(x_k) − E_a u)
     */
    record Prefixes(double[] logWorth, double[] ratioNoise, double[] effectNoise) {}

    /** Of every sequence of a rollout that was completed with {@link #functions()}. */
    List<Prefixes> prepare(Rollout rollout) {
        List<int[]> generated = rollout.sequences().generated();
        double[][] before = worth.before(generated);
        var result = new Prefixes[generated.size()];
        Arrays.setAll(result, i -> prefixes(rollout, i, generated.get(i), before[i]));
        return List.of(result);
    }

    private Prefixes prefixes(Rollout rollout, int i, int[] tokens, double[] before) {
        float[] logProposal = rollout.sequences().tokenLogProb()[i];
        float[] logBase = rollout.base().logProb()[i];
        var logWorth = new double[tokens.length];
        var ratioNoise = new double[tokens.length];
        var effectNoise = new double[tokens.length];
        double logRatio = 0;
        for (int t = 0; t < tokens.length; t++) {
            logWorth[t] = Math.log(before[t]) + logRatio;
            double logTokenRatio = (double) logBase[t] - logProposal[t];
            double surprise =
                    effects.surprise(before[t], tokens[t], rollout.base().expected()[i][t]);
            ratioNoise[t] = Math.exp(logRatio) * before[t] * Math.expm1(logTokenRatio);
            logRatio += logTokenRatio;
            effectNoise[t] = Math.exp(logRatio) * surprise;
        }
        sumLater(ratioNoise);
        sumLater(effectNoise);
        return new Prefixes(logWorth, ratioNoise, effectNoise);
    }

    /** Replaces every element by the sum of those after it. */
    private static void sumLater(double[] values) {
        double sum = 0;
        for (int t = values.length - 1; t >= 0; t--) {
            double here = values[t];
            values[t] = sum;
            sum += here;
        }
    }

    /**
     * Subtracts its share of every variate from the coefficients of one sequence's tokens.
     *
     * @param coefficients (T), all c on entry
     * @param logPolicy (T) log π of each token, nats
     * @param logProposal (T) log q of each token, nats
     * @param logZ log Z, nats
     * @return this sequence's rows, for {@link #learn}
     */
    LeastSquares subtract(
            float[] coefficients, Prefixes prefixes, float[] logPolicy, float[] logProposal, double logZ) {
        var rows = new LeastSquares(COUNT);
        double scale = normalize ? 1 : Math.exp(logZ);
        double logRatioOfAll = 0;
        for (int t = 0; t < coefficients.length; t++) logRatioOfAll += (double) logPolicy[t] - logProposal[t];
        double logRatio = 0;
        for (int t = 0; t < coefficients.length; t++) {
            double tokenLogRatio = (double) logPolicy[t] - logProposal[t];
            double expected = objective.coefficient(logZ + prefixes.logWorth()[t], 0, logRatio, logZ);
            logRatio += tokenLogRatio;
            // Only gdc++ has π in its coefficient; on-policy the later ratios are 1.
            double policyNoise = objective instanceof GdcPlusPlus ? Math.exp(logRatio) - Math.exp(logRatioOfAll) : 0;
            double[] variates = {
                expected * Math.exp(tokenLogRatio),
                scale * prefixes.ratioNoise()[t],
                scale * prefixes.effectNoise()[t],
                scale * policyNoise
            };
            rows.add(variates, coefficients[t]);
            for (int k = 0; k < COUNT; k++) coefficients[t] -= (float) (share[k] * variates[k]);
        }
        return rows;
    }

    /** The share of each variate that is subtracted. */
    double[] shares() {
        return share.clone();
    }

    /** All of it that changes but what {@link #refit} makes of the aim. */
    record State(LeastSquares.State past, double[] share) {
        /** Of a run without variates. */
        static final State NONE = new State(new LeastSquares(0).state(), new double[0]);
    }

    State state() {
        return new State(past.state(), share.clone());
    }

    /** @throws InvalidInputException if it is of a run without variates */
    void restore(State state) {
        if (state.share().length != COUNT) {
            throw new InvalidInputException("the checkpoint has " + state.share().length + " control variates, wanted "
                    + COUNT + "; resume with the version that wrote it");
        }
        past.restore(state.past());
        share = state.share().clone();
    }

    /** Takes in one batch's rows, for the shares from the next one on. */
    void learn(LeastSquares batch) {
        past.fade(FADE);
        past.add(batch, 1);
        // A variate that has hardly been there yet may seem worth many times itself by chance, and then grow.
        share = Arrays.stream(past.solve(LEAST))
                .map(each -> Math.max(0, Math.min(1, each)))
                .toArray();
    }
}
