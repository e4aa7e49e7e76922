// sample: draws one token a row from the softmax, with its log-probability.
//
//   token[b] = min { v : Σ_{w ≤ v} exp x[b, w] > u · Σ_w exp x[b, w] },   x = logits / temperature
//   log_prob[b] = x[b, token[b]] − log Σ_w exp x[b, w],   u = philox(seed, sequence[b], position[b], 0)
//
// shapes   logits (B, V) f32|bf16|f16, row stride in elements; sequence (B) i64; position, token (B) i32; log_prob (B) f32
// cost     reads B·V logits once from memory, one block of 512 columns twice
// layout   as token_log_prob: sums of blocks first, then the block where u falls, then the token inside it
// edges    NaN, +∞ or nothing but −∞ in the row → token −1, log_prob NaN; a token of probability 0 is never drawn
#include <cmath>

#include "log_sum_exp.h"
#include "philox.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

// The first column of a block whose cumulative sum, starting from `before`, exceeds `target`; where rounding leaves
// none, the last with a probability. The block's largest always has one.
template <typename T>
int64_t find(const T* x, int64_t count, float subtract, float inverse_temperature, double scale, double before,
             double target) {
  double cumulative = before;
  int64_t last = 0;
  for (int64_t i = 0; i < count; i += kLanes) {
    const F32 value = i + kLanes <= count ? load(x + i) : load_first(x + i, count - i);
    const F32 e = exp((value - subtract) * inverse_temperature);
    for (int lane = 0; lane < kLanes; lane++) {
      if (e[lane] == 0) continue;
      cumulative += scale * e[lane];
      last = i + lane;
      if (cumulative > target) return last;
    }
  }
  return last;
}

}  // namespace

void sample(int32_t* token, float* log_prob, const Logits& logits, const int64_t* sequence, const int32_t* position,
            double temperature, int64_t seed) {
  const float inverse_temperature = reciprocal(temperature);
  const int64_t columns = logits.columns;
  const int64_t count = blocks(columns);
  const auto length = [=](int64_t block) { return columns - block * kBlock < kBlock ? columns - block * kBlock : kBlock; };
  with_type(logits.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.data);
    const auto summarise = [&](int64_t row, int64_t block) {
      const T* x = data + row * logits.row_stride + block * kBlock;
      return sum_exp<false>(x, length(block), inverse_temperature);
    };
    const auto finish = [&](int64_t row, const SumExp* parts) {
      const T* x = data + row * logits.row_stride;
      const SumExp total = merge(parts, count, temperature);
      if (!std::isfinite(total.max) || std::isnan(total.sum)) {
        token[row] = -1;
        log_prob[row] = std::numeric_limits<float>::quiet_NaN();
        return;
      }
      const double target = philox_uniform(seed, sequence[row], position[row], 0) * total.sum;
      double before = 0, cumulative = 0;  // of the blocks before the chosen one, and with it
      int64_t block = 0;
      for (int64_t i = 0; i < count && cumulative <= target; i++) {
        const double mass = weight(parts[i].max, total.max, temperature) * parts[i].sum;
        if (mass == 0) continue;
        block = i;
        before = cumulative;
        cumulative += mass;
      }
      const double scale = weight(parts[block].max, total.max, temperature);
      const int64_t chosen = block * kBlock + find(x + block * kBlock, length(block), shift(parts[block].max),
                                                   inverse_temperature, scale, before, target);
      token[row] = static_cast<int32_t>(chosen);
      log_prob[row] = static_cast<float>((static_cast<double>(to_f32(x[chosen])) - total.max) / temperature -
                                         std::log(total.sum));
    };
    for_each_row<SumExp>(logits, summarise, finish);
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
