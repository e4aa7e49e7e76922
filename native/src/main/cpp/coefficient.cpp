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
// cost     two or three f64 exponentials a sequence; B is a batch, so nothing beside the model's forward pass
// layout   sequence by sequence, contiguous ranges to threads
// edges    log P = −∞ → w is 0 before any product; both terms 0 → 0; ρ = 0 → c of a score is 0; NaN → NaN; B = 0 → nothing
#include <cmath>

#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

// About what an exponential costs, in the elements that threads_for counts.
constexpr int64_t kElementsPerSequence = 32;

// exp x − exp y. Equal exponents first: (−∞) − (−∞) is NaN.
double difference(double x, double y) {
  if (x == y) return 0;
  return x > y ? -std::exp(x) * std::expm1(y - x) : std::exp(y) * std::expm1(x - y);
}

// Below this share of the batch, what the others weigh is rounding error.
constexpr double kNothing = 0x1p-40;

// Lets a NaN through, as a comparison with the limit alone would not.
double at_most(double x, double limit) { return x > limit ? limit : x; }

double score(const CoefficientRule& rule, double log_target, double log_policy) {
  const double u = log_target - rule.log_z - log_policy;
  switch (rule.form) {
    case kReward: return log_target;
    case kTarget: return std::exp(log_target - (rule.normalize ? rule.log_z : 0));
    case kKlControl: return rule.parameter * (log_target - log_policy);
    case kKl: return std::exp(u);
    case kReverseKl: return u - 1;
    case kTotalVariation: return u > 0 ? 0.5 : u < 0 ? -0.5 : u;
    case kJensenShannon: return (u > 0 ? u : 0) + std::log1p(std::exp(-std::fabs(u))) - std::log(2.0);
    case kChiSquared: return std::expm1(2 * u);
    case kReverseChiSquared: return -2 * std::expm1(-u);
    case kAlpha: {
      const double power = 1 - rule.parameter;
      return at_most(power == 0 ? u : std::expm1(power * u) / power, rule.limit);
    }
    default: return 2 * (log_target - log_policy);
  }
}

// ρ·(s − b).
double scored(const CoefficientRule& rule, double log_target, double log_proposal, double log_policy) {
  const double ratio = rule.form == kTrajectoryBalance ? 1 : std::exp(log_policy - log_proposal);
  if (ratio == 0) return 0;
  const double own = score(rule, log_target, log_policy);
  const double others = rule.ratio_sum - ratio;
  const double baseline = others > kNothing * rule.ratio_sum ? (rule.score_sum - ratio * own) / others : 0;
  return ratio * (own - baseline);
}

}  // namespace

void coefficient(double* coefficient, const double* log_target, const double* log_proposal, const double* log_policy,
                 int64_t size, const CoefficientRule& rule) {
  const double log_z = rule.log_z;
  const double scale = rule.normalize ? log_z : 0;
  const int threads = threads_for(size * kElementsPerSequence);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t i = 0; i < size; i++) {
    const double log_weight = log_target[i] - log_proposal[i] - scale;
    switch (rule.form) {
      case kGdc: coefficient[i] = std::exp(log_weight); break;
      case kGdcPlusPlus:
        coefficient[i] = difference(log_weight, log_z + log_policy[i] - log_proposal[i] - scale);
        break;
      case kGdcPlusPlusOnPolicy: coefficient[i] = difference(log_weight, log_z - scale); break;
      default: coefficient[i] = scored(rule, log_target[i], log_proposal[i], log_policy[i]);
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
