// The two layouts that a matrix product reads, and how they are made: shared by product, outer, attention_backward and
// the head's operations.
//
// layouts  columns   panels of kPanel columns; a panel is its kPanel values step by step along the depth
//          rows      tiles of up to kTile rows; a tile is its values step by step along the depth
//          step      one depth of f32, two neighbouring depths of bf16 side by side; an odd last one is padded with 0
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

template <typename S>
U16 halves(const S* p, int64_t count) {
  return to_bf16(load_some(p, count));
}
// bf16 that stays bf16 is moved, not converted.
inline U16 halves(const Bf16* p, int64_t count) {
  if (count >= kLanes) return load_bits(p);
  U16 bits{};
  if (count > 0) std::memcpy(&bits, p, count * sizeof(Bf16));
  return bits;
}

// One step of kLanes columns, of which so many are there.
template <typename S>
U32 step(const S* first, int64_t count, const S*, int64_t, float) {
  return (U32)load_some(first, count);
}
template <typename S>
U32 step(const S* first, int64_t count, const S* second, int64_t second_count, Bf16) {
  return widen(halves(first, count)) | widen(halves(second, second_count)) << 16;
}

inline U32 load_steps(const void* p) {
  U32 x;
  std::memcpy(&x, p, sizeof x);
  return x;
}

// kLanes steps of one row, of which `depth` values are there.
template <typename S>
U32 row_steps(const S* row, int64_t depth, float) {
  return (U32)load_some(row, depth);
}
template <typename S>
U32 row_steps(const S* row, int64_t depth, Bf16) {
  const U16 both[2] = {halves(row, depth), halves(row + kLanes, depth - kLanes)};
  U32 steps;
  std::memcpy(&steps, both, sizeof steps);
  return steps;
}
inline U32 row_steps(const Bf16* row, int64_t depth, Bf16) {
  if (depth >= 2 * kLanes) return load_steps(row);
  U32 steps{};
  if (depth > 0) std::memcpy(&steps, row, depth * sizeof(Bf16));
  return steps;
}

// Register i of the result is lane i of all of them, by exchanging ever smaller blocks across the diagonal.
template <int kWidth = kLanes / 2>
void transpose(U32* x) {
  I32 above, below;
  for (int lane = 0; lane < kLanes; lane++) {
    above[lane] = lane & kWidth ? kLanes + lane - kWidth : lane;
    below[lane] = lane & kWidth ? kLanes + lane : lane + kWidth;
  }
  for (int i = 0; i < kLanes; i++) {
    if (i & kWidth) continue;
    const U32 first = x[i], second = x[i + kWidth];
    x[i] = __builtin_shuffle(first, second, above);
    x[i + kWidth] = __builtin_shuffle(first, second, below);
  }
  if constexpr (kWidth > 1) transpose<kWidth / 2>(x);
}

// A register of steps at `at` of `size`, cut off at the end.
template <typename S>
void store_steps(S* out, int64_t at, int64_t size, U32 value) {
  if (size - at >= kLanes) {
    std::memcpy(out + at, &value, sizeof value);
  } else {
    std::memcpy(out + at, &value, (size - at) * sizeof(S));
  }
}

// Steps of the first `stride` columns of x (depth, width): step s of column j at out[s · stride + j]; 0 from `width` on,
// and for rows of x that aren't used(row). Loads and stores are whole registers where the columns are there and the steps
// that they spill into are still to come.
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
      const U32 value = step(first + j, one ? left : 0, first + row_stride + j, two ? left : 0, T{});
      store_steps(out, s * stride + j, size, value);
    }
  }
}

template <typename T, typename S>
void pack_along(StepOf<T>* out, int64_t stride, const S* x, int64_t row_stride, int64_t depth, int64_t width) {
  pack_along<T>(out, stride, x, row_stride, depth, width, [](int64_t) { return true; });
}

// Steps of x (width, depth), whose rows become columns: step s of row j at out[s · stride + j]; 0 from `width` to
// `stride`, which is at most kLanes or a multiple of it.
template <typename T, typename S>
void pack_across(StepOf<T>* out, int64_t stride, const S* x, int64_t row_stride, int64_t depth, int64_t width) {
  const int64_t total = steps<T>(depth), size = total * stride;
  for (int64_t j = 0; j < stride; j += kLanes) {
    for (int64_t s = 0; s < total; s += kLanes) {
      U32 block[kLanes] = {};
      const int64_t first = s * Step<T>::kDepth;
      for (int64_t row = 0; row < kLanes && j + row < width; row++) {
        block[row] = row_steps(x + (j + row) * row_stride + first, depth - first, T{});
      }
      if (stride == 1) {
        const int64_t room = size - s;
        std::memcpy(out + s, block, (room < kLanes ? room : kLanes) * sizeof(StepOf<T>));
        continue;
      }
      transpose(block);
      for (int64_t i = 0; i < kLanes && s + i < total; i++) store_steps(out, (s + i) * stride + j, size, block[i]);
    }
  }
}

// ---- all rows, all columns

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

// Packs `rows` rows from `row` on of the columns of x (depth, columns), in panels of `width`: kPanel, or kTile, when
// they become the rows of a product.
template <typename T, typename S, typename Used>
void pack_some_columns(StepOf<T>* out, int64_t width, const S* x, int64_t row_stride, int64_t depth, int64_t columns,
                       int64_t row, int64_t rows, Used used) {
  const int64_t total = steps<T>(depth);
  for (int64_t column = 0; column < columns; column += width) {
    const int64_t left = columns - column, stride = width == kTile ? tile_rows(left) : width;
    pack_along<T>(out + column * total + row / Step<T>::kDepth * stride, stride, x + row * row_stride + column,
                  row_stride, rows, left, [&](int64_t r) { return used(row + r); });
  }
}

// All rows, shared among the threads of the parallel region that this is called in. A few at a time, so that a row's
// columns are read one after the other.
template <typename T, typename S, typename Used>
void pack_columns(StepOf<T>* out, int64_t width, const S* x, int64_t row_stride, int64_t depth, int64_t columns,
                  Used used) {
  constexpr int64_t kRows = 64;
#pragma omp for schedule(static)
  for (int64_t row = 0; row < depth; row += kRows) {
    pack_some_columns<T>(out, width, x, row_stride, depth, columns, row, depth - row < kRows ? depth - row : kRows,
                         used);
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
