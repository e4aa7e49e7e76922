// What every kernel uses of the device: element types, and one reduction. Kernels keep to threadIdx, blockIdx and the
// words of this file. Rules: explicit masks, full warps only; no thread leaves before the last barrier; f32 arithmetic,
// 16-bit types for load and store; 64-bit row offsets; no -use_fast_math (it may delete the NaN checks).
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

constexpr int kThreads = 256;  // a block; the launcher's grid is one block a row
constexpr int kWarps = kThreads / 32;
constexpr unsigned kFullWarp = 0xffffffffu;

__device__ inline float to_f32(float x) { return x; }
__device__ inline float to_f32(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float to_f32(__half x) { return __half2float(x); }

// Σ exp(d) and Σ d · exp(d) for d = (x − max) · scale, so that no exp overflows. The maximum is the logits', before the
// scale: their difference is formed first, where f32 loses least.
struct SumExp {
  float max, sum, weighted;

  __device__ void add(float x, float scale) { merge({x, 1, 0}, scale); }

  __device__ void merge(SumExp other, float scale) {
    if (other.max == -INFINITY) return;                  // adds nothing; (−∞) − (−∞) would be NaN
    if (!(other.max <= max)) {                           // a NaN gets in here too, and stays in the sums
      const SumExp mine = *this;
      *this = other;
      if (mine.max != -INFINITY) fold(mine, scale);
    } else {
      fold(other, scale);
    }
  }

 private:
  // Adds sums whose maximum is not above this one.
  __device__ void fold(SumExp other, float scale) {
    const float d = other.max == max ? 0 : (other.max - max) * scale;  // ∞ − ∞ would be NaN
    const float e = expf(d);
    sum += e * other.sum;
    weighted += e == 0 ? 0 * other.sum : e * (other.weighted + d * other.sum);  // 0 · (−∞) would be NaN
  }
};

// The block's sum, in every thread. All kThreads threads call it.
__device__ inline SumExp reduce(SumExp mine, float scale) {
  __shared__ SumExp warps[kWarps];
  for (int offset = 16; offset > 0; offset /= 2) {
    SumExp other;
    other.max = __shfl_xor_sync(kFullWarp, mine.max, offset);
    other.sum = __shfl_xor_sync(kFullWarp, mine.sum, offset);
    other.weighted = __shfl_xor_sync(kFullWarp, mine.weighted, offset);
    mine.merge(other, scale);
  }
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = mine;
  __syncthreads();  // every warp's sum is there before it is read
  SumExp total = warps[0];
  for (int warp = 1; warp < kWarps; warp++) total.merge(warps[warp], scale);
  return total;
}
