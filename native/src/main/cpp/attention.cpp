// attention: causal self-attention (Vaswani et al., 2017), each query by itself over the rows of its sequence up to its
// own; and its gradient.
//
//   p[j] = softmax_j(scale · q · k[j]),   out = Σ_j p[j] · v[j],   j = first … query
//   with g = grad_out:  grad_v[j] += p[j] · g,   ds[j] = p[j] · (g · v[j] − Σ_i p[i] · g · v[i]) · scale
//   grad_q = Σ_j ds[j] · k[j],   grad_k[j] += ds[j] · q
//
// shapes   qkv (R, 3·H·D) f32|bf16, a row its queries, keys and values by head; out (N, H·D); query, first (N) i32 rows
//          of qkv; the gradient is over whole sequences of consecutive rows, start (S + 1) i32
// cost     4·D operations a query, head and key; the backward 12
// layout   queries, or in the backward (sequence, head) pairs, shared among threads; f32 throughout; a query's result
//          depends on its sequence alone, so decoding and scoring give the same bits
// edges    NaN in any row → NaN in the queries that see it
#include "exp.h"
#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

inline float add_lanes(F32 x) {
  float lanes[kLanes];
  store(lanes, x);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

template <typename A, typename B>
float dot(const A* a, const B* b, int64_t size) {
  F32 sum{};
  for (int64_t i = 0; i < size; i += kLanes) sum += load_some(a + i, size - i) * load_some(b + i, size - i);
  return add_lanes(sum);
}

// to += scale · x
template <typename S>
void add_scaled(float* to, float scale, const S* x, int64_t size) {
  for (int64_t i = 0; i < size; i += kLanes) {
    store_some(to + i, load_some(to + i, size - i) + scale * load_some(x + i, size - i), size - i);
  }
}

// p[j] ← softmax of scale · q · k[j].
template <typename T>
void probabilities(float* p, const T* q, const T* k, int64_t stride, int64_t count, int64_t size, float scale) {
  for (int64_t j = 0; j < count; j++) p[j] = scale * dot(q, k + j * stride, size);
  F32 top = splat(-kInfinity);
  for (int64_t j = 0; j < count; j += kLanes) top = max(j + kLanes <= count ? load(p + j) : load_first(p + j, count - j), top);
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
  const int64_t share = ceil_div(longest + size, kLanes) * kLanes;
  float* memory = scratch<float>(threads * share);
  with_compute_type(qkv.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(qkv.data);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t n = 0; n < rows; n++) {
      float* sum = memory + omp_get_thread_num() * share;
      float* p = sum + size;
      const int64_t count = query[n] - first[n] + 1;
      const T* keys_of_row = data + first[n] * qkv.stride + width;
      for (int32_t h = 0; h < heads; h++) {
        const T* k = keys_of_row + h * size;
        probabilities(p, data + query[n] * qkv.stride + h * size, k, qkv.stride, count, size, static_cast<float>(scale));
        std::memset(sum, 0, size * sizeof(float));
        for (int64_t j = 0; j < count; j++) add_scaled(sum, p[j], k + width + j * qkv.stride, size);
        T* to = static_cast<T*>(out.data) + n * out.stride + h * size;
        for (int64_t i = 0; i < size; i += kLanes) store_some(to + i, load_some(sum + i, size - i), size - i);
      }
    }
  });
}

void attention_backward(const Out& grad_qkv, const In& grad_out, const In& qkv, const int32_t* start, int64_t sequences,
                        int64_t width, int32_t heads, double scale) {
  const int64_t size = width / heads;
  int64_t longest = 0;
  for (int64_t s = 0; s < sequences; s++) longest = start[s + 1] - start[s] > longest ? start[s + 1] - start[s] : longest;
  const int threads = threads_for(start[sequences] * longest * width);
  const int64_t share = ceil_div(3 * longest * size + 2 * longest, kLanes) * kLanes;
  float* memory = scratch<float>(threads * share);
  const float factor = static_cast<float>(scale);
  with_compute_type(qkv.type, [&](auto zero) {
    using T = decltype(zero);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < sequences * heads; i++) {
      const int64_t from = start[i / heads], count = start[i / heads + 1] - from, column = i % heads * size;
      const T* q = static_cast<const T*>(qkv.data) + from * qkv.stride + column;
      const T *k = q + width, *v = k + width;
      const float* up = static_cast<const float*>(grad_out.data) + from * grad_out.stride + column;
      float* grad = memory + omp_get_thread_num() * share;  // of queries, keys and values, count · size each
      float *grad_k = grad + count * size, *grad_v = grad_k + count * size;
      float *p = grad_v + count * size, *ds = p + count;
      std::memset(grad, 0, 3 * count * size * sizeof(float));
      for (int64_t t = 0; t < count; t++) {
        const T* query = q + t * qkv.stride;
        const float* g = up + t * grad_out.stride;
        probabilities(p, query, k, qkv.stride, t + 1, size, factor);
        float mean = 0;
        for (int64_t j = 0; j <= t; j++) {
          ds[j] = dot(g, v + j * qkv.stride, size);
          mean += p[j] * ds[j];
        }
        for (int64_t j = 0; j <= t; j++) {
          add_scaled(grad_v + j * size, p[j], g, size);
          const float to_score = p[j] * (ds[j] - mean) * factor;
          add_scaled(grad + t * size, to_score, k + j * qkv.stride, size);
          add_scaled(grad_k + j * size, to_score, query, size);
        }
      }
      for (int part = 0; part < 3; part++) {
        for (int64_t t = 0; t < count; t++) {
          T* to = static_cast<T*>(grad_qkv.data) + (from + t) * grad_qkv.stride + part * width + column;
          const float* sum = grad + (part * count + t) * size;
          for (int64_t j = 0; j < size; j += kLanes) store_some(to + j, load_some(sum + j, size - j), size - j);
        }
      }
    }
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
