// The one reduction that sample and token_log_prob share: Σ exp(x / temperature) over a row, held as (max, sum) so that
// no exp overflows.
//
// accuracy f32 exp and at most kBlock / kLanes f32 additions a lane; across lanes and blocks f64
// edges    NaN anywhere → sum NaN; +∞ → max +∞; nothing but −∞ → max −∞
#pragma once

#include <cmath>

#include "exp.h"
#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

struct SumExp {
  float max;        // of the logits, before the temperature
  double sum;       // Σ exp d,  d = (x − max) / temperature
  double weighted;  // Σ d · exp d, for the entropy
};

// 1 / temperature as f32, finite so that 0 · it is 0.
inline float reciprocal(double temperature) {
  const double inverse = 1 / temperature;
  return inverse < 3e38 ? static_cast<float>(inverse) : 3e38f;
}

template <typename T>
float largest(const T* x, int64_t count) {
  F32 top[4] = {splat(-kInfinity), splat(-kInfinity), splat(-kInfinity), splat(-kInfinity)};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
    for (int part = 0; part < 4; part++) top[part] = max(load(x + i + part * kLanes), top[part]);
  }
  for (; i + kLanes <= count; i += kLanes) top[0] = max(load(x + i), top[0]);
  if (i < count) top[1] = max(load_first(x + i, count - i), top[1]);
  return largest(max(max(top[0], top[1]), max(top[2], top[3])));
}

// What to subtract before exp. Not an infinity: (−∞) − (−∞) is NaN.
inline float shift(float max) { return std::isfinite(max) ? max : 0.0f; }

// keep(i, e) gets the exponentials from the i-th on.
template <bool kWithEntropy, typename T, typename Keep>
SumExp sum_exp(const T* x, int64_t count, float inverse_temperature, Keep keep) {
  const float top = largest(x, count);
  const float subtract = shift(top);
  F32 sums{}, weighted{};
  const auto add = [&](int64_t i, F32 value) {
    const F32 d = (value - subtract) * inverse_temperature;
    const F32 e = exp(d);
    sums += e;
    if (kWithEntropy) weighted += e * (d < -104.0f ? splat(-104.0f) : d);  // e is 0 there, and 0 · (−∞) NaN
    keep(i, e);
  };
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) add(i, load(x + i));
  if (i < count) add(i, load_first(x + i, count - i));
  return {top, sum(sums), kWithEntropy ? sum(weighted) : 0.0};
}

template <bool kWithEntropy, typename T>
SumExp sum_exp(const T* x, int64_t count, float inverse_temperature) {
  return sum_exp<kWithEntropy>(x, count, inverse_temperature, [](int64_t, F32) {});
}

// exp of the distance between a block's maximum and the row's.
inline double weight(float max, float row_max, double temperature) {
  return max == row_max ? 1 : std::exp((static_cast<double>(max) - row_max) / temperature);
}

inline SumExp merge(const SumExp* parts, int64_t count, double temperature) {
  SumExp row{-kInfinity, 0, 0};
  for (int64_t i = 0; i < count; i++) {
    if (parts[i].max > row.max) row.max = parts[i].max;
    row.sum += parts[i].sum;
  }
  if (!std::isfinite(row.max) || std::isnan(row.sum)) return row;
  row.sum = 0;
  for (int64_t i = 0; i < count; i++) {
    const double w = weight(parts[i].max, row.max, temperature);
    if (w == 0) continue;
    const double distance = (static_cast<double>(parts[i].max) - row.max) / temperature;
    row.sum += w * parts[i].sum;
    row.weighted += w * (parts[i].weighted + distance * parts[i].sum);
  }
  return row;
}

// What token_log_prob yields for a token whose logit is x, in a row whose blocks have been merged.
inline void finish_token(float& log_prob, float& log_sum_exp, float& entropy, bool padding, double x,
                         const SumExp& total, double temperature) {
  if (padding) {
    log_prob = log_sum_exp = entropy = 0;
    return;
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  double log_sum = std::log(total.sum);
  double spread = log_sum - total.weighted / total.sum;
  if (std::isnan(total.sum)) log_sum = spread = nan;
  if (std::isinf(total.max) && !std::isnan(total.sum)) log_sum = 0, spread = nan;  // ∞ − ∞ makes the rest
  log_prob = static_cast<float>((x - total.max) / temperature - log_sum);
  log_sum_exp = static_cast<float>(total.max / temperature + log_sum);
  entropy = static_cast<float>(spread < 0 ? 0 : spread);
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
