// token_log_prob: log π(token | prefix) at every position, without storing the softmax; log-sum-exp and entropy with it.
//
//   log_prob[n]    = x[n, token[n]] − log_sum_exp[n],   log_sum_exp[n] = log Σ_v exp x[n, v],   x = logits / temperature
//   entropy[n]     = log_sum_exp[n] − Σ_v softmax(x[n])_v · x[n, v]
//
// in one launch, or at temperature 1 a chunk of the vocabulary after another: state[n] = (max, sum, weighted, the token's
// logit) of the chunks so far, then finish.
//
// shapes   logits (N, V) f32|bf16|f16, row stride in elements; token (N) i32; state (N) float4; results (N) f32, nats
// cost     reads N·V logits once, writes 12·N bytes, a chunk reads and writes 16·N more; bound by memory bandwidth:
//          1.7·10¹² bf16 logits a second on an H100
// layout   one block of 256 threads a row; a thread sums every 256th vector of 16 bytes in f32, the block in f64
// edges    token < 0 (padding) → 0, its row not read; NaN anywhere in the row → NaN; token ≥ V is refused by the launcher
#include "load.cuh"
#include "sum_exp.cuh"

template <typename T>
__device__ RowSum row_sum(const Row<T>& row, float scale) {
  SumExp mine;
  for (int64_t first = threadIdx.x * kVector<T>; first < row.columns; first += kThreads * kVector<T>) {
    float x[kVector<T>];
    row.load(x, first);
    mine.add(x, scale);
  }
  return reduce(mine, scale);
}

// What a row yields for a token whose logit is x.
__device__ inline void finish(float* log_prob, float* log_sum_exp, float* entropy, float x, const RowSum& row,
                              float scale) {
  const double log_sum = log(row.sum);
  const double spread = log_sum - row.weighted / row.sum;
  *log_prob = static_cast<float>((static_cast<double>(x) - row.max) * scale - log_sum);
  *log_sum_exp = static_cast<float>(static_cast<double>(row.max) * scale + log_sum);
  *entropy = static_cast<float>(spread < 0 ? 0 : spread);  // rounding may make it negative
}

template <typename T>
__device__ void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const T* logits,
                               const int32_t* token, int64_t columns, int64_t row_stride, float inverse_temperature) {
  const int64_t n = blockIdx.x;  // 64-bit: n · row_stride passes 2³¹
  const int32_t chosen = token[n];
  if (chosen < 0) {  // the whole block leaves together, so no barrier is skipped
    if (threadIdx.x == 0) log_prob[n] = log_sum_exp[n] = entropy[n] = 0;
    return;
  }
  const Row<T> row{logits + n * row_stride, columns};
  const RowSum sum = row_sum(row, inverse_temperature);
  if (threadIdx.x > 0) return;
  finish(log_prob + n, log_sum_exp + n, entropy + n, to_f32(row.data[chosen]), sum, inverse_temperature);
}

template <typename T>
__device__ void token_log_prob_chunk(float4* state, const T* logits, const int32_t* token, int64_t columns,
                                     int64_t row_stride, int64_t first_column, int32_t first_chunk) {
  const int64_t n = blockIdx.x;
  const int32_t chosen = token[n];
  if (chosen < 0) return;
  const Row<T> row{logits + n * row_stride, columns};
  const RowSum sum = row_sum(row, 1);
  if (threadIdx.x > 0) return;
  // A token that no chunk holds gets NaN.
  const float4 before = first_chunk != 0 ? make_float4(-FLT_MAX, 0, 0, NAN) : state[n];
  SumExp merged{before.x, before.y, before.z};
  SumExp mine{sum.max, static_cast<float>(sum.sum), static_cast<float>(sum.weighted)};
  const float top = fmaxf(merged.max, mine.max);
  merged.raise(top, 1);
  mine.raise(top, 1);
  const int64_t column = chosen - first_column;
  state[n] = make_float4(top, merged.sum + mine.sum, merged.weighted + mine.weighted,
                         column >= 0 && column < columns ? to_f32(row.data[column]) : before.w);
}

extern "C" __global__ void __launch_bounds__(kThreads)
    token_log_prob_finish_kernel(float* log_prob, float* log_sum_exp, float* entropy, const float4* state,
                                 const int32_t* token, int64_t rows) {
  const int64_t n = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (n >= rows) return;
  if (token[n] < 0) {  // its state was never written
    log_prob[n] = log_sum_exp[n] = entropy[n] = 0;
    return;
  }
  const float4 sum = state[n];
  finish(log_prob + n, log_sum_exp + n, entropy + n, sum.w, {sum.x, sum.y, sum.z}, 1);
}

#define TOKEN_LOG_PROB(TYPE, T)                                                                                     \
  extern "C" __global__ void __launch_bounds__(kThreads) token_log_prob_##TYPE##_kernel(                            \
      float* log_prob, float* log_sum_exp, float* entropy, const T* logits, const int32_t* token, int64_t columns,  \
      int64_t row_stride, float inverse_temperature) {                                                              \
    token_log_prob(log_prob, log_sum_exp, entropy, logits, token, columns, row_stride, inverse_temperature);        \
  }                                                                                                                 \
  extern "C" __global__ void __launch_bounds__(kThreads) token_log_prob_chunk_##TYPE##_kernel(                      \
      float4* state, const T* logits, const int32_t* token, int64_t columns, int64_t row_stride,                    \
      int64_t first_column, int32_t first_chunk) {                                                                  \
    token_log_prob_chunk(state, logits, token, columns, row_stride, first_column, first_chunk);                     \
  }

TOKEN_LOG_PROB(f32, float)
TOKEN_LOG_PROB(bf16, __nv_bfloat16)
TOKEN_LOG_PROB(f16, __half)
