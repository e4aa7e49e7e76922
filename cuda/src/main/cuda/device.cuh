// What every kernel uses of the device: the block, element types, and what a warp does together. Kernels keep to
// threadIdx, blockIdx and the words of these headers:
//
//   load.cuh     rows of logits, 16 bytes at a time       sum_exp.cuh   Σ exp over a row
//   philox.cuh   random numbers                           draw.cuh      a token from a row's masses
//
// Rules: explicit masks, full warps only; no thread leaves before the last barrier; f32 arithmetic, f64 where sums meet,
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

// Rounded to nearest, ties to even.
__device__ inline void store(float* p, float x) { *p = x; }
__device__ inline void store(__nv_bfloat16* p, float x) { *p = __float2bfloat16_rn(x); }
__device__ inline void store(__half* p, float x) { *p = __float2half_rn(x); }

// The warp's largest, in every lane; passes over NaN.
__device__ inline float warp_max(float mine) {
  for (int offset = 16; offset > 0; offset /= 2) mine = fmaxf(mine, __shfl_xor_sync(kFullWarp, mine, offset));
  return mine;
}

// The warp's sum, in every lane and the same in each.
template <typename Number>
__device__ inline Number warp_sum(Number mine) {
  for (int offset = 16; offset > 0; offset /= 2) mine += __shfl_xor_sync(kFullWarp, mine, offset);
  return mine;
}

// The sum of the lanes up to this one.
__device__ inline double inclusive_scan(double mine) {
  const int lane = threadIdx.x % 32;
  for (int offset = 1; offset < 32; offset *= 2) {
    const double before = __shfl_up_sync(kFullWarp, mine, offset);
    if (lane >= offset) mine += before;
  }
  return mine;
}
