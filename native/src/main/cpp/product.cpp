// product: x · W on prepared weights, with what usually follows done while the result is in registers' reach.
//
//   out[n, m] = f(Σ_k x[n, k] · W[k, m] + bias[m]) + addend[n, m]
//   f         identity; gelu, its derivative going to `slope`; or times `slope`
//
// shapes   x (N, K) f32|bf16; W packed (K, M) in the type products are computed in; out, slope (N, M) f32|bf16; bias (M),
//          addend (N, M) f32, either may be absent
// cost     2·N·K·M operations; W read once for every block of rows that fits the L2 cache
// layout   panels of W shared among threads; rows packed first, rounded to W's type; sums f32, one chain along K
// edges    N = 0 → nothing; NaN in a row of x → NaN in that row
#include "activation.h"
#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

int64_t packed_bytes(Type type, int64_t depth, int64_t columns) {
  int64_t bytes = 0;
  with_compute_type(type, [&](auto zero) {
    using T = decltype(zero);
    bytes = packed_columns_size(columns, steps<T>(depth)) * sizeof(StepOf<T>);
  });
  return bytes;
}

void pack(void* packed, const float* weight, Type type, int64_t depth, int64_t columns, int64_t row_stride,
          bool transposed) {
  const int threads = threads_for(depth * columns);
  with_compute_type(type, [&](auto zero) {
    using T = decltype(zero);
    StepOf<T>* out = static_cast<StepOf<T>*>(packed);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t panel = 0; panel < ceil_div(columns, kPanel); panel++) {
      const int64_t column = panel * kPanel;
      const int64_t width = columns - column < kPanel ? columns - column : kPanel;
      StepOf<T>* to = out + column * steps<T>(depth);
      if (transposed) {
        pack_across<T>(to, kPanel, weight + column * row_stride, row_stride, depth, width);
      } else {
        pack_along<T>(to, kPanel, weight + column, row_stride, depth, columns - column);
      }
    }
  });
}

namespace {

template <typename O, typename T>
struct Epilogue {
  O* out;
  T* slope;
  const float *bias, *addend;
  int64_t columns, out_stride, slope_stride, addend_stride;
  Activation activation;

  // Fetches what the tile at (row, column) will read and write.
  void prepare(int64_t row, int64_t rows, int64_t column) const {
    prefetch_tile(out, out_stride, row, rows, column);
    if (slope != nullptr) prefetch_tile(slope, slope_stride, row, rows, column);
    if (addend != nullptr) prefetch_tile(addend, addend_stride, row, rows, column);
  }

  void operator()(int64_t row, int64_t rows, int64_t column, const float* values) const {
    for (int64_t r = row; r < row + rows; r++, values += kPanel) {
      for (int64_t j = 0; j < kPanel && column + j < columns; j += kLanes) {
        const int64_t at = column + j, count = columns - at;
        F32 value = load(values + j);
        if (bias != nullptr) value += load_some(bias + at, count);
        if (activation == kGelu && slope == nullptr) {
          value = gelu(value);
        } else if (activation == kGelu) {
          const Gelu both = gelu_and_slope(value);
          value = both.value;
          store_some(slope + r * slope_stride + at, both.slope, count);
        } else if (activation == kSlope) {
          value *= load_some(slope + r * slope_stride + at, count);
        }
        if (addend != nullptr) value += load_some(addend + r * addend_stride + at, count);
        store_some(out + r * out_stride + at, value, count);
      }
    }
  }
};

}  // namespace

void product(const Out& out, const Out& slope, const In& x, const void* packed, const float* bias, const In& addend,
             Type type, int64_t rows, int64_t columns, int64_t depth, Activation activation) {
  const int threads = threads_for_product(rows, columns, depth);
  with_compute_type(type, [&](auto zero) {
    using T = decltype(zero);
    const int64_t count = steps<T>(depth);
    StepOf<T>* a = scratch<StepOf<T>>(packed_rows_size(rows, count));
    with_compute_type(x.type, [&](auto input) {
      using S = decltype(input);
      pack_rows<T>(a, static_cast<const S*>(x.data), x.stride, rows, depth, threads);
    });
    with_compute_type(out.type, [&](auto output) {
      using O = decltype(output);
      const Epilogue<O, T> finish{static_cast<O*>(out.data), static_cast<T*>(slope.data),
                                  bias,                      static_cast<const float*>(addend.data),
                                  columns,                   out.stride,
                                  slope.stride,                addend.stride,
                                  activation};
      multiply_all(a, rows, static_cast<const StepOf<T>*>(packed), columns, count, threads, finish);
    });
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
