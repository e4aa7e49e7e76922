// coefficient: what multiplies ∇ log π of a whole sequence in the policy gradient.
//
//   gdc                  c = w                    w = P/q,  ρ = π/q,  u = log(p/π),  p = P/Z
//   gdc++                c = w − Z·ρ
//   gdc++, on-policy     c = w − Z
//
// each divided by Z when normalised, in the exponent. A difference of exponentials has the larger one factored out, so
// that w near Z·ρ keeps its digits. All others are c = ρ·(s − b) of a score s:
//
//   reward               s = x                    given in the place of log P
//   target               s = P                    over Z when normalised
//   kl-control           s = β·(log P − log π)
//   kl                   s = exp u                and so on: −f′(π/p) of f-divergences
//   reverse kl           s = u − 1
//   total variation      s = sign(u)/2
//   Jensen–Shannon       s = log(1 + exp u) − log 2
//   χ²                   s = exp 2u − 1
//   reverse χ²           s = 2(1 − exp −u)
//   α                    s = min((exp((1 − α)u) − 1)/(1 − α), limit)
//   trajectory balance   s = 2(log P − log π), with 1 for ρ
//
// where b = (Σ ρs − ρ·s)/(Σ ρ − ρ), the mean score of the batch's others, from sums that the caller made; 0 without them.
//
// shapes   coefficient, log_target, log_proposal, log_policy (B) f64
// cost     moves 32·B bytes (10 ns at 3.35 TB/s for B = 1024) and does two or three f64 exponentials a sequence: a launch's
//          latency is all it takes
// layout   a thread a sequence, grid ceil(B / 256)
// edges    log P = −∞ → w is 0 before any product; both terms 0 → 0; ρ = 0 → c of a score is 0; NaN → NaN
#include "device.cuh"

// As io.equipoise.kernels.CoefficientRule numbers its forms.
enum Form : int32_t {
  kGdc,
  kGdcPlusPlus,
  kGdcPlusPlusOnPolicy,
  kReward,
  kTarget,
  kKlControl,
  kKl,
  kReverseKl,
  kTotalVariation,
  kJensenShannon,
  kChiSquared,
  kReverseChiSquared,
  kAlpha,
  kTrajectoryBalance,
};

struct Rule {
  int32_t form;
  double log_z;
  int32_t normalize;
  double parameter, limit;       // β or α; the most that α may score
  double score_sum, ratio_sum;  // over the batch, for the baseline; 0 without one
};

// exp x − exp y. Equal exponents first: (−∞) − (−∞) is NaN.
__device__ double difference(double x, double y) {
  if (x == y) return 0;
  return x > y ? -exp(x) * expm1(y - x) : exp(y) * expm1(x - y);
}

// Below this share of the batch, what the others weigh is rounding error.
constexpr double kNothing = 0x1p-40;

// Lets a NaN through, as a comparison with the limit alone would not.
__device__ double at_most(double x, double limit) { return x > limit ? limit : x; }

__device__ double score(const Rule& rule, double log_target, double log_policy) {
  const double u = log_target - rule.log_z - log_policy;
  switch (rule.form) {
    case kReward: return log_target;
    case kTarget: return exp(log_target - (rule.normalize ? rule.log_z : 0));
    case kKlControl: return rule.parameter * (log_target - log_policy);
    case kKl: return exp(u);
    case kReverseKl: return u - 1;
    case kTotalVariation: return u > 0 ? 0.5 : u < 0 ? -0.5 : u;
    case kJensenShannon: return (u > 0 ? u : 0) + log1p(exp(-fabs(u))) - log(2.0);
    case kChiSquared: return expm1(2 * u);
    case kReverseChiSquared: return -2 * expm1(-u);
    case kAlpha: {
      const double power = 1 - rule.parameter;
      return at_most(power == 0 ? u : expm1(power * u) / power, rule.limit);
    }
    default: return 2 * (log_target - log_policy);
  }
}

// ρ·(s − b).
__device__ double scored(const Rule& rule, double log_target, double log_proposal, double log_policy) {
  const double ratio = rule.form == kTrajectoryBalance ? 1 : exp(log_policy - log_proposal);
  if (ratio == 0) return 0;
  const double own = score(rule, log_target, log_policy);
  const double others = rule.ratio_sum - ratio;
  const double baseline = others > kNothing * rule.ratio_sum ? (rule.score_sum - ratio * own) / others : 0;
  return ratio * (own - baseline);
}

extern "C" __global__ void __launch_bounds__(kThreads)
    coefficient_kernel(double* coefficient, const double* log_target, const double* log_proposal,
                       const double* log_policy, int64_t size, int32_t form, double log_z, int32_t normalize,
                       double parameter, double limit, double score_sum, double ratio_sum) {
  const int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (i >= size) return;
  const double scale = normalize ? log_z : 0;
  const double log_weight = log_target[i] - log_proposal[i] - scale;
  switch (form) {
    case kGdc: coefficient[i] = exp(log_weight); break;
    case kGdcPlusPlus:
      coefficient[i] = difference(log_weight, log_z + log_policy[i] - log_proposal[i] - scale);
      break;
    case kGdcPlusPlusOnPolicy: coefficient[i] = difference(log_weight, log_z - scale); break;
    default:
      coefficient[i] = scored({form, log_z, normalize, parameter, limit, score_sum, ratio_sum}, log_target[i],
                              log_proposal[i], log_policy[i]);
  }
}
