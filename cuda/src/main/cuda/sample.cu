// sample: draws one token a row from the softmax, with its log-probability.
//
//   token[b] = min { v : Σ_{w ≤ v} exp x[b, w] > u · Σ_w exp x[b, w] },   x = logits / temperature
//   log_prob[b] = x[b, token[b]] − log Σ_w exp x[b, w],   u = philox(seed, sequence[b], position[b], 0)
//
// shapes   logits (B, V) f32|bf16|f16, row stride in elements; sequence (B) i64; position, token (B) i32; log_prob (B) f32
// cost     reads B·V logits once, a segment of 1024 bf16 or f16 or 512 f32 twice; bound by memory bandwidth where B fills
//          the card, by latency below: 4 loads of 16 bytes a thread are under way
// layout   one block of 256 threads a row; a segment a warp, summed in f32; segments in f64; see draw.cuh
// edges    NaN, +∞ or nothing but −∞ in the row → token −1, log_prob NaN; a token of probability 0 is never drawn
#include "draw.cuh"
#include "philox.cuh"
#include "sum_exp.cuh"

template <typename T>
__device__ void sample(int32_t* token, float* log_prob, const T* logits, const int64_t* sequence,
                       const int32_t* position, int64_t columns, int64_t row_stride, double temperature,
                       uint64_t seed) {
  __shared__ float maxima[kSegments];  // of the logits in each segment
  __shared__ double masses[kSegments];
  const int64_t b = blockIdx.x;  // 64-bit: b · row_stride passes 2³¹
  const Row<T> row{logits + b * row_stride, columns};
  const double inverse = fmin(1 / temperature, 3e38);  // finite in f32 too, so that 0 · it is 0
  const float scale = static_cast<float>(inverse);
  const int count = segment_count<T>(columns);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;

  for (int segment = warp; segment < count; segment += kWarps) {
    SumExp mine;
    for_each_vector<kVectorsAtOnce>(row, segment, [&](const float(&x)[kVector<T>]) { mine.add(x, scale); });
    mine.raise(warp_max(mine.max), scale);
    const float sum = warp_sum(mine.sum);
    if (lane == 0) {
      maxima[segment] = mine.max;
      masses[segment] = sum;
    }
  }
  __syncthreads();  // every segment is there before the first warp reads them
  if (warp > 0) return;

  float max = -FLT_MAX;
  for (int i = lane; i < count; i += 32) max = fmaxf(max, maxima[i]);
  max = warp_max(max);
  const auto weight = [&](int segment) { return exp((static_cast<double>(maxima[segment]) - max) * inverse); };
  for (int i = lane; i < count; i += 32) masses[i] *= weight(i);  // now relative to the row's maximum
  __syncwarp();
  const auto mass_in = [&](int segment) {
    const double of_segment = weight(segment);
    const float subtract = maxima[segment];
    return [=](float x) { return of_segment * expf((x - subtract) * scale); };
  };
  const Draw drawn = draw(row, masses, philox_uniform(seed, sequence[b], position[b], 0), mass_in);
  if (lane > 0) return;
  token[b] = drawn.token;
  log_prob[b] = drawn.token < 0 ? NAN
                                : static_cast<float>((static_cast<double>(to_f32(row.data[drawn.token])) - max) * inverse -
                                                     log(drawn.total));
}

#define SAMPLE(TYPE, T)                                                                                             \
  extern "C" __global__ void __launch_bounds__(kThreads, 4)                                                          \
      sample_##TYPE##_kernel(int32_t* token, float* log_prob, const T* logits, const int64_t* sequence,             \
                             const int32_t* position, int64_t columns, int64_t row_stride, double temperature,      \
                             uint64_t seed) {                                                                       \
    sample(token, log_prob, logits, sequence, position, columns, row_stride, temperature, seed);                    \
  }

SAMPLE(f32, float)
SAMPLE(bf16, __nv_bfloat16)
SAMPLE(f16, __half)
