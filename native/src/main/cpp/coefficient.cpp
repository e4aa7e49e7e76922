// coefficient: what multiplies ∇ log π of a whole sequence in the policy gradient.
//
//   gdc                  c = w                    w = P/q,  ρ = π/q
//   gdc++                c = w − Z·ρ
//   gdc++, on-policy     c = w − Z
//
// each divided by Z when normalised, in the exponent. A difference of exponentials has the larger one factored out, so
// that w near Z·ρ keeps its digits.
//
// shapes   coefficient, log_target, log_proposal, log_policy (B) f64
// cost     two f64 exponentials a sequence; B is a batch, so nothing beside the model's forward pass
// layout   sequence by sequence, contiguous ranges to threads
// edges    log P = −∞ → w is 0 before any product; both terms 0 → 0; NaN → NaN; B = 0 → nothing
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
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
