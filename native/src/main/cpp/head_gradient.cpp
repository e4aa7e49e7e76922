// head_gradient: of Σ_n coefficient[n] · log π(token[n]) with respect to hidden states and head, from the exponentials
// that head_log_prob kept: neither the logits nor their softmax is computed again.
//
//   dx[n, v] = coefficient[n] · (1[v = token[n]] − softmax(x[n])_v), written over the exponentials
//   grad_hidden[n] = Σ_v dx[n, v] · W[v],   grad_head[v] += Σ_n dx[n, v] · hidden[n]
//
// shapes   exponentials (N, V), block_max (N, blocks), log_prob, log_sum_exp (N): as head_log_prob gave them at
//          temperature 1; W packed transposed (V, D); grad_hidden (N, D), grad_head (V, D) f32, the latter may be absent
// cost     4·N·D·V operations; the exponentials read twice and written once
// layout   dx and grad_hidden: ranges of rows to threads, blocks of W in the L2 cache; grad_head: ranges of the vocabulary
// edges    token < 0 (padding) or coefficient 0 → nothing from this row, whatever its exponentials and hidden state;
//          N = 0 → nothing
#include <cmath>

#include "head.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

bool has_gradient(float coefficient, int32_t token) { return token >= 0 && coefficient != 0; }

template <typename T>
void logit_gradients(T* x, const float* block_max, float log_sum_exp, float log_prob, float coefficient, int32_t token,
                     int64_t columns) {
  if (!has_gradient(coefficient, token)) {
    std::memset(x, 0, columns * sizeof(T));
    return;
  }
  for (int64_t block = 0; block < blocks(columns); block++) {
    const int64_t length = block_length(block, columns);
    const float scale = -coefficient * std::exp(block_max[block] - log_sum_exp);
    T* to = x + block * kBlock;
    for (int64_t i = 0; i < length; i += kLanes) store_some(to + i, load_some(to + i, length - i) * scale, length - i);
  }
  // 1 − softmax cancels where the token is likely.
  store_first(x + token, splat(-coefficient * std::expm1(log_prob)), 1);
}

// A block of the vocabulary whose rows of W fit the L2 cache.
template <typename T>
int64_t depth_block(int64_t columns) {
  constexpr int64_t kBytes = 768 << 10;
  const int64_t fit = kBytes / (ceil_div(columns, kPanel) * kPanel * static_cast<int64_t>(sizeof(StepOf<T>)));
  return fit < 64 ? 64 : fit;
}

// grad_hidden of one tile of rows, from the steps first … first + count − 1 of the vocabulary.
template <typename T>
void add_hidden_gradient(float* to, int64_t stride, const T* x, int64_t x_stride, const Tile& tile,
                         const StepOf<T>* packed, int64_t first, int64_t count, int64_t total, const Head& head,
                         StepOf<T>* a) {
  const int64_t from = first * Step<T>::kDepth;
  const int64_t depth = head.columns - from < count * Step<T>::kDepth ? head.columns - from : count * Step<T>::kDepth;
  pack_across<T>(a, tile.padded, x + from, x_stride, depth, tile.rows);
  const AddTile add{to, stride, head.depth};
  if (first == 0) {
    for (int64_t r = 0; r < tile.rows; r++) std::memset(to + r * stride, 0, head.depth * sizeof(float));
  }
  for (int64_t column = 0; column < head.depth; column += kPanel) {
    alignas(64) float values[kTile * kPanel];
    const StepOf<T>* panel = packed + column * total + first * kPanel;
    add.prepare(0, tile.rows, column);
    multiply(tile.padded, values, kPanel, a, panel, count, reinterpret_cast<const char*>(panel + kPanel * total));
    add(0, tile.rows, column, values);
  }
}

template <typename T>
void hidden_gradient(const Out& grad_hidden, const T* x, const Head& head, int threads) {
  const StepOf<T>* packed = static_cast<const StepOf<T>*>(head.packed);
  const int64_t total = steps<T>(head.columns), block = depth_block<T>(head.depth);
  const Scratch<StepOf<T>> tiles(threads * block * kTile);
#pragma omp parallel num_threads(threads)
  for (int64_t first = 0; first < total; first += block) {
    const int64_t count = total - first < block ? total - first : block;
#pragma omp for schedule(static) nowait
    for (int64_t i = 0; i < ceil_div(head.rows, kTile); i++) {
      const Tile tile = tile_at(i, head.rows);
      add_hidden_gradient(static_cast<float*>(grad_hidden.data) + tile.row * grad_hidden.stride, grad_hidden.stride,
                          x + tile.row * head.columns, head.columns, tile, packed, first, count, total, head,
                          tiles.data + omp_get_thread_num() * block * kTile);
    }
  }
}

template <typename T>
void head_weight_gradient(float* grad_head, const T* x, const float* coefficient, const int32_t* token,
                          const Head& head, int threads) {
  constexpr int64_t kColumns = 16 * kTile;  // that a thread packs at once
  const int64_t count = steps<T>(head.rows);
  const Scratch<StepOf<T>> memory(packed_columns_size(head.depth, count) + threads * count * kColumns);
  StepOf<T>* b = memory.data;
  StepOf<T>* tiles = b + packed_columns_size(head.depth, count);
#pragma omp parallel num_threads(threads)
  {
    with_compute_type(head.hidden.type, [&](auto zero) {
      using S = decltype(zero);
      const auto used = [=](int64_t row) { return has_gradient(coefficient[row], token[row]); };  // 0 · NaN isn't 0
      pack_columns<T>(b, kPanel, static_cast<const S*>(head.hidden.data), head.hidden.stride, head.rows, head.depth,
                      used);
    });
    StepOf<T>* a = tiles + omp_get_thread_num() * count * kColumns;
#pragma omp for schedule(dynamic, 1)
    for (int64_t column = 0; column < head.columns; column += kColumns) {
      const int64_t left = head.columns - column, columns = left < kColumns ? left : kColumns;
      pack_some_columns<T>(a, kTile, x + column, head.columns, head.rows, columns, 0, head.rows,
                           [](int64_t) { return true; });
      const AddTile add{grad_head + column * head.depth, head.depth, head.depth};
      for (int64_t panel = 0; panel < ceil_div(head.depth, kPanel); panel++) {
        multiply_panel(a, columns, b, panel, count, 0, ceil_div(columns, kTile), add);
      }
    }
  }
}

}  // namespace

void head_gradient(const Out& grad_hidden, float* grad_head, const HeadScores& scores, const float* coefficient,
                   const int32_t* token, const Head& head) {
  const int threads = threads_for_product(head.rows, head.columns, head.depth);
  with_compute_type(head.type, [&](auto zero) {
    using T = decltype(zero);
    T* x = static_cast<T*>(scores.exponentials);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t row = 0; row < head.rows; row++) {
      logit_gradients(x + row * head.columns, scores.block_max + row * blocks(head.columns), scores.log_sum_exp[row],
                      scores.log_prob[row], coefficient[row], token[row], head.columns);
    }
    hidden_gradient(grad_hidden, x, head, threads);
    if (grad_head != nullptr) head_weight_gradient(grad_head, x, coefficient, token, head, threads);
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
