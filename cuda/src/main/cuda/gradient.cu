// gradient: of Σ_n coefficient[n] · log π(token[n]) with respect to the logits, written over them.
//
//   logits[n, v] ← coefficient[n] · (1[v = token[n]] − exp(logits[n, v] − log_sum_exp[n]))
//
// shapes   logits (N, V) f32|bf16|f16, row stride in elements; log_sum_exp, coefficient (N) f32; token (N) i32
// cost     reads and writes N·V logits once; bound by memory bandwidth: 4 bytes a bf16 logit, 0.84·10¹² of them a second
//          on an H100
// layout   one block of 256 threads a row; aligned vectors of 16 bytes, the row's first and last element by element;
//          the token's own element by expm1, where 1 − exp cancels
// edges    token < 0 (padding) or coefficient 0 → a row of 0, whatever its logits; NaN → NaN
#include "load.cuh"

template <typename T>
__device__ void gradient(T* logits, const float* log_sum_exp, const int32_t* token, const float* coefficient,
                         int64_t columns, int64_t row_stride) {
  const int64_t n = blockIdx.x;  // 64-bit: n · row_stride passes 2³¹
  T* x = logits + n * row_stride;
  const int64_t chosen = token[n];
  const float c = coefficient[n], normaliser = log_sum_exp[n];
  const bool erase = chosen < 0 || c == 0;
  const auto at_token = [=](float logit) { return -c * expm1f(logit - normaliser); };
  const auto elsewhere = [=](float logit) { return -c * expf(logit - normaliser); };

  const int past = past_boundary(x);
  const int64_t vectors = (past + columns + kVector<T> - 1) / kVector<T>;
  for (int64_t i = threadIdx.x; i < vectors; i += kThreads) {
    const int64_t first = i * kVector<T> - past;
    if (first >= 0 && first + kVector<T> <= columns) {
      uint4* aligned = reinterpret_cast<uint4*>(x + first);
      float value[kVector<T>] = {};
      if (!erase) {
        const uint4 loaded = *aligned;
        const uint32_t words[4] = {loaded.x, loaded.y, loaded.z, loaded.w};
        unpack<T>(value, words);
        const int64_t own = chosen - first;
        const bool holds_token = own >= 0 && own < kVector<T>;
        float logit = 0;
        if (holds_token) {
          for (int j = 0; j < kVector<T>; j++) logit = j == own ? value[j] : logit;
        }
        for (int j = 0; j < kVector<T>; j++) value[j] = elsewhere(value[j]);
        if (holds_token) {
          const float difference = at_token(logit);
          for (int j = 0; j < kVector<T>; j++) value[j] = j == own ? difference : value[j];
        }
      }
      *aligned = pack<T>(value);
    } else {
      const int64_t begin = first < 0 ? 0 : first;
      const int64_t end = first + kVector<T> < columns ? first + kVector<T> : columns;
      for (int64_t v = begin; v < end; v++) {
        const float logit = erase ? 0 : to_f32(x[v]);
        store(x + v, erase ? 0 : v == chosen ? at_token(logit) : elsewhere(logit));
      }
    }
  }
}

#define GRADIENT(TYPE, T)                                                                                           \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                            \
      gradient_##TYPE##_kernel(T* logits, const float* log_sum_exp, const int32_t* token, const float* coefficient, \
                               int64_t columns, int64_t row_stride) {                                               \
    gradient(logits, log_sum_exp, token, coefficient, columns, row_stride);                                         \
  }

GRADIENT(f32, float)
GRADIENT(bf16, __nv_bfloat16)
GRADIENT(f16, __half)
