// attention_backward: the gradient of attention over whole sequences, a head of a sequence at a time.
//
//   with g = grad_out:  P = softmax of scale · Q Kᵀ, row t over j ≤ t,   dS = P ∘ (g Vᵀ − rowsum(P ∘ g Vᵀ)) · scale
//   grad_q = dS · K,   grad_k = dSᵀ · Q,   grad_v = Pᵀ · g
//
// shapes   qkv, grad_qkv (R, 3·H·D) f32|bf16, a row its queries, keys and values by head; grad_out (R, H·D) f32; start
//          (S + 1) i32: where sequences begin, and R
// cost     five products of T·T·D a head and sequence of T rows, what lies above the diagonal included
// layout   (sequence, head) pairs shared among threads; f32 throughout; P and dS of one pair at a time
// edges    NaN in a row → NaN in its sequence
#include "product.h"
#include "softmax.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

// A matrix in memory.
template <typename S>
struct Rows {
  const S* data;
  int64_t stride;
};

// Products of one pair, each thread with memory of its own.
class Pair {
 public:
  Pair(float* memory, int64_t count, int64_t size)
      : p(memory), ds(p + count * padded(count)), count_(count), size_(size), a_(ds + count * padded(count)),
        b_(a_ + rows_size(count, size)) {}

  static int64_t padded(int64_t count) { return ceil_div(count, kPanel) * kPanel; }
  static int64_t floats(int64_t count, int64_t size) {
    const int64_t across = packed_columns_size(count, size), along = packed_columns_size(size, count);
    return 2 * count * padded(count) + rows_size(count, size) + (across > along ? across : along);
  }

  // out (count, padded) = x · yᵀ, x and y (count, size)
  template <typename X, typename Y>
  void inner(float* out, Rows<X> x, Rows<Y> y) {
    for (int64_t i = 0; i < ceil_div(count_, kTile); i++) pack_tile<float>(a_, x.data, x.stride, count_, size_, i);
    for (int64_t j = 0; j < count_; j += kPanel) {
      const int64_t width = count_ - j < kPanel ? count_ - j : kPanel;
      pack_across<float>(b_ + j * size_, kPanel, y.data + j * y.stride, y.stride, size_, width);
    }
    multiply(count_, size_, StoreTile<float>{out, padded(count_), padded(count_)});
  }

  // out (count, size) = s · x, or sᵀ · x; s (count, padded)
  template <typename X, typename T>
  void outer(T* out, int64_t out_stride, const float* s, bool transposed, Rows<X> x) {
    for (int64_t i = 0; i < ceil_div(count_, kTile); i++) {
      const Tile tile = tile_at(i, count_);
      if (transposed) {
        pack_along<float>(a_ + tile.row * count_, tile.padded, s + tile.row, padded(count_), count_,
                          padded(count_) - tile.row);
      } else {
        pack_tile<float>(a_, s, padded(count_), count_, count_, i);
      }
    }
    for (int64_t j = 0; j < size_; j += kPanel) {
      pack_along<float>(b_ + j * count_, kPanel, x.data + j, x.stride, count_, size_ - j);
    }
    multiply(size_, count_, StoreTile<T>{out, out_stride, size_});
  }

  float *p, *ds;

 private:
  static int64_t rows_size(int64_t count, int64_t size) { return packed_rows_size(count, count > size ? count : size); }

  template <typename Finish>
  void multiply(int64_t columns, int64_t depth, const Finish& finish) {
    for (int64_t panel = 0; panel < ceil_div(columns, kPanel); panel++) {
      multiply_panel(a_, count_, b_, panel, depth, 0, ceil_div(count_, kTile), finish);
    }
  }

  int64_t count_, size_;
  float *a_, *b_;
};

// P from scores, row by row up to the diagonal; 0 beyond.
void probabilities(float* p, int64_t count, int64_t stride, float scale) {
  for (int64_t t = 0; t < count; t++) {
    const int64_t written = ceil_div(t + 1, kLanes) * kLanes;
    normalise(p + t * stride, t + 1, scale);
    std::memset(p + t * stride + written, 0, (stride - written) * sizeof(float));
  }
}

// dS from g Vᵀ, which it replaces.
void score_gradients(float* ds, const float* p, int64_t count, int64_t stride, float scale) {
  for (int64_t t = 0; t < count; t++) {
    float* row = ds + t * stride;
    const float* probability = p + t * stride;
    F32 sums{};
    for (int64_t j = 0; j <= t; j += kLanes) sums += load(probability + j) * load(row + j);
    const float mean = add_lanes(sums);
    // Beyond the diagonal the probability is 0.
    for (int64_t j = 0; j <= t; j += kLanes) store(row + j, load(probability + j) * (load(row + j) - mean) * scale);
    const int64_t written = ceil_div(t + 1, kLanes) * kLanes;
    std::memset(row + written, 0, (stride - written) * sizeof(float));
  }
}

}  // namespace

void attention_backward(const Out& grad_qkv, const In& grad_out, const In& qkv, const int32_t* start, int64_t sequences,
                        int64_t width, int32_t heads, double scale) {
  const int64_t size = width / heads;
  int64_t longest = 0;
  for (int64_t s = 0; s < sequences; s++) longest = start[s + 1] - start[s] > longest ? start[s + 1] - start[s] : longest;
  const int threads = threads_for(start[sequences] * longest * width);
  const int64_t share = Pair::floats(longest, size);
  float* memory = scratch<float>(threads * share);
  with_compute_type(qkv.type, [&](auto zero) {
    using T = decltype(zero);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int64_t i = 0; i < sequences * heads; i++) {
      const int64_t from = start[i / heads], count = start[i / heads + 1] - from, column = i % heads * size;
      if (count == 0) continue;
      const Rows<T> q{static_cast<const T*>(qkv.data) + from * qkv.stride + column, qkv.stride};
      const Rows<T> k{q.data + width, q.stride}, v{k.data + width, q.stride};
      const Rows<float> g{static_cast<const float*>(grad_out.data) + from * grad_out.stride + column, grad_out.stride};
      T* to = static_cast<T*>(grad_qkv.data) + from * grad_qkv.stride + column;
      Pair pair(memory + omp_get_thread_num() * share, count, size);
      const int64_t stride = Pair::padded(count);
      pair.inner(pair.p, q, k);
      probabilities(pair.p, count, stride, static_cast<float>(scale));
      pair.inner(pair.ds, g, v);
      score_gradients(pair.ds, pair.p, count, stride, static_cast<float>(scale));
      pair.outer(to, grad_qkv.stride, pair.ds, false, k);
      pair.outer(to + width, grad_qkv.stride, pair.ds, true, q);
      pair.outer(to + 2 * width, grad_qkv.stride, pair.p, true, g);
    }
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
