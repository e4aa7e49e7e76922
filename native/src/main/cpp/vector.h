// One register of floats, and loads and stores that convert to and from 16-bit formats. GCC's vector extensions give
// arithmetic, comparison and selection for any width, so only max, f16 and reductions differ between instruction sets.
//
// Conversions round to nearest even and keep NaN, infinities and denormals. AVX-512's own bf16 conversion flushes
// denormals to zero, so it is used where there are none. The maskz forms, with every lane chosen, compile to the plain
// instructions; GCC 12 warns of uninitialised registers in the plain forms (PR 105593).
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "operations.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace equipoise::cpu::EQUIPOISE_ISA {

constexpr int kLanes = EQUIPOISE_LANES;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

typedef float F32 __attribute__((vector_size(4 * kLanes)));
typedef int32_t I32 __attribute__((vector_size(4 * kLanes)));
typedef uint32_t U32 __attribute__((vector_size(4 * kLanes)));
typedef uint16_t U16 __attribute__((vector_size(2 * kLanes)));

// 16-bit elements in memory.
struct Bf16 {
  uint16_t bits;
};
struct F16 {
  uint16_t bits;
};

inline F32 splat(float x) { return x - F32{}; }

// max(a, b); b where a is NaN.
inline F32 max(F32 a, F32 b) {
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  return (F32)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);
#elif EQUIPOISE_LANES == 8
  return (F32)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return a > b ? a : b;
#endif
}

// min(a, b); b where a is NaN.
inline F32 min(F32 a, F32 b) {
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  return (F32)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b);
#elif EQUIPOISE_LANES == 8
  return (F32)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return a < b ? a : b;
#endif
}

inline F32 load(const float* p) {
  F32 x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

inline U16 load_bits(const void* p) {
  U16 x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

inline U32 widen(U16 x) {
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  return (U32)_mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)x);
#else
  return __builtin_convertvector(x, U32);
#endif
}

inline F32 load(const Bf16* p) { return (F32)(widen(load_bits(p)) << 16); }

inline F32 load(const F16* p) {
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  return (F32)_mm512_maskz_cvtph_ps(0xffff, (__m256i)load_bits(p));
#elif EQUIPOISE_LANES == 8
  return (F32)_mm256_cvtph_ps((__m128i)load_bits(p));
#else
  const U32 bits = __builtin_convertvector(load_bits(p), U32);
  const I32 magnitude = (I32)((bits & 0x7fffu) << 13);
  const U32 scaled = (U32)((F32)magnitude * 0x1p112f);  // rebias the exponent; exact for denormal halves too
  const U32 special = (U32)(magnitude >= 0x7c00 << 13) & 0x7f800000u;
  return (F32)(scaled | special | (bits & 0x8000u) << 16);
#endif
}

inline float to_f32(float x) { return x; }

inline float to_f32(Bf16 x) {
  const uint32_t bits = uint32_t{x.bits} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline float to_f32(F16 x) {
  F16 lanes[kLanes] = {x};
  return load(lanes)[0];
}

inline void store(float* p, F32 x) { std::memcpy(p, &x, sizeof x); }

// Rounded to bf16.
inline U16 to_bf16(F32 x) {
#ifdef __AVX512BF16__
  constexpr int kDenormal = 0x20;
  if (__builtin_expect(_mm512_fpclass_ps_mask((__m512)x, kDenormal) == 0, 1)) {
    return (U16)_mm512_cvtneps_pbh((__m512)x);
  }
#endif
  const U32 bits = (U32)x;
  const U32 rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const U32 quiet = (bits >> 16) | 0x40u;
  return __builtin_convertvector(x == x ? rounded : quiet, U16);
}

inline void store(Bf16* p, F32 x) {
  const U16 half = to_bf16(x);
  std::memcpy(p, &half, sizeof half);
}

inline void store(F16* p, F32 x) {
#if EQUIPOISE_LANES == 16 && defined(__AVX512F__)
  const __m256i half = _mm512_maskz_cvtps_ph(0xffff, (__m512)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#elif EQUIPOISE_LANES == 8
  const __m128i half = _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
#else
  const U32 bits = (U32)x;
  const U32 sign = (bits >> 16) & 0x8000u;
  const U32 magnitude = bits & 0x7fffffffu;
  const U32 normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  // Below the smallest normal half, adding 1/2 leaves the multiple of 2⁻²⁴, rounded to even, in the low bits.
  const U32 denormal = (U32)((F32)magnitude + 0.5f) - 0x3f000000u;
  const U32 nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  U32 result = magnitude < 0x38800000u ? denormal : normal;
  result = magnitude >= 0x477ff000u ? U32{} + 0x7c00u : result;  // 65520 is the first that rounds past 65504
  result = magnitude > 0x7f800000u ? nan : result;
  const U16 half = __builtin_convertvector(result | sign, U16);
#endif
  std::memcpy(p, &half, sizeof half);
}

// The first `count` elements, then `rest`.
template <typename T>
F32 load_first_or(const T* p, int64_t count, float rest) {
  F32 x = splat(rest);
  for (int64_t i = 0; i < count; i++) x[i] = to_f32(p[i]);
  return x;
}

// The first `count` elements, then −∞, which changes neither a maximum nor a sum of exponentials.
template <typename T>
F32 load_first(const T* p, int64_t count) {
  return load_first_or(p, count, -kInfinity);
}

template <typename T>
void store_first(T* p, F32 x, int64_t count) {
  T lanes[kLanes];
  store(lanes, x);
  std::memcpy(p, lanes, count * sizeof(T));
}

// One register at p, of which `count` elements are there; 0 for the others.
template <typename T>
F32 load_some(const T* p, int64_t count) {
  return count >= kLanes ? load(p) : count <= 0 ? F32{} : load_first_or(p, count, 0.0f);
}

template <typename T>
void store_some(T* p, F32 x, int64_t count) {
  if (count >= kLanes) return store(p, x);
  if (count > 0) store_first(p, x, count);
}

// Lanes added in their order, in f64.
inline double sum(F32 x) {
  double total = 0;
  for (int i = 0; i < kLanes; i++) total += x[i];
  return total;
}

// A NaN lane may be lost: sums of exponentials, which keep it, are where NaN is noticed.
inline float largest(F32 x) {
  float top = x[0];
  for (int i = 1; i < kLanes; i++) top = x[i] > top ? x[i] : top;
  return top;
}

// Calls body with a value of the element type that `type` names, where f16 has been refused.
template <typename Body>
void with_compute_type(Type type, Body body) {
  if (type == kF32) return body(float{});
  return body(Bf16{});
}

// Calls body with a value of the element type that `type` names.
template <typename Body>
void with_type(Type type, Body body) {
  switch (type) {
    case kF32: return body(float{});
    case kBf16: return body(Bf16{});
    case kF16: return body(F16{});
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
