// Σ exp over a row of logits, held so that no exp overflows and that what is no distribution is seen in the sum:
//
//   sum = Σ exp d,   weighted = Σ d · exp d,   d = (x − max) · scale
//
// max is the logits', before the scale: their difference is formed first, where f32 loses least. It stays finite, so that
// ∞ − ∞ never arises; then
//
//   sum = NaN   a logit is NaN        sum = +∞   a logit is +∞, none NaN        sum = 0   all logits are −∞
//
// and log sum is right in every case. accuracy: f32 in a thread, over every 256th vector; f64 across threads.
#pragma once

#include <cfloat>

#include "device.cuh"

constexpr float kExpIsZero = -104.0f;  // exp of it and of less is 0 in f32; less would make 0 · (−∞) of a product

struct SumExp {
  float max = -FLT_MAX, sum = 0, weighted = 0;

  template <int kCount>
  __device__ void add(const float (&x)[kCount], float scale) {
    float top = max;
    for (int j = 0; j < kCount; j++) top = fmaxf(top, x[j]);  // passes over NaN, which the sum keeps
    raise(fminf(top, FLT_MAX), scale);
    float added = 0, added_weighted = 0;
    for (int j = 0; j < kCount; j++) {
      const float d = (x[j] - max) * scale;
      const float e = expf(d);
      added += e;
      added_weighted += e * fmaxf(d, kExpIsZero);
    }
    sum += added;
    weighted += added_weighted;
  }

  // The same sums relative to a maximum that is not below this one.
  __device__ void raise(float top, float scale) {
    if (top == max) return;
    const float d = fmaxf((max - top) * scale, kExpIsZero);
    const float e = expf(d);
    weighted = e * (weighted + d * sum);
    sum *= e;
    max = top;
  }
};

// A row's, or several columns' of it.
struct RowSum {
  float max;
  double sum, weighted;
};

// The block's sum, in every thread. All kThreads threads call it, once in a kernel.
__device__ inline RowSum reduce(SumExp mine, float scale) {
  __shared__ float maxima[kWarps];
  __shared__ double sums[kWarps], weighted[kWarps];
  const int warp = threadIdx.x / 32;
  float top = warp_max(mine.max);
  if (threadIdx.x % 32 == 0) maxima[warp] = top;
  __syncthreads();  // every warp's maximum is there before it is read
  for (int i = 0; i < kWarps; i++) top = fmaxf(top, maxima[i]);
  mine.raise(top, scale);
  const double warp_total = warp_sum(static_cast<double>(mine.sum));
  const double warp_weighted = warp_sum(static_cast<double>(mine.weighted));
  if (threadIdx.x % 32 == 0) {
    sums[warp] = warp_total;
    weighted[warp] = warp_weighted;
  }
  __syncthreads();  // and every warp's sum
  RowSum row{top, 0, 0};
  for (int i = 0; i < kWarps; i++) {
    row.sum += sums[i];
    row.weighted += weighted[i];
  }
  return row;
}
