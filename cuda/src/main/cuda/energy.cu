// energy: what every sequence is worth under the target, and the batch's sums for Z, ESS, KL and TVD, in one launch.
//
//   log P = log a + λ·φ, −∞ where b = 0;   log w = log P − log q;   log ρ = log π − log q
//
// with log a, log q, log π the sums of a row of token log-probabilities. The sums are listed, with their formulas, at
// EnergyStatistics in Java; v below is w/Z.
//
// shapes   log_target, log_weight, log_ratio (B) f64 nats; base, proposal, policy (B, T) f32, phi (B, F) f64, each with
//          a row stride in elements; lambda (F) f64; filter (B) i32, b; statistics (10) f64
// cost     moves 12·B·T + 8·B·F + 28·B bytes once: 0.4 MB for B = 64, T = 512, 0.1 µs of an H100's 3.35 TB/s. One block
//          draws perhaps 1/40 of that, and a row's T dependent additions take about 4·T cycles (1 µs for T = 512): some
//          microseconds, once a step. A grid would need a second launch to merge, which costs as much
// layout   one block of 256 threads. A thread sums every 256th sequence, token after token, so its bits are those of a
//          plain loop, whatever T is padded to, and ρ is exactly 1 where π = q; three rows at a time keep three chains
//          of additions and 24 loads in flight. Loads are 4 bytes a thread: a thread comes back to its line in the L1
//          cache, so wider ones would save issue slots that nobody waits for. Threads' statistics are merged as a tree
//          in shared memory, always the same one
// edges    padding is 0; b = 0 → log P −∞, weight 0, and no product with it is NaN; NaN in a row → NaN in that
//          sequence's outputs and in the sums it enters; B = 0 → statistics of nothing
#include "device.cuh"

struct RowSums {
  double base, proposal, policy;
};

__device__ RowSums sum_rows(const float* base, const float* proposal, const float* policy, int64_t columns) {
  RowSums sums{0, 0, 0};
#pragma unroll 8
  for (int64_t t = 0; t < columns; t++) {
    sums.base += base[t];
    sums.proposal += proposal[t];
    sums.policy += policy[t];
  }
  return sums;
}

// Products are rounded by __dmul_rn: fused with what they are added to or subtracted from, equal terms could differ and
// x − x would be their rounding error.

// exp(log_weight) · value; 0 where the weight is, even if the value is infinite.
__device__ double weighted(double log_weight, double value) {
  return log_weight == -INFINITY ? 0 : __dmul_rn(exp(log_weight), value);
}

// The larger; NaN if either is, unlike fmax.
__device__ double larger(double a, double b) { return a > b || a != a ? a : b; }

// |exp x − exp y|, exact for x near y.
__device__ double absolute_difference(double x, double y) {
  const double top = larger(x, y);
  return top == -INFINITY ? 0 : __dmul_rn(exp(top), -expm1(-fabs(x - y)));
}

// In the order of EnergyStatistics.
struct Statistics {
  double count, largest, weights, squares;
  double target_policy, target_policy_deviations, target_proposal;
  double absolute_policy, absolute_proposal, policy_base;

  // Weights come as Σ exp(log w − largest) and Σ exp 2(log w − largest).
  __device__ void add_weights(double other_largest, double other_weights, double other_squares) {
    const double top = larger(largest, other_largest);
    if (top == -INFINITY) return;  // (−∞) − (−∞) would be NaN
    const double here = exp(largest - top), there = exp(other_largest - top);
    weights = weights * here + other_weights * there;
    squares = squares * here * here + other_squares * there * there;
    largest = top;
  }

  // Deviations from the mean add up as in Chan, Golub, LeVeque (1979).
  __device__ void merge(const Statistics& other) {
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

__device__ Statistics of_one(double log_weight, double log_ratio, double log_target, double log_policy, double log_base,
                             double log_z) {
  const double log_v = log_weight - log_z;
  const double scaled = log_weight == -INFINITY ? 0 : 1;
  const double target_policy = weighted(log_v, log_target - log_z - log_policy);
  // x − x: 0, or NaN where the mean is not finite and so nothing deviates from it by a number.
  return {1,
          log_weight,
          scaled,
          scaled,
          target_policy,
          target_policy - target_policy,
          weighted(log_v, log_v),
          absolute_difference(log_ratio, log_v),
          absolute_difference(0, log_v),
          weighted(log_ratio, log_policy - log_base)};
}

__device__ double dot(const double* x, const double* y, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; i++) sum += x[i] * y[i];
  return sum;
}

extern "C" __global__ void __launch_bounds__(kThreads)
    energy_kernel(double* log_target, double* log_weight, double* log_ratio, double* statistics, const float* base,
                  const float* proposal, const float* policy, const double* phi, const double* lambda,
                  const int32_t* filter, int64_t rows, int64_t columns, int64_t features, int64_t base_stride,
                  int64_t proposal_stride, int64_t policy_stride, int64_t phi_stride, double log_z) {
  __shared__ Statistics parts[kThreads];
  Statistics mine{0, -INFINITY, 0, 0, 0, 0, 0, 0, 0, 0};
  for (int64_t i = threadIdx.x; i < rows; i += kThreads) {
    const RowSums sums =
        sum_rows(base + i * base_stride, proposal + i * proposal_stride, policy + i * policy_stride, columns);
    // Not through λ·φ when b = 0: it may be anything there.
    const double log_potential = filter[i] == 0 ? -INFINITY : dot(phi + i * phi_stride, lambda, features);
    const double target = sums.base + log_potential;
    const double weight = target - sums.proposal;
    const double ratio = sums.policy - sums.proposal;
    log_target[i] = target;
    log_weight[i] = weight;
    log_ratio[i] = ratio;
    mine.merge(of_one(weight, ratio, target, sums.policy, sums.base, log_z));
  }
  parts[threadIdx.x] = mine;
  for (unsigned apart = kThreads / 2; apart > 0; apart /= 2) {
    __syncthreads();  // the upper half's parts are there before the lower half reads them
    if (threadIdx.x < apart) parts[threadIdx.x].merge(parts[threadIdx.x + apart]);
  }
  if (threadIdx.x > 0) return;  // thread 0 made the last merge itself
  Statistics all = parts[0];
  if (log_z == -INFINITY) {  // p = P/Z is no distribution
    all.target_policy = all.target_policy_deviations = all.target_proposal = NAN;
    all.absolute_policy = all.absolute_proposal = NAN;
  }
  const double sums[] = {all.count,
                         all.largest,
                         all.weights,
                         all.squares,
                         all.target_policy,
                         all.target_policy_deviations,
                         all.target_proposal,
                         all.absolute_policy,
                         all.absolute_proposal,
                         all.policy_base};
#pragma unroll
  for (int i = 0; i < 10; i++) statistics[i] = sums[i];
}
