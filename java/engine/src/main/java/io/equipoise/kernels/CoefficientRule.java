package io.equipoise.kernels;

/**
 * How a sequence's coefficient c in ĝ = (1/B) Σ c · ∇ log π(x) follows from its log-probabilities; w = P/q, ρ = π/q,
 * u = log(p/π) with p = P/Z.
 *
 * <p>Forms from {@link Form#REWARD} on are scores s: c = ρ·(s − b), where the baseline b of a sequence is the mean score of
 * the batch's others, each counting ρ. It does not depend on the sequence, so it changes no expectation.
 *
 * @param logZ estimate of log Σ P, nats
 * @param normalize divides c by Z, so that the step's size does not depend on how rare the target is
 * @param parameter β of {@link Form#KL_CONTROL}, α of {@link Form#ALPHA}; else not looked at
 * @param limit the most that {@link Form#ALPHA} may score
 * @param scoreSum Σ ρ·s over the batch, for the baseline; 0 without one
 * @param ratioSum Σ ρ over the batch; 0 without a baseline
 */
public record CoefficientRule(
        Form form, double logZ, boolean normalize, double parameter, double limit, double scoreSum, double ratioSum) {
    /**
     * The largest |c| that a batch is trained with: e^34.5 texts' worth. What is beyond it is taken for it, so that f32 gradients
     * and their squares have room.
     */
    public static final double LARGEST = 1e15;

    /** Below this share of the batch, what the others weigh is rounding error. */
    private static final double NOTHING = 0x1p-40;

    /** What c, or the score that it is made of, is before anything is normalised. */
    public enum Form {
        /** c = w (Khalifa, Elsahar, Dymetman, 2021). */
        GDC(0),
        /** c = w − Z·ρ (Korbak, Elsahar, Kruszewski, Dymetman, 2022). */
        GDC_PLUS_PLUS(1),
        /** c = w − Z, for samples of π itself. */
        GDC_PLUS_PLUS_ON_POLICY(2),
        /** s is a reward, given in the place of log P (Williams, 1992). */
        REWARD(3),
        /** s = P. */
        TARGET(4),
        /** s = β·(log P − log π), for P = a·exp(r/β): the reward r less β·log(π/a) (Ziegler et al., 2019). */
        KL_CONTROL(5),
        /** s = p/π: KL(p‖π). This and the following as f-DPG derives them (Go et al., 2023): s = −f′(π/p). */
        KL(6),
        /** s = u − 1: KL(π‖p). */
        REVERSE_KL(7),
        /** s = sign(u)/2: total variation. */
        TOTAL_VARIATION(8),
        /** s = log(1 + p/π) − log 2: Jensen–Shannon, twice. */
        JENSEN_SHANNON(9),
        /** s = (p/π)² − 1: χ²(p‖π). */
        CHI_SQUARED(10),
        /** s = 2(1 − π/p): χ²(π‖p). */
        REVERSE_CHI_SQUARED(11),
        /** s = ((p/π)^(1−α) − 1)/(1 − α), at most the limit: the α-divergence; α = 1 is u. */
        ALPHA(12),
        /** c = −2(δ − mean δ), δ = log π − log P, not times ρ: the variance of δ (Richter et al., 2020, VarGrad). */
        TRAJECTORY_BALANCE(13);

        private final int code;

        Form(int code) {
            this.code = code;
        }

        /** As {@code Form} in kernels.h numbers them. */
        public int code() {
            return code;
        }

        /** Whether c is a score less a baseline. */
        public boolean isScore() {
            return code >= 3;
        }
    }

    /** A form without parameters, limit or baseline. */
    public CoefficientRule(Form form, double logZ, boolean normalize) {
        this(form, logZ, normalize, 0, Double.POSITIVE_INFINITY, 0, 0);
    }

    /** The same with what the baseline needs. */
    public CoefficientRule withBaseline(double scoreSum, double ratioSum) {
        return new CoefficientRule(form, logZ, normalize, parameter, limit, scoreSum, ratioSum);
    }

    /**
     * The coefficient of one sequence, float64.
     *
     * @param logTarget log P(x), nats; −∞ where a pointwise constraint fails; for {@link Form#REWARD} the reward
     * @param logProposal log q(x), nats
     * @param logPolicy log π(x), nats
     * @return c; NaN if an argument that the form reads is NaN; 0 where ρ is 0 and c a score
     */
    public double coefficient(double logTarget, double logProposal, double logPolicy) {
        double scale = normalize ? logZ : 0;
        double logWeight = logTarget - logProposal - scale;
        return switch (form) {
            case GDC -> Math.exp(logWeight);
            case GDC_PLUS_PLUS -> difference(logWeight, logZ + logPolicy - logProposal - scale);
            case GDC_PLUS_PLUS_ON_POLICY -> difference(logWeight, logZ - scale);
            default -> {
                double ratio = ratio(logProposal, logPolicy);
                double score = score(logTarget, logPolicy);
                yield ratio == 0 ? 0 : ratio * (score - baseline(ratio, score));
            }
        };
    }

    /** A coefficient or score within {@link #LARGEST}; a NaN stays one, it is no overflow. */
    public static double limited(double coefficient) {
        return Math.max(-LARGEST, Math.min(LARGEST, coefficient));
    }

    /** ρ, or 1 where the form doesn't multiply by it. */
    public double ratio(double logProposal, double logPolicy) {
        return form == Form.TRAJECTORY_BALANCE ? 1 : Math.exp(logPolicy - logProposal);
    }

    /**
     * The score s of one sequence, for the forms that are scores.
     *
     * @param logTarget as for {@link #coefficient}
     */
    public double score(double logTarget, double logPolicy) {
        double u = logTarget - logZ - logPolicy;
        return switch (form) {
            case REWARD -> logTarget;
            case TARGET -> Math.exp(logTarget - (normalize ? logZ : 0));
            case KL_CONTROL -> parameter * (logTarget - logPolicy);
            case KL -> Math.exp(u);
            case REVERSE_KL -> u - 1;
            case TOTAL_VARIATION -> Math.signum(u) / 2;
            case JENSEN_SHANNON -> Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u))) - Math.log(2);
            case CHI_SQUARED -> Math.expm1(2 * u);
            case REVERSE_CHI_SQUARED -> -2 * Math.expm1(-u);
            case ALPHA -> Math.min(parameter == 1 ? u : Math.expm1((1 - parameter) * u) / (1 - parameter), limit);
            case TRAJECTORY_BALANCE -> 2 * (logTarget - logPolicy);
            default -> throw new IllegalArgumentException(form + " is not a score");
        };
    }

    /** The mean score of the others. */
    private double baseline(double ratio, double score) {
        double others = ratioSum - ratio;
        return others > NOTHING * ratioSum ? (scoreSum - ratio * score) / others : 0;
    }

    /** exp(x) − exp(y) with the larger factored out, so that neither overflow nor cancellation adds error. */
    private static double difference(double x, double y) {
        if (x == y) return 0; // also both −∞, whose difference is NaN
        return x > y ? -Math.exp(x) * Math.expm1(y - x) : Math.exp(y) * Math.expm1(x - y);
    }
}
