// outer: a weight's gradient from what went into a product and the gradient of what came out; the bias's with it.
//
//   grad_weight[k, m] += Σ_n x[n, k] · grad_out[n, m],   grad_bias[m] += Σ_n grad_out[n, m]
//
// shapes   x (N, K), grad_out (N, M) f32|bf16; grad_weight (K, M), grad_bias (M) f32, either may be absent
// cost     2·N·K·M operations
// layout   both packed, rounded to the type products are computed in; panels of columns shared among threads
// edges    N = 0 → nothing
#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

template <typename G>
void add_column_sums(float* sums, const G* x, int64_t stride, int64_t rows, int64_t columns, int threads) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t j = 0; j < columns; j += kLanes) {
    F32 sum{};
    for (int64_t n = 0; n < rows; n++) sum += load_some(x + n * stride + j, columns - j);
    store_some(sums + j, load_some(sums + j, columns - j) + sum, columns - j);
  }
}

template <typename T, typename S, typename G>
void add_outer(float* grad_weight, const S* x, const G* grad_out, int64_t rows, int64_t depth, int64_t columns,
               int64_t x_stride, int64_t grad_stride, int64_t weight_stride, int threads) {
  const int64_t count = steps<T>(rows);
  StepOf<T>* a = scratch<StepOf<T>>(packed_rows_size(depth, count) + packed_columns_size(columns, count));
  StepOf<T>* b = a + packed_rows_size(depth, count);
  const auto every = [](int64_t) { return true; };
#pragma omp parallel num_threads(threads)
  {
    pack_columns<T>(a, kTile, x, x_stride, rows, depth, every);
    pack_columns<T>(b, kPanel, grad_out, grad_stride, rows, columns, every);
  }
  multiply_all(a, depth, b, columns, count, threads, AddTile{grad_weight, weight_stride, columns});
}

}  // namespace

void outer(float* grad_weight, float* grad_bias, const In& x, const In& grad_out, Type type, int64_t rows,
           int64_t depth, int64_t columns, int64_t weight_stride) {
  const int threads = threads_for_product(rows, columns, depth);
  with_compute_type(grad_out.type, [&](auto gradient) {
    using G = decltype(gradient);
    const G* g = static_cast<const G*>(grad_out.data);
    if (grad_bias != nullptr) add_column_sums(grad_bias, g, grad_out.stride, rows, columns, threads);
    if (grad_weight == nullptr) return;
    with_compute_type(x.type, [&](auto input) {
      using S = decltype(input);
      with_compute_type(type, [&](auto zero) {
        add_outer<decltype(zero)>(grad_weight, static_cast<const S*>(x.data), g, rows, depth, columns, x.stride,
                                  grad_out.stride, weight_stride, threads);
      });
    });
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
