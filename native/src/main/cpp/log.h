// log: natural logarithm in f32, a register at a time.
//
//   log x = n · ln 2 + log(1 + f),   x = 2ⁿ · (1 + f),   √½ ≤ 1 + f < √2
//
// log(1 + f) = f − f²/2 + f³ · p(f); p of degree 8 is the minimax fit there, which alone would err by 0.02 ulp. Around
// x = 1 the exponent n is 0, so what is left is the polynomial, exact to the last bits where log x nears 0.
// accuracy ≤ 0.84 ulp over every float, with fused multiply-add or without
// edges    NaN and x < 0 → NaN; ±0 → −∞; ∞ → ∞; denormals like any other number
#pragma once

#include "vector.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

inline F32 log(F32 x) {
  constexpr uint32_t kRootHalf = 0x3f3504f3;  // bits of √½
  const I32 denormal = x < 0x1p-126f;        // also what is negative, which becomes NaN below
  const I32 bits = (I32)((U32)(denormal ? x * 0x1p23f : x) - kRootHalf);  // unsigned: it wraps for negative x
  const F32 n = __builtin_convertvector((bits >> 23) - (denormal & 23), F32);
  const F32 f = (F32)(((U32)bits & 0x007fffffu) + kRootHalf) - 1.0f;
  F32 p = splat(0x1.145796p-4f);
  p = p * f - 0x1.de3c04p-4f;
  p = p * f + 0x1.e6f06ap-4f;
  p = p * f - 0x1.fc220ap-4f;
  p = p * f + 0x1.233768p-3f;
  p = p * f - 0x1.555c4ep-3f;
  p = p * f + 0x1.99a4b6p-3f;
  p = p * f - 0x1.000006p-2f;
  p = p * f + 0x1.555548p-2f;
  const F32 square = f * f;
  // Smallest terms first; n · ln 2 in two parts, the larger of 15 bits, so that its product is exact.
  F32 result = p * f * square + n * 0x1.7f7d1cp-20f;
  result = result - 0.5f * square + f;
  result = result + n * 0x1.62e400p-1f;
  result = x == kInfinity ? x : result;
  const F32 outside = x == 0.0f ? splat(-kInfinity) : splat(std::numeric_limits<float>::quiet_NaN());
  return x > 0.0f ? result : outside;
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
