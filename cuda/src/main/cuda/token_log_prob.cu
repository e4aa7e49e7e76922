// token_log_prob: log π(token | prefix) at every position, without storing the softmax; log-sum-exp and entropy with it.
//
//   log_prob[n]    = x[n, token[n]] − log_sum_exp[n],   log_sum_exp[n] = log Σ_v exp x[n, v],   x = logits / temperature
//   entropy[n]     = log_sum_exp[n] − Σ_v softmax(x[n])_v · x[n, v]
//
// shapes   logits (N, V) f32|bf16|f16, row stride in elements; token (N) i32; results (N) f32, nats
// cost     reads N·V logits once; bound by memory bandwidth
// layout   one block of 256 threads a row; a thread sums every 256th logit in f32, then warps, then the block
// edges    token < 0 (padding) → 0; NaN anywhere in the row → NaN; token ≥ V is refused by the launcher
#include "device.cuh"

template <typename T>
__device__ void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const T* logits,
                               const int32_t* token, int64_t columns, int64_t row_stride, float inverse_temperature) {
  const int64_t row = blockIdx.x;  // 64-bit: row · row_stride passes 2³¹
  const int32_t chosen = token[row];
  if (chosen < 0) {  // the whole block leaves together, so no barrier is skipped
    if (threadIdx.x == 0) log_prob[row] = log_sum_exp[row] = entropy[row] = 0;
    return;
  }
  const T* x = logits + row * row_stride;
  SumExp sum{-INFINITY, 0, 0};
  for (int64_t v = threadIdx.x; v < columns; v += kThreads) sum.add(to_f32(x[v]), inverse_temperature);
  sum = reduce(sum, inverse_temperature);
  if (threadIdx.x == 0) {
    const float log_sum = sum.max == -INFINITY ? 0.0f : logf(sum.sum);
    const float nan = sum.max - sum.max;  // 0, or NaN where the maximum is infinite or NaN
    log_prob[row] = (to_f32(x[chosen]) - sum.max) * inverse_temperature - log_sum;
    log_sum_exp[row] = sum.max * inverse_temperature + log_sum;
    entropy[row] = log_sum - sum.weighted / sum.sum + nan;
  }
}

#define TOKEN_LOG_PROB(NAME, T)                                                                                     \
  extern "C" __global__ void __launch_bounds__(kThreads)                                                            \
      NAME(float* log_prob, float* log_sum_exp, float* entropy, const T* logits, const int32_t* token,              \
           int64_t columns, int64_t row_stride, float inverse_temperature) {                                        \
    token_log_prob(log_prob, log_sum_exp, entropy, logits, token, columns, row_stride, inverse_temperature);        \
  }

TOKEN_LOG_PROB(token_log_prob_f32_kernel, float)
TOKEN_LOG_PROB(token_log_prob_bf16_kernel, __nv_bfloat16)
TOKEN_LOG_PROB(token_log_prob_f16_kernel, __half)
