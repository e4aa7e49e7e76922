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

// x in the first `count` lanes, `rest` in the others.
inline F32 first_lanes(F32 x, int64_t count, float rest) {
  I32 lane;
  for (int i = 0; i < kLanes; i++) lane[i] = i;
  const int32_t limit = static_cast<int32_t>(count < kLanes ? count : kLanes);
  return lane < limit ? x : splat(rest);
}

// p ← softmax(scale · p); p has room for whole registers, and what comes after `count` in the last becomes 0.
inline void normalise(float* p, int64_t count, float scale) {
  F32 top = splat(-kInfinity);
  for (int64_t j = 0; j < count; j += kLanes) {
    const F32 x = first_lanes(scale * load(p + j), count - j, -kInfinity);
    store(p + j, x);
    top = max(x, top);
  }
  const float subtract = largest(top);
  F32 sums{};
  for (int64_t j = 0; j < count; j += kLanes) {
    const F32 e = exp(load(p + j) - subtract);
    sums += e;
    store(p + j, e);
  }
  const float inverse = 1.0f / add_lanes(sums);
  for (int64_t j = 0; j < count; j += kLanes) store(p + j, load(p + j) * inverse);
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
