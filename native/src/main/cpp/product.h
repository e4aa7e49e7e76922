// The matrix product's inner loop, and the two layouts it reads: shared by product, outer and the head's operations.
//
// layouts  columns   panels of kPanel columns; a panel is its kPanel values step by step along the depth
//          rows      tiles of up to kTile rows; a tile is its values step by step along the depth
//          step      one depth of f32, two neighbouring depths of bf16 side by side; an odd last one is padded with 0
// accuracy every element is one chain of additions along the depth in f32, whatever the number of rows, columns and
//          threads: a row's result doesn't depend on what else is in the batch
#pragma once

#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

// Two registers of columns by as many rows as leave registers for operands: 16 of them with AVX2 and SSE, 32 with AVX-512.
constexpr int kPanel = 2 * kLanes;
constexpr int kTile = kLanes == 16 ? 14 : kLanes == 8 ? 6 : 4;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

template <typename T>
struct Step;
template <>
struct Step<float> {
  typedef float Type;
  static constexpr int kDepth = 1;
};
template <>
struct Step<Bf16> {
  typedef uint32_t Type;
  static constexpr int kDepth = 2;
};
template <typename T>
using StepOf = typename Step<T>::Type;

template <typename T>
int64_t steps(int64_t depth) {
  return ceil_div(depth, Step<T>::kDepth);
}

// Rows in a tile that holds `left` or more: the inner loop exists for 1 and for even numbers.
inline int tile_rows(int64_t left) {
  return left >= kTile ? kTile : left == 1 ? 1 : static_cast<int>((left + 1) / 2 * 2);
}

// Steps of all tiles of `rows` rows, of all panels of `columns` columns.
inline int64_t packed_rows_size(int64_t rows, int64_t steps) {
  return (rows / kTile * kTile + (rows % kTile == 0 ? 0 : tile_rows(rows % kTile))) * steps;
}

inline int64_t packed_columns_size(int64_t columns, int64_t steps) {
  return ceil_div(columns, kPanel) * kPanel * steps;
}

// ---- one step from values

inline U32 half_step(F32 x) { return bf16_bits(x); }
inline U32 half_step(U16 x) { return __builtin_convertvector(x, U32); }

template <typename T>
struct Raw {
  static F32 some(const T* p, int64_t count) { return load_some(p, count); }
};
// bf16 that stays bf16 is moved, not converted.
template <>
struct Raw<Bf16> {
  static U16 some(const Bf16* p, int64_t count) {
    U16 bits{};
    std::memcpy(&bits, p, count >= kLanes ? sizeof bits : count <= 0 ? 0 : count * sizeof(Bf16));
    return bits;
  }
};

// One step of kLanes columns, of which so many are there.
template <typename S>
F32 step(const S* first, int64_t count, const S*, int64_t, float) {
  return load_some(first, count);
}
template <typename S>
U32 step(const S* first, int64_t count, const S* second, int64_t second_count, Bf16) {
  return half_step(Raw<S>::some(first, count)) | half_step(Raw<S>::some(second, second_count)) << 16;
}

// The elements of one row in the packed type.
template <typename T, typename S>
void copy_some(T* to, const S* from, int64_t count) {
  store(to, load_some(from, count));
}
inline void copy_some(Bf16* to, const Bf16* from, int64_t count) {
  const U16 bits = Raw<Bf16>::some(from, count);
  std::memcpy(to, &bits, sizeof bits);
}

// Steps of x (depth, width), whose columns stay columns: step s of column j at out[s · stride + j]; 0 from `width` to
// `stride`, and for rows of x that aren't used(row). Stores are whole registers where the steps that they spill into are
// still to come.
template <typename T, typename S, typename Used>
void pack_along(StepOf<T>* out, int64_t stride, const S* x, int64_t row_stride, int64_t depth, int64_t width,
                Used used) {
  constexpr int kDepth = Step<T>::kDepth;
  const int64_t size = steps<T>(depth) * stride;
  for (int64_t s = 0; s < steps<T>(depth); s++) {
    const int64_t row = s * kDepth;
    const S* first = x + row * row_stride;
    const bool one = used(row), two = kDepth == 2 && row + 1 < depth && used(row + 1);
    for (int64_t j = 0; j < stride; j += kLanes) {
      const int64_t left = width - j;
      const auto value = step(first + j, one ? left : 0, first + row_stride + j, two ? left : 0, T{});
      const int64_t room = size - s * stride - j;
      std::memcpy(out + s * stride + j, &value, room < kLanes ? room * sizeof(StepOf<T>) : sizeof value);
    }
  }
}

template <typename T, typename S>
void pack_along(StepOf<T>* out, int64_t stride, const S* x, int64_t row_stride, int64_t depth, int64_t width) {
  pack_along<T>(out, stride, x, row_stride, depth, width, [](int64_t) { return true; });
}

