// GELU in the form GPT-2 was trained with (Hendrycks and Gimpel, 2016), and its derivative.
//
//   gelu(x) = x · σ(2 u),   gelu′(x) = σ(2u) + x · σ(2u) · (1 − σ(2u)) · 2 u′,   u = √(2/π) · (x + 0.044715 x³)
//
// which is x/2 · (1 + tanh u), written so that one exp does it.
#pragma once

#include "exp.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

constexpr float kTwoRootTwoOverPi = 1.5957691216057308f;
constexpr float kCubic = 0.044715f;

struct Gelu {
  F32 value, slope;
};

inline F32 gelu_gate(F32 x) { return 1.0f / (1.0f + exp(-kTwoRootTwoOverPi * x * (1.0f + kCubic * x * x))); }

inline F32 gelu(F32 x) { return x * gelu_gate(x); }

// With its derivative, which is 0 or 1 long before x² overflows.
inline Gelu gelu_and_slope(F32 x) {
  const F32 gate = gelu_gate(x), value = x * gate;
  const F32 near = max(splat(-64.0f), min(splat(64.0f), x));
  return {value, gate + near * gate * (1.0f - gate) * (kTwoRootTwoOverPi * (1.0f + 3.0f * kCubic * near * near))};
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
