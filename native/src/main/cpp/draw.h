// How a token is drawn from a row whose blocks have been summed: shared by sample and head_sample, which differ in where
// a block's logits come from.
#pragma once

#include "log_sum_exp.h"
#include "philox.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

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

// block_of(block) → pointer to the logits of that block.
template <typename BlockOf>
void draw(int32_t& token, float& log_prob, const SumExp* parts, int64_t columns, double uniform, double temperature,
          BlockOf block_of) {
  const int64_t count = blocks(columns);
  const SumExp total = merge(parts, count, temperature);
  if (!std::isfinite(total.max) || std::isnan(total.sum)) {
    token = -1;
    log_prob = std::numeric_limits<float>::quiet_NaN();
    return;
  }
  const double target = uniform * total.sum;
  double before = 0, cumulative = 0;  // of the blocks before the chosen one, and with it
  int64_t block = 0;
  for (int64_t i = 0; i < count && cumulative <= target; i++) {
    const double mass = weight(parts[i].max, total.max, temperature) * parts[i].sum;
    if (mass == 0) continue;
    block = i;
    before = cumulative;
    cumulative += mass;
  }
  const auto* x = block_of(block);
  const int64_t left = columns - block * kBlock;
  const int64_t chosen = find(x, left < kBlock ? left : kBlock, shift(parts[block].max), reciprocal(temperature),
                              weight(parts[block].max, total.max, temperature), before, target);
  token = static_cast<int32_t>(block * kBlock + chosen);
  log_prob = static_cast<float>((static_cast<double>(to_f32(x[chosen])) - total.max) / temperature -
                                std::log(total.sum));
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
