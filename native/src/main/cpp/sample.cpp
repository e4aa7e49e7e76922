// sample: draws one token a row from the softmax, with its log-probability.
//
//   token[b] = min { v : Σ_{w ≤ v} exp x[b, w] > u · Σ_w exp x[b, w] },   x = logits / temperature
//   log_prob[b] = x[b, token[b]] − log Σ_w exp x[b, w],   u = philox(seed, sequence[b], position[b], 0)
//
// shapes   logits (B, V) f32|bf16|f16, row stride in elements; sequence (B) i64; position, token (B) i32; log_prob (B) f32
// cost     reads B·V logits once from memory, one block of 512 columns twice
// layout   as token_log_prob: sums of blocks first, then the block where u falls, then the token inside it
// edges    NaN, +∞ or nothing but −∞ in the row → token −1, log_prob NaN; a token of probability 0 is never drawn
#include "draw.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

void sample(int32_t* token, float* log_prob, const Logits& logits, const int64_t* sequence, const int32_t* position,
            double temperature, int64_t seed) {
  const float inverse_temperature = reciprocal(temperature);
  const int64_t columns = logits.columns;
  const auto length = [=](int64_t block) { return columns - block * kBlock < kBlock ? columns - block * kBlock : kBlock; };
  with_type(logits.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.data);
    const auto summarise = [&](int64_t row, int64_t block) {
      const T* x = data + row * logits.row_stride + block * kBlock;
      return sum_exp<false>(x, length(block), inverse_temperature);
    };
    const auto finish = [&](int64_t row, const SumExp* parts) {
      const auto block_of = [&](int64_t block) { return data + row * logits.row_stride + block * kBlock; };
      draw(token[row], log_prob[row], parts, columns, philox_uniform(seed, sequence[row], position[row], 0),
           temperature, block_of);
    };
    for_each_row<SumExp>(logits, summarise, finish);
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
