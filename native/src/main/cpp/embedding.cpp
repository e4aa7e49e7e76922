// embed: the first hidden states, a token's vector and its position's; scatter_add: the gradient of such a table.
//
//   out[n] = table[token[n]] + positions[position[n]];   table[index[n]] += x[n]
//
// shapes   out, x (N, D) f32; table (V, D), positions (C, D) f32 without gaps; token, position, index (N) i32
// cost     bound by memory bandwidth
// layout   embed by rows; scatter_add by columns, because rows may meet in the table: rows are added in order
// edges    N = 0 → nothing; an index outside its table is refused before anything is written
#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

void embed(const Out& out, const float* table, const float* positions, const int32_t* token, const int32_t* position,
           int64_t rows, int64_t columns) {
  const int threads = threads_for(rows * columns);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t n = 0; n < rows; n++) {
    float* to = static_cast<float*>(out.data) + n * out.stride;
    const float* a = table + token[n] * columns;
    const float* b = positions + position[n] * columns;
    for (int64_t j = 0; j < columns; j += kLanes) {
      store_some(to + j, load_some(a + j, columns - j) + load_some(b + j, columns - j), columns - j);
    }
  }
}

void scatter_add(float* table, const In& x, const int32_t* index, int64_t rows, int64_t columns) {
  const int threads = threads_for(rows * columns);
  const int64_t share = ceil_div(ceil_div(columns, threads), kLanes) * kLanes;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t from = 0; from < columns; from += share) {
    const int64_t end = from + share < columns ? from + share : columns;
    for (int64_t n = 0; n < rows; n++) {
      float* to = table + index[n] * columns;
      const float* up = static_cast<const float*>(x.data) + n * x.stride;
      for (int64_t j = from; j < end; j += kLanes) {
        store_some(to + j, load_some(to + j, end - j) + load_some(up + j, end - j), end - j);
      }
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
