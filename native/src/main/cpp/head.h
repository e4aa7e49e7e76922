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

// One of the logits of a group of rows: a type of its own, for memory of its own.
struct GroupLogits {
  float value;
};

// Rows that pass a panel of the head one after the other, each tile while the panel is in the cache.
constexpr int64_t kGroup = 5 * kTile;

// Logits of `rows` packed rows in one block of the packed head; rows kBlock apart.
template <typename S>
void block_logits(float* logits, int64_t rows, const S* a, const S* packed, int64_t block, int64_t columns,
                  int64_t steps) {
  const int64_t length = block_length(block, columns);
  for (int64_t j = 0; j < length; j += kPanel) {
    const S* panel = packed + (block * kBlock + j) * steps;
    for (int64_t i = 0; i < ceil_div(rows, kTile); i++) {
      const Tile tile = tile_at(i, rows);
      multiply(tile.padded, logits + tile.row * kBlock + j, kBlock, a + tile.row * steps, panel, steps,
               part_ahead(panel + kPanel * steps, i, steps));
    }
  }
}

// reduce(row, block, logits) for every row and block of the vocabulary.
template <typename S, typename Reduce>
void for_each_block(const S* a, const Head& head, int64_t steps, int threads, Reduce reduce) {
  const S* packed = static_cast<const S*>(head.packed);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (int64_t block = 0; block < blocks(head.columns); block++) {
    float* logits = &scratch<GroupLogits>(kGroup * kBlock)->value;
    for (int64_t from = 0; from < head.rows; from += kGroup) {
      const int64_t count = head.rows - from < kGroup ? head.rows - from : kGroup;
      block_logits(logits, count, a + from * steps, packed, block, head.columns, steps);
      for (int64_t r = 0; r < count; r++) reduce(from + r, block, logits + r * kBlock);
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
