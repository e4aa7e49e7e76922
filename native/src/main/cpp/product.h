// The matrix product's inner loop, and what it is put together to.
//
// accuracy every element is one chain of additions along the depth in f32, whatever the number of rows, columns and
//          threads: a row's result doesn't depend on what else is in the batch
#pragma once

#include "pack.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

constexpr int64_t kLine = 64;  // bytes of a cache line

inline void prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }

// What a tile of kPanel columns will read or write of a matrix.
template <typename T>
void prefetch_tile(const T* x, int64_t stride, int64_t row, int64_t rows, int64_t column) {
  for (int64_t r = row; r < row + rows; r++) {
    for (int64_t j = 0; j < kPanel; j += kLine / sizeof(T)) __builtin_prefetch(x + r * stride + column + j, 1, 3);
  }
}

// The part of the next panel that the i-th product of this one fetches; after the last part, the first again.
template <typename S>
const char* part_ahead(const S* next, int64_t index, int64_t steps) {
  constexpr int64_t kParts = kPanel * sizeof(S) / kLine;
  return reinterpret_cast<const char*>(next) + (index < kParts ? index : 0) * steps * kLine;
}

// tile[r, j] = Σ over steps of a[·, r] · b[·, j], for R rows and kPanel columns; rows of tile are `stride` apart. A line
// from `ahead` on is fetched with every step: what the next products will read, while this one keeps the core busy.
template <int R>
void multiply(float* tile, int64_t stride, const float* a, const float* b, int64_t steps, const char* ahead) {
  F32 sums[R][2] = {};
  for (int64_t s = 0; s < steps; s++, a += R, b += kPanel) {
    prefetch(ahead + s * kLine);
    const F32 b0 = load(b), b1 = load(b + kLanes);
    for (int r = 0; r < R; r++) {
      const F32 value = splat(a[r]);
      sums[r][0] += value * b0;
      sums[r][1] += value * b1;
    }
  }
  for (int r = 0; r < R; r++) {
    store(tile + r * stride, sums[r][0]);
    store(tile + r * stride + kLanes, sums[r][1]);
  }
}

#ifdef __AVX512BF16__
template <int R>
void multiply(float* tile, int64_t stride, const uint32_t* a, const uint32_t* b, int64_t steps, const char* ahead) {
  __m512 sums[R][2];
  for (int r = 0; r < R; r++) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (int64_t s = 0; s < steps; s++, a += R, b += kPanel) {
    prefetch(ahead + s * kLine);
    const __m512bh b0 = (__m512bh)_mm512_loadu_si512(b), b1 = (__m512bh)_mm512_loadu_si512(b + kLanes);
    for (int r = 0; r < R; r++) {
      const __m512bh value = (__m512bh)_mm512_set1_epi32(static_cast<int32_t>(a[r]));
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], value, b0);
      sums[r][1] = _mm512_dpbf16_ps(sums[r][1], value, b1);
    }
  }
  for (int r = 0; r < R; r++) {
    store(tile + r * stride, (F32)sums[r][0]);
    store(tile + r * stride + kLanes, (F32)sums[r][1]);
  }
}
#else
template <int R>
void multiply(float* tile, int64_t stride, const uint32_t* a, const uint32_t* b, int64_t steps, const char* ahead) {
  F32 sums[R][2] = {};
  for (int64_t s = 0; s < steps; s++, a += R, b += kPanel) {
    prefetch(ahead + s * kLine);
    // The first of a pair is in the low half, the second in the high half, where a float has it.
    const U32 b0 = load_steps(b), b1 = load_steps(b + kLanes);
    for (int depth = 0; depth < 2; depth++) {
      const F32 x0 = (F32)(depth == 0 ? b0 << 16 : b0 & 0xffff0000u);
      const F32 x1 = (F32)(depth == 0 ? b1 << 16 : b1 & 0xffff0000u);
      for (int r = 0; r < R; r++) {
        const F32 value = splat(to_f32(Bf16{static_cast<uint16_t>(depth == 0 ? a[r] : a[r] >> 16)}));
        sums[r][0] += value * x0;
        sums[r][1] += value * x1;
      }
    }
  }
  for (int r = 0; r < R; r++) {
    store(tile + r * stride, sums[r][0]);
    store(tile + r * stride + kLanes, sums[r][1]);
  }
}
#endif

