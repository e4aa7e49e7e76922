// sample_truncated: sample from the top_k largest logits (0: all), then from the shortest prefix by decreasing probability
// whose mass reaches top_p; what ties with the last one kept is kept too.
//
//   kept = { v : logit[v] ≥ t },   t = the largest number such that at least top_k logits, then probability top_p of
//   those, are not below it; found without sorting, bit after bit of the logits' bits in their order
//
// shapes   as sample; log_prob is under the truncated distribution
// cost     reads B·V logits once from memory, then from cache once for every bit of their type and truncation; f64 exp of
//          every logit some 4 times. For evaluation: not bound by memory
// layout   one block of 256 threads a row; masses in f64, so that one next to top_p falls on the side of the reference's
// edges    as sample
#include <cfloat>

#include "draw.cuh"
#include "philox.cuh"

// Orders as the numbers do; −0 as 0, NaN whatever its sign past all others so that it is kept and its mass seen.
__device__ inline uint32_t ordered(float x) {
  if (isnan(x)) return 0xffffffffu;
  const uint32_t bits = __float_as_uint(x + 0.0f);
  return bits >> 31 != 0 ? ~bits : bits | 0x80000000u;
}

// The lowest bit of a number's f32 that may be set.
template <typename T>
constexpr int kLowestBit = std::is_same_v<T, float> ? 0 : std::is_same_v<T, __nv_bfloat16> ? 16 : 13;

// Σ weight(x) over the row, in every thread. Every thread of the block calls it.
template <typename T, typename Weight>
__device__ double sum(const Row<T>& row, Weight weight) {
  __shared__ double sums[kWarps];
  double mine = 0;
  for (int64_t first = threadIdx.x * kVector<T>; first < row.columns; first += kThreads * kVector<T>) {
    float x[kVector<T>];
    row.load(x, first);
    for (int j = 0; j < kVector<T>; j++) mine += weight(x[j]);
  }
  mine = warp_sum(mine);
  __syncthreads();  // the sums of the call before have been read
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = mine;
  __syncthreads();
  double total = 0;
  for (int i = 0; i < kWarps; i++) total += sums[i];
  return total;
}

// The largest key with Σ { weight(x) : ordered(x) ≥ key } ≥ target, or 0.
template <typename T, typename Weight>
__device__ uint32_t threshold(const Row<T>& row, double target, Weight weight) {
  uint32_t key = 0;
  double above = 0;  // the weight of the keys whose bits down to the last one exceed key's
  for (int bit = 31; bit >= kLowestBit<T>; bit--) {
    const uint32_t prefix = key >> bit | 1;
    const auto has_prefix = [=](float x) { return ordered(x) >> bit == prefix ? weight(x) : 0.0; };
    const double with_prefix = sum(row, has_prefix);
    if (above + with_prefix >= target) {
      key = prefix << bit;
    } else {
      above += with_prefix;
    }
  }
  return key;
}

template <typename T>
__device__ float largest(const Row<T>& row) {
  __shared__ float maxima[kWarps];
  float max = -FLT_MAX;
  for (int64_t first = threadIdx.x * kVector<T>; first < row.columns; first += kThreads * kVector<T>) {
    float x[kVector<T>];
    row.load(x, first);
    for (int j = 0; j < kVector<T>; j++) max = fmaxf(max, x[j]);
  }
  max = warp_max(max);
  if (threadIdx.x % 32 == 0) maxima[threadIdx.x / 32] = max;
  __syncthreads();
  for (int i = 0; i < kWarps; i++) max = fmaxf(max, maxima[i]);
  return fminf(max, FLT_MAX);  // +∞ − it is +∞, which its mass shows
}

template <typename T>
__device__ void sample_truncated(int32_t* token, float* log_prob, const T* logits, const int64_t* sequence,
                                 const int32_t* position, int64_t columns, int64_t row_stride, double temperature,
                                 int32_t top_k, double top_p, uint64_t seed) {
  __shared__ double masses[kSegments];
  const int64_t b = blockIdx.x;  // 64-bit: b · row_stride passes 2³¹
  const Row<T> row{logits + b * row_stride, columns};
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const double max = largest(row);
  const double inverse = fmin(1 / temperature, 1e300);  // finite, so that 0 · it is 0
  const auto mass = [=](float x) { return exp((x - max) * inverse); };

  // Neither step chooses from a row that is no distribution; draw refuses it.
  uint32_t kept = 0;
  const auto kept_mass = [&](float x) { return ordered(x) >= kept ? mass(x) : 0.0; };
  if (top_k > 0 && top_k < columns) kept = threshold(row, top_k, [](float) { return 1.0; });
  if (top_p < 1) {
    const uint32_t nucleus = threshold(row, top_p * sum(row, kept_mass), kept_mass);
    kept = nucleus > kept ? nucleus : kept;  // below it where rounding keeps the mass from top_p
  }

  const int count = segment_count<T>(columns);
  for (int segment = warp; segment < count; segment += kWarps) {
    double mine = 0;
    for_each_vector<1>(row, segment, [&](const float(&x)[kVector<T>]) {
      for (int j = 0; j < kVector<T>; j++) mine += kept_mass(x[j]);
    });
    mine = warp_sum(mine);
    if (lane == 0) masses[segment] = mine;
  }
  __syncthreads();  // every segment is there before the first warp reads them
  if (warp > 0) return;
  const Draw drawn = draw(row, masses, philox_uniform(seed, sequence[b], position[b], 0),
                          [&](int) { return kept_mass; });
  if (lane > 0) return;
  token[b] = drawn.token;
  log_prob[b] = drawn.token < 0 ? NAN
                                : static_cast<float>((to_f32(row.data[drawn.token]) - max) * inverse - log(drawn.total));
}

#define SAMPLE_TRUNCATED(TYPE, T)                                                                                   \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                            \
      sample_truncated_##TYPE##_kernel(int32_t* token, float* log_prob, const T* logits, const int64_t* sequence,   \
                                       const int32_t* position, int64_t columns, int64_t row_stride,                \
                                       double temperature, int32_t top_k, double top_p, uint64_t seed) {            \
    sample_truncated(token, log_prob, logits, sequence, position, columns, row_stride, temperature, top_k, top_p,   \
                     seed);                                                                                         \
  }

SAMPLE_TRUNCATED(f32, float)
SAMPLE_TRUNCATED(bf16, __nv_bfloat16)
SAMPLE_TRUNCATED(f16, __half)
