// energy: what every sequence is worth under the target, and the batch's sums for Z, ESS, KL and TVD, in one pass.
//
//   log P = log a + λ·φ, −∞ where b = 0;   log w = log P − log q;   log ρ = log π − log q
//
// with log a, log q, log π the sums of a row of token log-probabilities. The sums are listed, with their formulas, at
// EnergyStatistics in Java; v below is w/Z.
//
// shapes   log_target, log_weight, log_ratio (B) f64 nats; base, proposal, policy (B, T) f32, phi (B, F) f64, each with a
//          row stride in elements; lambda (F) f64; filter (B) i32, b; statistics (10) f64
// cost     reads 12·B·T + 8·B·F bytes once; at most nine f64 exponentials a sequence
// layout   a lane sums one row, token after token, so its bits are those of a plain loop, whatever T is padded to, and
//          ρ is exactly 1 where π = q; blocks of 16 sequences shared among threads, merged in order
// edges    padding is 0; b = 0 → log P −∞, weight 0, and no product with it is NaN; NaN in a row → NaN in that
//          sequence's outputs and in the sums it enters; B = 0 → statistics of nothing
#include <cmath>

#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

constexpr int64_t kSequences = 16;  // a block
// About what the exponentials of one sequence cost, in the elements that threads_for counts.
constexpr int64_t kElementsPerSequence = 128;

constexpr int kRows = kLanes / 2;
typedef double F64 __attribute__((vector_size(8 * kRows)));

// Sums of up to kSequences rows.
void sum_rows(double* sums, const float* x, int64_t rows, int64_t columns, int64_t row_stride) {
  for (int64_t from = 0; from < rows; from += kRows) {
    const float* row[kRows];
    for (int lane = 0; lane < kRows; lane++) row[lane] = x + (from + lane < rows ? from + lane : from) * row_stride;
    F64 sum{};
    for (int64_t t = 0; t < columns; t++) {
      F64 value;
      for (int lane = 0; lane < kRows; lane++) value[lane] = row[lane][t];
      sum += value;
    }
    for (int lane = 0; lane < kRows && from + lane < rows; lane++) sums[from + lane] = sum[lane];
  }
}

// exp(log_weight) · value; 0 where the weight is, even if the value is infinite.
double weighted(double log_weight, double value) {
  return log_weight == -INFINITY ? 0 : std::exp(log_weight) * value;
}

// The larger; NaN if either is, unlike fmax.
double larger(double a, double b) { return a > b || a != a ? a : b; }

// |exp x − exp y|, exact for x near y.
double absolute_difference(double x, double y) {
  const double top = larger(x, y);
  return top == -INFINITY ? 0 : std::exp(top) * -std::expm1(-std::fabs(x - y));
}

// In the order of EnergyStatistics.
struct Statistics {
  double count, largest, weights, squares;
  double target_policy, target_policy_deviations, target_proposal;
  double absolute_policy, absolute_proposal, policy_base;

  // Weights come as Σ exp(log w − largest) and Σ exp 2(log w − largest).
  void add_weights(double other_largest, double other_weights, double other_squares) {
    const double top = larger(largest, other_largest);
    if (top == -INFINITY) return;  // (−∞) − (−∞) would be NaN
    const double here = std::exp(largest - top), there = std::exp(other_largest - top);
    weights = weights * here + other_weights * there;
    squares = squares * here * here + other_squares * there * there;
    largest = top;
  }

  // Deviations from the mean add up as in Chan, Golub, LeVeque (1979).
  void merge(const Statistics& other) {
    if (other.count == 0) return;
    add_weights(other.largest, other.weights, other.squares);
    if (count > 0) {
      const double apart = other.target_policy / other.count - target_policy / count;
      target_policy_deviations += apart * apart * (count * other.count / (count + other.count));
    }
    target_policy_deviations += other.target_policy_deviations;
    count += other.count;
    target_policy += other.target_policy;
    target_proposal += other.target_proposal;
    absolute_policy += other.absolute_policy;
    absolute_proposal += other.absolute_proposal;
    policy_base += other.policy_base;
  }
};

constexpr Statistics kNothing{0, -INFINITY, 0, 0, 0, 0, 0, 0, 0, 0};

Statistics of_one(double log_weight, double log_ratio, double log_target, double log_policy, double log_base,
                  double log_z) {
  const double log_v = log_weight - log_z;
  const bool has_weight = log_weight != -INFINITY;
  const double target_policy = weighted(log_v, log_target - log_z - log_policy);
  // x − x: 0, or NaN where the mean is not finite and so nothing deviates from it by a number.
  return {1,
          log_weight,
          has_weight ? 1.0 : 0.0,
          has_weight ? 1.0 : 0.0,
          target_policy,
          target_policy - target_policy,
          weighted(log_v, log_v),
          absolute_difference(log_ratio, log_v),
          absolute_difference(0, log_v),
          weighted(log_ratio, log_policy - log_base)};
}

double dot(const double* x, const double* y, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; i++) sum += x[i] * y[i];
  return sum;
}

}  // namespace

void energy(double* log_target, double* log_weight, double* log_ratio, double* statistics, const EnergyInputs& inputs,
            double log_z) {
  const EnergyInputs in = inputs;
  const int64_t blocks = (in.rows + kSequences - 1) / kSequences;
  const Scratch<Statistics> parts(blocks + 1);  // malloc(0) may give null
  const int threads = threads_for(in.rows * (3 * in.columns + in.features + kElementsPerSequence));
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t from = block * kSequences;
    const int64_t count = in.rows - from < kSequences ? in.rows - from : kSequences;
    double base[kSequences], proposal[kSequences], policy[kSequences];
    sum_rows(base, in.base + from * in.base_stride, count, in.columns, in.base_stride);
    sum_rows(proposal, in.proposal + from * in.proposal_stride, count, in.columns, in.proposal_stride);
    sum_rows(policy, in.policy + from * in.policy_stride, count, in.columns, in.policy_stride);
    Statistics part = kNothing;
    for (int64_t k = 0; k < count; k++) {
      const int64_t i = from + k;
      // Not through λ·φ when b = 0: it may be anything there.
      const double log_potential =
          in.filter[i] == 0 ? -INFINITY : dot(in.phi + i * in.phi_stride, in.lambda, in.features);
      log_target[i] = base[k] + log_potential;
      log_weight[i] = log_target[i] - proposal[k];
      log_ratio[i] = policy[k] - proposal[k];
      part.merge(of_one(log_weight[i], log_ratio[i], log_target[i], policy[k], base[k], log_z));
    }
    parts.data[block] = part;
  }
  Statistics all = kNothing;
  for (int64_t block = 0; block < blocks; block++) all.merge(parts.data[block]);
  if (log_z == -INFINITY) {  // p = P/Z is no distribution
    all.target_policy = all.target_policy_deviations = all.target_proposal = NAN;
    all.absolute_policy = all.absolute_proposal = NAN;
  }
  std::memcpy(statistics, &all, sizeof all);
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
