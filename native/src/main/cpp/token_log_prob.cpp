// token_log_prob: log π(token | prefix) at every position, without storing the softmax; log-sum-exp and entropy with it.
//
//   log_prob[n]    = x[n, token[n]] − log_sum_exp[n],   log_sum_exp[n] = log Σ_v exp x[n, v],   x = logits / temperature
//   entropy[n]     = log_sum_exp[n] − Σ_v softmax(x[n])_v · x[n, v]
//
// shapes   logits (N, V) f32|bf16|f16, row stride in elements; token (N) i32; results (N) f32, nats
// cost     reads N·V logits once from memory; bound by memory bandwidth, in cache by exp
// layout   rows, or for fewer rows than threads blocks of 512 columns, shared among threads; blocks merged in f64
// edges    token < 0 (padding) → 0; NaN anywhere in the row → NaN; N = 0 → nothing
#include "log_sum_exp.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const Logits& logits, const int32_t* token,
                    double temperature) {
  const float inverse_temperature = reciprocal(temperature);
  const int64_t columns = logits.columns;
  with_type(logits.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.data);
    const auto summarise = [&](int64_t row, int64_t block) -> SumExp {
      if (token[row] < 0) return {};
      const int64_t from = block * kBlock;
      const int64_t count = columns - from < kBlock ? columns - from : kBlock;
      return sum_exp<true>(data + row * logits.row_stride + from, count, inverse_temperature);
    };
    const auto finish = [&](int64_t row, const SumExp* parts) {
      const bool padding = token[row] < 0;
      const double x = padding ? 0 : to_f32(data[row * logits.row_stride + token[row]]);
      finish_token(log_prob[row], log_sum_exp[row], entropy[row], padding, x,
                   padding ? SumExp{} : merge(parts, blocks(columns), temperature), temperature);
    };
    for_each_row<SumExp>(logits, summarise, finish);
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
