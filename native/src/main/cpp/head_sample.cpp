// head_sample: one token a row from hidden states, the language-model head and the draw in one pass.
//
//   x[b, v] = Σ_d hidden[b, d] · W[v, d] / temperature;   token and log_prob as sample
//
// shapes   hidden (B, D) f32|bf16; W packed (D, V) f32|bf16; sequence (B) i64; position, token (B) i32; log_prob (B) f32
// cost     2·B·D·V operations; logits are never stored: those of the block where the draw falls are computed again
// layout   blocks of 512 columns shared among threads, W read once; then rows
// edges    as sample
#include "draw.h"
#include "head.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

// Packs row `row` by itself: the inner loop gives it the same bits in any tile.
template <typename T>
void pack_row(StepOf<T>* a, const Head& head, int64_t row) {
  with_compute_type(head.hidden.type, [&](auto zero) {
    using S = decltype(zero);
    pack_across<T>(a, 1, static_cast<const S*>(head.hidden.data) + row * head.hidden.stride, 0, head.depth, 1);
  });
}

}  // namespace

void head_sample(int32_t* token, float* log_prob, const Head& head, const int64_t* sequence, const int32_t* position,
                 double temperature, int64_t seed) {
  const float inverse_temperature = reciprocal(temperature);
  const int64_t rows = head.rows, count = blocks(head.columns);
  const int threads = threads_for_product(rows, head.columns, head.depth);
  SumExp* parts = scratch<SumExp>(rows * count);
  with_compute_type(head.type, [&](auto zero) {
    using T = decltype(zero);
    const int64_t depth = steps<T>(head.depth);
    const StepOf<T>* packed = static_cast<const StepOf<T>*>(head.packed);
    const StepOf<T>* a = packed_hidden<T>(head, threads);
    const auto reduce = [&](int64_t row, int64_t block, const float* x) {
      parts[row * count + block] = sum_exp<false>(x, block_length(block, head.columns), inverse_temperature);
    };
    for_each_block(a, head, depth, threads, reduce);
    const Scratch<StepOf<T>> packed_row(threads * depth);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t row = 0; row < rows; row++) {
      alignas(64) float logits[kBlock];
      const auto block_of = [&](int64_t block) {
        StepOf<T>* own = packed_row.data + omp_get_thread_num() * depth;
        pack_row<T>(own, head, row);
        block_logits(logits, 1, own, packed, block, head.columns, depth);
        return static_cast<const float*>(logits);
      };
      draw(token[row], log_prob[row], parts + row * count, head.columns,
           philox_uniform(seed, sequence[row], position[row], 0), temperature, block_of);
    }
  });
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
