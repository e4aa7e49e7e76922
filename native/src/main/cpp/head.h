// The language-model head block by block: the logits of kBlock columns, reduced while they are in the L1 cache. They
// never exist all at once.
#pragma once

#include "log_sum_exp.h"
#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

static_assert(kBlock % kPanel == 0, "a block of the vocabulary is whole panels");

inline int64_t block_length(int64_t block, int64_t columns) {
  return columns - block * kBlock < kBlock ? columns - block * kBlock : kBlock;
}

// Logits of the packed rows a (one tile) in one block of the packed head; rows kBlock apart.
template <typename S>
void block_logits(float* logits, int rows, const S* a, const S* packed, int64_t block, int64_t columns, int64_t steps) {
  const int64_t length = block_length(block, columns);
  for (int64_t j = 0; j < length; j += kPanel) {
    multiply(rows, logits + j, kBlock, a, packed + (block * kBlock + j) * steps, steps);
  }
}

// reduce(row, block, logits) for every row and block of the vocabulary.
template <typename S, typename Reduce>
void for_each_block(const S* a, const Head& head, int64_t steps, int threads, Reduce reduce) {
  const S* packed = static_cast<const S*>(head.packed);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t block = 0; block < blocks(head.columns); block++) {
    alignas(64) float logits[kTile * kBlock];
    for (int64_t i = 0; i < ceil_div(head.rows, kTile); i++) {
      const Tile tile = tile_at(i, head.rows);
      block_logits(logits, tile.padded, a + tile.row * steps, packed, block, head.columns, steps);
      for (int64_t r = 0; r < tile.rows; r++) reduce(tile.row + r, block, logits + r * kBlock);
    }
  }
}

// Packs the hidden states, rounded to the head's type.
template <typename T>
StepOf<T>* packed_hidden(const Head& head, int threads) {
  const int64_t count = steps<T>(head.depth);
  StepOf<T>* a = scratch<StepOf<T>>(packed_rows_size(head.rows, count));
  with_compute_type(head.hidden.type, [&](auto zero) {
    using S = decltype(zero);
    pack_rows<T>(a, static_cast<const S*>(head.hidden.data), head.hidden.stride, head.rows, head.depth, threads);
  });
  return a;
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