// Steps of x (width, depth), whose rows become columns: step s of row j at out[s · stride + j]; 0 from `width` to
// `stride`.
template <typename T, typename S>
void pack_across(StepOf<T>* out, int64_t stride, const S* x, int64_t row_stride, int64_t depth, int64_t width) {
  constexpr int kDepth = Step<T>::kDepth;
  constexpr int kSteps = kLanes / kDepth;
  for (int64_t j = 0; j < stride; j++) {
    for (int64_t s = 0; s < steps<T>(depth); s += kSteps) {
      T values[kLanes];
      copy_some(values, x + j * row_stride + s * kDepth, j < width ? depth - s * kDepth : 0);
      StepOf<T> packed[kSteps];
      std::memcpy(packed, values, sizeof values);
      StepOf<T>* to = out + s * stride + j;
      if (s + kSteps <= steps<T>(depth)) {
        for (int64_t i = 0; i < kSteps; i++) to[i * stride] = packed[i];
      } else {
        for (int64_t i = 0; i < steps<T>(depth) - s; i++) to[i * stride] = packed[i];
      }
    }
  }
}

// ---- the inner loop

constexpr int64_t kLine = 64;  // bytes of a cache line

inline void prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }
inline void prefetch_to_write(const void* p) { __builtin_prefetch(p, 1, 3); }

// The part of the next panel that the i-th product of this one fetches: from the first on, as far as it reaches.
template <typename S>
const char* part_ahead(const S* next, int64_t index, int64_t steps) {
  return reinterpret_cast<const char*>(next) + index * steps * kLine;
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
inline U32 load_steps(const uint32_t* p) {
  U32 x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

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

// A tile's place among the packed rows, and how many of its rows are real.
struct Tile {
  int64_t row, rows;
  int padded;
};

inline Tile tile_at(int64_t index, int64_t rows) {
  const int64_t row = index * kTile;
  const int64_t left = rows - row;
  return {row, left < kTile ? left : kTile, tile_rows(left)};
}

// Threads for a product of so many multiplications.
inline int threads_for_product(int64_t rows, int64_t columns, int64_t depth) {
  return threads_for(rows * columns * ceil_div(depth, 16));
}

// Packs one tile of the rows of x (rows, depth): tile i begins at out + i · kTile · steps.
template <typename T, typename S>
void pack_tile(StepOf<T>* out, const S* x, int64_t row_stride, int64_t rows, int64_t depth, int64_t index) {
  const Tile tile = tile_at(index, rows);
  pack_across<T>(out + tile.row * steps<T>(depth), tile.padded, x + tile.row * row_stride, row_stride, depth,
                 tile.rows);
}

template <typename T, typename S>
void pack_rows(StepOf<T>* out, const S* x, int64_t row_stride, int64_t rows, int64_t depth, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t i = 0; i < ceil_div(rows, kTile); i++) pack_tile<T>(out, x, row_stride, rows, depth, i);
}

// finish(row, rows, column, values) for the tiles first … end − 1 of one panel of the product; values are rows by kPanel,
// kPanel apart. Before a tile is computed prepare(row, rows, column) may fetch what finish will need.
template <typename S, typename Prepare, typename Finish>
void multiply_panel(const S* a, int64_t rows, const S* b, int64_t panel, int64_t steps, int64_t first, int64_t end,
                    Prepare prepare, Finish finish) {
  alignas(64) float values[kTile * kPanel];
  const S* own = b + panel * kPanel * steps;
  for (int64_t i = first; i < end; i++) {
    const Tile tile = tile_at(i, rows);
    prepare(tile.row, tile.rows, panel * kPanel);
    multiply(tile.padded, values, kPanel, a + tile.row * steps, own, steps,
             part_ahead(own + kPanel * steps, i - first, steps));
    finish(tile.row, tile.rows, panel * kPanel, values);
  }
}

// The same for all tiles of all panels. Rows are taken in blocks that stay in the L2 cache beside a panel.
template <typename S, typename Prepare, typename Finish>
void multiply_all(const S* a, int64_t rows, const S* b, int64_t columns, int64_t steps, int threads, Prepare prepare,
                  Finish finish) {
  constexpr int64_t kBlockBytes = 512 << 10;
  const int64_t tiles = ceil_div(rows, kTile), panels = ceil_div(columns, kPanel);
  const int64_t fit = kBlockBytes / (steps * kTile * static_cast<int64_t>(sizeof(S)) + 1);
  const int64_t block = fit < 1 ? 1 : fit;
#pragma omp parallel num_threads(threads)
  for (int64_t first = 0; first < tiles; first += block) {
    const int64_t end = first + block < tiles ? first + block : tiles;
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t panel = 0; panel < panels; panel++) {
      multiply_panel(a, rows, b, panel, steps, first, end, prepare, finish);
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
