// exp: eˣ in f32, a register at a time.
//
//   eˣ = 2ⁿ · eʳ,   n = round(x / ln 2),   r = x − n · ln 2 in two parts, |r| ≤ ln 2 / 2
//
// eʳ = 1 + r + r² · p(r); p of degree 4 is the minimax fit on |r| ≤ ln 2 / 2, which alone would err by 0.04 ulp.
// accuracy ≤ 1.02 ulp over every float, with fused multiply-add or without; a denormal's ulp is 2⁻¹⁴⁹
// edges    NaN → NaN; x ≥ 88.73 → ∞; x ≤ −103.98 and −∞ → 0
#pragma once

#include "vector.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

inline F32 exp(F32 x) {
  x = max(splat(-104.0f), min(splat(89.0f), x));  // both let NaN through
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  const F32 n = (F32)_mm512_maskz_roundscale_ps(0xffff, (__m512)(x * 0x1.715476p+0f), kNearest);
#else
  constexpr float kRounder = 0x1.8p23f;  // adding it leaves the nearest integer in the low bits
  const F32 shifted = x * 0x1.715476p+0f + kRounder;
  const F32 n = shifted - kRounder;
#endif
  F32 r = x - n * 0x1.62e400p-1f;  // 15 bits of ln 2, so the product is exact
  r = r - n * 0x1.7f7d1cp-20f;
  F32 p = splat(0x1.6a2256p-10f);
  p = p * r + 0x1.123b04p-7f;
  p = p * r + 0x1.5558f8p-5f;
  p = p * r + 0x1.55549p-3f;
  p = p * r + 0x1.fffffcp-2f;
  p = p * r * r + r;  // smallest terms first, 1 last
  p = p + 1.0f;
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  return (F32)_mm512_maskz_scalef_ps(0xffff, (__m512)p, (__m512)n);
#else
  // 2ⁿ in two factors: n reaches 128, which has no float, and −150, whose results round once as denormals.
  const I32 exponent = (I32)shifted - 0x4b400000;
  const I32 half = exponent >> 1;
  const F32 first = (F32)((half + 127) << 23);
  const F32 second = (F32)((exponent - half + 127) << 23);
  return p * first * second;
#endif
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
