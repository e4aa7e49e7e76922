// attention: causal self-attention (Vaswani et al., 2017), each query by itself over the rows of its sequence up to its
// own.
//
//   p[j] = softmax_j(scale · q · k[j]),   out = Σ_j p[j] · v[j],   j = first … query
//
// shapes   qkv (R, 3·H·D) f32|bf16, a row its queries, keys and values by head; out (N, H·D); query, first (N) i32 rows
//          of qkv
// cost     4·D operations a query, head and key
// layout   queries shared among threads; sums, softmax and p in f32; a query's result depends on its sequence alone, so decoding and
//          scoring give the same bits
// edges    NaN in any row → NaN in the queries that see it
#include "product.h"
#include "softmax.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

// Lane l of the result is Σ of the lanes of x[l], each by halves: the shuffles that a sum needs do for all of them.
template <int kWidth>
void add_lanes(F32* x) {
  I32 low, high;
  for (int lane = 0; lane < kLanes; lane++) {
    const int place = lane % (2 * kWidth), block = lane - place;
    low[lane] = place < kWidth ? block + place : kLanes + block + place - kWidth;
    high[lane] = low[lane] + kWidth;
  }
  for (int i = 0; i < kWidth; i++) {
    x[i] = __builtin_shuffle(x[i], x[i + kWidth], low) + __builtin_shuffle(x[i], x[i + kWidth], high);
  }
  if constexpr (kWidth > 1) add_lanes<kWidth / 2>(x);
}

// A register of a query or key, and its products with another's added to a sum.
template <typename T>
struct Part {
  static constexpr int64_t kWidth = kLanes;
  F32 x;
  Part(const T* p, int64_t count) : x(load_some(p, count)) {}
  F32 add_products(F32 sum, const Part& other) const { return sum + x * other.x; }
};
#ifdef __AVX512BF16__
template <>
struct Part<Bf16> {
  static constexpr int64_t kWidth = 2 * kLanes;
  U32 x;
  Part(const Bf16* p, int64_t count) : x(row_steps(p, count, Bf16{})) {}
  F32 add_products(F32 sum, const Part& other) const {
    return (F32)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)other.x);
  }
};
#endif

// p[j] ← q · k[j] for kLanes keys, 0 for those that aren't there.
template <typename T>
void dots(float* p, const T* q, const T* k, int64_t stride, int64_t count, int64_t size) {
  F32 sums[kLanes] = {};
  const int64_t keys = count < kLanes ? count : kLanes;
  for (int64_t i = 0; i < size; i += Part<T>::kWidth) {
    const Part<T> part(q + i, size - i);
    for (int64_t j = 0; j < keys; j++) sums[j] = part.add_products(sums[j], Part<T>(k + j * stride + i, size - i));
  }
  add_lanes<kLanes / 2>(sums);
  store(p, sums[0]);
}

// out ← Σ_j p[j] · v[j], along j one addition after the other.
template <typename T>
void weighted_mean(T* out, const float* p, const T* v, int64_t stride, int64_t count, int64_t size) {
  constexpr int kParts = 4;
  for (int64_t i = 0; i < size; i += kParts * kLanes) {
    F32 sums[kParts] = {};
    for (int64_t j = 0; j < count; j++) {
      for (int part = 0; part < kParts; part++) {
        const int64_t at = i + part * kLanes;
        sums[part] += p[j] * load_some(v + j * stride + at, size - at);
      }
    }
    for (int part = 0; part < kParts; part++) store_some(out + i + part * kLanes, sums[part], size - i - part * kLanes);
  }
}

// Asks for what a head's next query will read, keys first, values `width` elements after them.
template <typename T>
void fetch_keys_and_values(const T* k, int64_t width, int64_t stride, int64_t count, int64_t size) {
  for (int64_t j = 0; j < count; j++) {
    for (int64_t i = 0; i < size; i += kLine / sizeof(T)) {
      prefetch(k + j * stride + i);
      prefetch(k + j * stride + width + i);
    }
  }
}

}  // namespace

void attention(const Out& out, const In& qkv, const int32_t* query, const int32_t* first, int64_t rows, int64_t width,
               int32_t heads, double scale) {
  const int64_t size = width / heads;
  int64_t longest = 0, keys = 0;
  for (int64_t n = 0; n < rows; n++) {
    const int64_t count = query[n] - first[n] + 1;
    longest = count > longest ? count : longest;
    keys += count;
  }
  const int threads = threads_for(keys * width);
  const int64_t share = ceil_div(longest, kLanes) * kLanes;
  float* memory = scratch<float>(threads * share);
  with_compute_type(qkv.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(qkv.data);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t n = 0; n < rows; n++) {
      float* p = memory + omp_get_thread_num() * share;
      const int64_t count = query[n] - first[n] + 1;
      // Decoding goes from one sequence's keys and values to another's with every query.
      const bool moves = n + 1 < rows && first[n + 1] != first[n];
      for (int32_t h = 0; h < heads; h++) {
        if (moves) {
          const T* next = data + first[n + 1] * qkv.stride + width + h * size;
          fetch_keys_and_values(next, width, qkv.stride, query[n + 1] - first[n + 1] + 1, size);
        }
        const T* q = data + query[n] * qkv.stride + h * size;
        const T* k = data + first[n] * qkv.stride + width + h * size;
        for (int64_t j = 0; j < count; j += kLanes) dots(p + j, q, k + j * qkv.stride, qkv.stride, count - j, size);
        normalise(p, count, static_cast<float>(scale));
        weighted_mean(static_cast<T*>(out.data) + n * out.stride + h * size, p, k + width, qkv.stride, count, size);
      }
    }
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
