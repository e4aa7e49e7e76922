// gradient: of Σ_n coefficient[n] · log π(token[n]) with respect to the logits, written over them.
//
//   logits[n, v] ← coefficient[n] · (1[v = token[n]] − exp(logits[n, v] − log_sum_exp[n]))
//
// shapes   logits (N, V) f32|bf16|f16, row stride in elements; log_sum_exp, coefficient (N) f32; token (N) i32
// cost     reads and writes N·V logits once; bound by memory bandwidth
// layout   blocks of 512 columns shared among threads; the token's own element in f64, where 1 − exp cancels
// edges    token < 0 (padding) or coefficient 0 → a row of 0, whatever its logits; NaN → NaN; N = 0 → nothing
#include <cmath>

#include "exp.h"
#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

template <typename T>
void store_scalar(T* p, double value) {
  store_first(p, splat(static_cast<float>(value)), 1);
}

template <typename T>
void gradient_block(T* x, int64_t count, int64_t token, float log_sum_exp, float coefficient) {
  const bool holds_token = token >= 0 && token < count;
  const double token_logit = holds_token ? to_f32(x[token]) : 0;
  const auto value = [=](F32 logit) { return -coefficient * exp(logit - log_sum_exp); };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(x + i, value(load(x + i)));
  if (i < count) store_first(x + i, value(load_first(x + i, count - i)), count - i);
  if (holds_token) store_scalar(x + token, coefficient * (1 - std::exp(token_logit - log_sum_exp)));
}

}  // namespace

void gradient(const Logits& logits, const float* log_sum_exp, const int32_t* token, const float* coefficient) {
  const int64_t columns = logits.columns;
  const int64_t count = blocks(columns);
  const int threads = threads_for(logits.rows * columns);
  with_type(logits.type, [&](auto zero) {
    using T = decltype(zero);
    T* data = static_cast<T*>(const_cast<void*>(logits.data));
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < logits.rows * count; i++) {
      const int64_t row = i / count, from = i % count * kBlock;
      const int64_t length = columns - from < kBlock ? columns - from : kBlock;
      T* x = data + row * logits.row_stride + from;
      if (token[row] < 0 || coefficient[row] == 0) {
        std::memset(x, 0, length * sizeof(T));
      } else {
        gradient_block(x, length, token[row] - from, log_sum_exp[row], coefficient[row]);
      }
    }
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
