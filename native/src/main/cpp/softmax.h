// The softmax of a few numbers, as attention takes it over the keys that a query sees.
#pragma once

#include "exp.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

// The sum of the lanes, by halves.
inline float add_lanes(F32 x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

// p ← softmax(scale · p)
inline void normalise(float* p, int64_t count, float scale) {
  F32 top = splat(-kInfinity);
  for (int64_t j = 0; j < count; j += kLanes) {
    const F32 x = scale * (j + kLanes <= count ? load(p + j) : load_first(p + j, count - j));
    store_some(p + j, x, count - j);
    top = max(x, top);
  }
  const float subtract = largest(top);
  F32 sums{};
  for (int64_t j = 0; j < count; j += kLanes) {
    const F32 e = exp((j + kLanes <= count ? load(p + j) : load_first(p + j, count - j)) - subtract);
    sums += e;
    store_some(p + j, e, count - j);
  }
  const float inverse = 1.0f / add_lanes(sums);
  for (int64_t j = 0; j < count; j += kLanes) store_some(p + j, load_some(p + j, count - j) * inverse, count - j);
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
