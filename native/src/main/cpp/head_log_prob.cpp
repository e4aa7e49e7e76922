// head_log_prob: log-probabilities of tokens from hidden states, the language-model head and the softmax in one pass.
//
//   x[n, v] = Σ_d hidden[n, d] · W[v, d] / temperature;   log_prob, log_sum_exp, entropy as token_log_prob
//   expected[n, k] = Σ_v softmax(x[n])_v · functions[k, v]
//   exponentials[n, v] = exp(x[n, v] − block_max[n, v / kBlock]), where asked for: head_gradient goes on from these
//
// shapes   hidden (N, D) f32|bf16; W packed (D, V) f32|bf16; token (N) i32; functions (K, V) f32; results (N) f32 nats,
//          expected (N, K); exponentials (N, V) in W's type without gaps, block_max (N, blocks) f32
// cost     2·N·D·V operations; N·V elements are written only where exponentials are asked for
// layout   blocks of 512 columns shared among threads, W read once; blocks merged in f64
// edges    token < 0 (padding) → 0; NaN in a hidden state → NaN; N = 0 → nothing
#include "head.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

double weighted_sum(const float* x, const float* function, int64_t count, float subtract, float inverse_temperature) {
  F32 sums{};
  for (int64_t i = 0; i < count; i += kLanes) {
    const F32 e = exp((load_some(x + i, count - i) - subtract) * inverse_temperature);
    sums += e * load_some(function + i, count - i);
  }
  return sum(sums);
}

}  // namespace

void head_log_prob(const HeadScores& scores, const Head& head, const int32_t* token, const float* functions,
                   int64_t functions_count, double temperature) {
  const float inverse_temperature = reciprocal(temperature);
  const int64_t rows = head.rows, count = blocks(head.columns);
  const int threads = threads_for_product(rows, head.columns, head.depth);
  const Scratch<SumExp> parts(rows * count);
  const Scratch<double> sums(rows * count * functions_count + 1);
  const Scratch<float> chosen(rows);
  with_compute_type(head.type, [&](auto zero) {
    using T = decltype(zero);
    const StepOf<T>* a = packed_hidden<T>(head, threads);
    const auto reduce = [&](int64_t row, int64_t block, const float* x) {
      const int64_t from = block * kBlock, length = block_length(block, head.columns), at = row * count + block;
      if (token[row] >= from && token[row] < from + length) chosen.data[row] = x[token[row] - from];
      SumExp& part = parts.data[at];
      if (scores.exponentials == nullptr) {
        part = sum_exp<true>(x, length, inverse_temperature);
      } else {  // at temperature 1
        T* kept = static_cast<T*>(scores.exponentials) + row * head.columns + from;
        part = sum_exp<true>(x, length, 1, [=](int64_t i, F32 e) { store_some(kept + i, e, length - i); });
        scores.block_max[at] = part.max;
      }
      for (int64_t k = 0; k < functions_count; k++) {
        sums.data[at * functions_count + k] =
            weighted_sum(x, functions + k * head.columns + from, length, shift(part.max), inverse_temperature);
      }
    };
    for_each_block(a, head, steps<T>(head.depth), threads, reduce);
  });
  for (int64_t row = 0; row < rows; row++) {
    const SumExp total = merge(parts.data + row * count, count, temperature);
    const bool padding = token[row] < 0;
    finish_token(scores.log_prob[row], scores.log_sum_exp[row], scores.entropy[row], padding,
                 padding ? 0 : chosen.data[row], total, temperature);
    for (int64_t k = 0; k < functions_count; k++) {
      scores.expected[row * functions_count + k] = 0;
      if (padding) continue;
      double sum = 0;
      for (int64_t block = 0; block < count; block++) {
        const double w = weight(parts.data[row * count + block].max, total.max, temperature);
        if (w != 0) sum += w * sums.data[(row * count + block) * functions_count + k];
      }
      scores.expected[row * functions_count + k] = static_cast<float>(sum / total.sum);
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