template <typename S>
void multiply(int rows, float* tile, int64_t stride, const S* a, const S* b, int64_t steps, const char* ahead) {
  switch (rows) {
    case 1: return multiply<1>(tile, stride, a, b, steps, ahead);
    case 2: return multiply<2>(tile, stride, a, b, steps, ahead);
    case 4: return multiply<4>(tile, stride, a, b, steps, ahead);
#if EQUIPOISE_LANES >= 8
    case 6: return multiply<6>(tile, stride, a, b, steps, ahead);
#endif
#if EQUIPOISE_LANES >= 16
    case 8: return multiply<8>(tile, stride, a, b, steps, ahead);
    case 10: return multiply<10>(tile, stride, a, b, steps, ahead);
    case 12: return multiply<12>(tile, stride, a, b, steps, ahead);
    case 14: return multiply<14>(tile, stride, a, b, steps, ahead);
#endif
  }
}

// ---- all rows by all columns

// Threads for a product of so many multiplications.
inline int threads_for_product(int64_t rows, int64_t columns, int64_t depth) {
  return threads_for(rows * columns * ceil_div(depth, 16));
}

// Writes a tile's values to the matrix `to` of `columns` columns.
template <typename T>
struct StoreTile {
  T* to;
  int64_t stride, columns;

  void prepare(int64_t row, int64_t rows, int64_t column) const { prefetch_tile(to, stride, row, rows, column); }

  void operator()(int64_t row, int64_t rows, int64_t column, const float* values) const {
    for (int64_t r = row; r < row + rows; r++, values += kPanel) {
      for (int64_t j = 0; j < kPanel; j += kLanes) {
        store_some(to + r * stride + column + j, load(values + j), columns - column - j);
      }
    }
  }
};

// Adds a tile's values to the matrix `to` of `columns` columns.
struct AddTile {
  float* to;
  int64_t stride, columns;

  void prepare(int64_t row, int64_t rows, int64_t column) const { prefetch_tile(to, stride, row, rows, column); }

  void operator()(int64_t row, int64_t rows, int64_t column, const float* values) const {
    for (int64_t r = row; r < row + rows; r++, values += kPanel) {
      for (int64_t j = 0; j < kPanel && column + j < columns; j += kLanes) {
        float* sum = to + r * stride + column + j;
        const int64_t left = columns - column - j;
        store_some(sum, load_some(sum, left) + load(values + j), left);
      }
    }
  }
};

// finish(row, rows, column, values) for the tiles first … end − 1 of one panel of the product; values are rows by kPanel,
// kPanel apart. Before a tile is computed finish.prepare(row, rows, column) fetches what finish will need.
template <typename S, typename Finish>
void multiply_panel(const S* a, int64_t rows, const S* b, int64_t panel, int64_t steps, int64_t first, int64_t end,
                    const Finish& finish) {
  alignas(64) float values[kTile * kPanel];
  const S* own = b + panel * kPanel * steps;
  for (int64_t i = first; i < end; i++) {
    const Tile tile = tile_at(i, rows);
    finish.prepare(tile.row, tile.rows, panel * kPanel);
    multiply(tile.padded, values, kPanel, a + tile.row * steps, own, steps,
             part_ahead(own + kPanel * steps, i - first, steps));
    finish(tile.row, tile.rows, panel * kPanel, values);
  }
}

// The same for all tiles of all panels. Rows are taken in blocks that stay in the L2 cache beside a panel.
template <typename S, typename Finish>
void multiply_all(const S* a, int64_t rows, const S* b, int64_t columns, int64_t steps, int threads,
                  const Finish& finish) {
  constexpr int64_t kBlockBytes = 512 << 10;
  const int64_t tiles = ceil_div(rows, kTile), panels = ceil_div(columns, kPanel);
  const int64_t fit = kBlockBytes / (steps * kTile * static_cast<int64_t>(sizeof(S)) + 1);
  const int64_t block = fit < 1 ? 1 : fit;
#pragma omp parallel num_threads(threads)
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t end = first + block < tiles ? first + block : tiles;
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t panel = 0; panel < panels; panel++) {
      multiply_panel(a, rows, b, panel, steps, first, end, finish);
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
