// lm_head_sample: draws a token from hidden states and the LM head's weight; the (B, V) logits are never written.
//
//   x[b, v]     = Σ_d hidden[b, d] · weight[v, d] / temperature
//   token[b]    = argmax_v x[b, v] + g[b, v],   g = −log(−log u),   u uniform in (0, 1)
//   log_prob[b] = x[b, token[b]] − log Σ_v exp x[b, v]
//
// By the Gumbel-max trick (Gumbel, 1954; Maddison, Tarlow, Minka, 2014) token ~ softmax(x). u is Philox's number for
// (seed, sequence, position, draw 1 + v), so a token depends neither on the tiles nor on the batch; draw 0 is sample's.
// All 53 bits count: −log u is an exponential variable, and the token is where the smallest of exponential / prob is.
// With 24 bits that variable would be a multiple of 6·10⁻⁸, and tokens with no more than that probability would be
// drawn too often or never.
//
// shapes   hidden (B, D), weight (V, D) bf16, any row stride in elements; sequence (B) i64; position (B) i32; token (B)
//          i32; log_prob (B) f32, nats; tiles (B, ceil(V / 128)) float4: maximum of x, Σ exp(x − maximum), x at the
//          best token, and that token's bits (−1: none). The noise isn't kept: Philox is a function, the merge calls it
//          again
// cost     moves 2·V·D + 2·B·D + 32·B·ceil(V/128) bytes: at B = 64, D = 4096, V = 128256 an H100's 3.35 TB/s need
//          0.31 ms, and 2·64·ceil(B/64)·V·D = 67 GFLOP are 0.07 ms of its 989 TFLOP/s. A warp's 32 × 32 part takes 16
//          FLOP from a byte of shared memory, which gives half of those: 0.14 ms. Blocks of 64 rows read 1.5 · 2·V·D
//          bytes from the L2 cache each 64 rows, so up to B = 64 memory is the bound, past it the L2 cache;
//          docs/cuda.md has the table. The noise is some 180 instructions a logit
// layout   a block of 8 warps computes 64 rows by 128 columns; blocks of the same columns follow each other, so their
//          weights are in the L2 cache. Both operands' next 32 of the depth come through a ring of three stages in
//          shared memory, two of them on their way (cp.async, 16 bytes a thread; by elements where rows aren't aligned
//          to 16 bytes). Warps multiply 16×16×16 in the tensor cores, bf16 with f32 sums; the tile of logits then takes
//          the stages' place, and a warp reduces a row of it. The merge is one block a row
// edges    past B, V, D tiles are filled with zeros, which add nothing, and such columns have no part in the draw; NaN
//          or +∞ among a row's logits, or all −∞ → token −1 and log_prob NaN; equal perturbed logits → the first
// minimum sm_80
#include <mma.h>

#include "device.cuh"
#include "philox.cuh"

constexpr int kTileRows = 64, kTileColumns = 128, kTileDepth = 32;  // of a tile
constexpr int kStages = 3;
constexpr int kChunk = 8;                 // bf16 in 16 bytes
constexpr int kPitch = kTileDepth + kChunk;   // 80 bytes apart, eight rows' chunks fall into different banks
constexpr int kLogitsPitch = kTileColumns + 4;
constexpr int kFragment = 16;

struct Stage {
  __nv_bfloat16 hidden[kTileRows][kPitch], weight[kTileColumns][kPitch];
};

union Tile {
  Stage stages[kStages];
  float logits[kTileRows][kLogitsPitch];
};

// A matrix in global memory, from the tile's first row.
struct Operand {
  const __nv_bfloat16* data;
  int64_t rows, depth, stride;  // rows: how many are left, perhaps more than the tile's
  bool aligned;                 // every row starts at a multiple of 16 bytes

  // Copies kChunk elements of a row from some depth; zeros past the edges.
  __device__ void copy(__nv_bfloat16* to, int row, int64_t from) const {
    const int64_t left = row < rows ? depth - from : 0;
    const int count = left < 0 ? 0 : left < kChunk ? static_cast<int>(left) : kChunk;
    const __nv_bfloat16* source = count == 0 ? data : data + row * stride + from;
    if (aligned) {
      // Reads 2 · count bytes and fills 16.
      asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                   :
                   : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(to))), "l"(__cvta_generic_to_global(source)),
                     "r"(2 * count)
                   : "memory");
    } else {
#pragma unroll
      for (int i = 0; i < kChunk; i++) to[i] = i < count ? source[i] : __float2bfloat16_rn(0);
    }
  }
};

__device__ Operand operand(const __nv_bfloat16* data, int64_t first, int64_t rows, int64_t depth, int64_t stride) {
  const __nv_bfloat16* from = data + first * stride;
  const bool aligned = (reinterpret_cast<uintptr_t>(data) | static_cast<uint64_t>(stride) * 2) % 16 == 0;
  return {from, rows - first, depth, stride, aligned};
}

// The copies since the last call are one group.
__device__ void end_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until this thread's groups but the last so many have arrived.
template <int kLast>
__device__ void wait_for_groups() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLast) : "memory");
}

__device__ void copy_stage(Stage& stage, const Operand& hidden, const Operand& weight, int64_t from) {
  constexpr int kChunks = kTileDepth / kChunk, kHiddenChunks = kTileRows * kChunks;
#pragma unroll
  for (int i = threadIdx.x; i < (kTileRows + kTileColumns) * kChunks; i += kThreads) {
    const int part = i % kChunks * kChunk;
    if (i < kHiddenChunks) {
      hidden.copy(&stage.hidden[i / kChunks][part], i / kChunks, from + part);
    } else {
      const int row = (i - kHiddenChunks) / kChunks;
      weight.copy(&stage.weight[row][part], row, from + part);
    }
  }
  __syncwarp();  // lanes part at the edges, and what follows is for whole warps
}

// tile.logits = hidden · weightᵀ. All threads of the block.
__device__ void multiply(Tile& tile, const Operand& hidden, const Operand& weight) {
  using namespace nvcuda::wmma;
  constexpr int kParts = 2;  // fragments a warp has along each side: 32 rows by 32 columns
  const int warp = threadIdx.x / 32;
  const int row = warp % 2 * kParts * kFragment, column = warp / 2 * kParts * kFragment;
  fragment<accumulator, kFragment, kFragment, kFragment, float> sums[kParts][kParts];
#pragma unroll
  for (int i = 0; i < kParts; i++) {
#pragma unroll
    for (int j = 0; j < kParts; j++) fill_fragment(sums[i][j], 0);
  }
  const int64_t steps = (hidden.depth + kTileDepth - 1) / kTileDepth;
  for (int step = 0; step < kStages - 1; step++) {
    if (step < steps) copy_stage(tile.stages[step], hidden, weight, step * int64_t{kTileDepth});
    end_group();  // an empty one where nothing is left, so that counting groups counts steps
  }
  int current = 0;
  for (int64_t step = 0; step < steps; step++) {
    wait_for_groups<kStages - 2>();
    __syncthreads();  // everybody's copies have arrived, and nobody reads the stage that is filled next any more
    const int64_t next = step + kStages - 1;
    const int free = current == 0 ? kStages - 1 : current - 1;
    if (next < steps) copy_stage(tile.stages[free], hidden, weight, next * kTileDepth);
    end_group();
    const Stage& stage = tile.stages[current];
#pragma unroll
    for (int depth = 0; depth < kTileDepth; depth += kFragment) {
      fragment<matrix_a, kFragment, kFragment, kFragment, __nv_bfloat16, row_major> a[kParts];
      fragment<matrix_b, kFragment, kFragment, kFragment, __nv_bfloat16, col_major> b[kParts];
#pragma unroll
      for (int i = 0; i < kParts; i++) {
        load_matrix_sync(a[i], &stage.hidden[row + i * kFragment][depth], kPitch);
        load_matrix_sync(b[i], &stage.weight[column + i * kFragment][depth], kPitch);
      }
#pragma unroll
      for (int i = 0; i < kParts; i++) {
#pragma unroll
        for (int j = 0; j < kParts; j++) mma_sync(sums[i][j], a[i], b[j], sums[i][j]);
      }
    }
    current = current == kStages - 1 ? 0 : current + 1;
  }
  __syncthreads();  // the last stage has been read: logits take its place
#pragma unroll
  for (int i = 0; i < kParts; i++) {
#pragma unroll
    for (int j = 0; j < kParts; j++) {
      store_matrix_sync(&tile.logits[row + i * kFragment][column + j * kFragment], sums[i][j], kLogitsPitch,
                        mem_row_major);
    }
  }
  __syncthreads();  // a row is read by another warp than wrote it
}

// −log(−log u) for u the uniform number + 2⁻⁵⁴, never 0 or 1. Near 1, log u is taken from 1 − u, which is exact there,
// so f32 keeps the relative precision of −log u at both ends.
__device__ float gumbel(uint64_t seed, int64_t sequence, int32_t position, int32_t draw) {
  const double uniform = philox_uniform(seed, sequence, position, draw);
  const float exponential = uniform < 0.5 ? -logf(static_cast<float>(uniform + 0x1p-54))
                                          : -log1pf(-static_cast<float>(1 - uniform - 0x1p-54));
  return -logf(exponential);
}

// The best perturbed logit so far; token −1 while there is none above −∞.
struct Choice {
  float perturbed, logit;
  int32_t token;

  __device__ void take(Choice other) {
    if (other.perturbed > perturbed || (other.perturbed == perturbed && other.token < token)) *this = other;
  }

  __device__ Choice across(int offset) const {
    return {__shfl_xor_sync(kFullWarp, perturbed, offset), __shfl_xor_sync(kFullWarp, logit, offset),
            __shfl_xor_sync(kFullWarp, token, offset)};
  }
};

// The larger; NaN if either is, unlike fmaxf.
__device__ float larger(float a, float b) { return a > b || a != a ? a : b; }

extern "C" __global__ void __launch_bounds__(kThreads)
    lm_head_sample_bf16_kernel(float4* tiles, const __nv_bfloat16* hidden, const __nv_bfloat16* weight,
                               const int64_t* sequence, const int32_t* position, int64_t rows, int64_t columns,
                               int64_t depth, int64_t hidden_stride, int64_t weight_stride, float inverse_temperature,
                               uint64_t seed) {
  __shared__ alignas(128) Tile tile;
  // Blocks start in the order of their number: first all rows of the same columns.
  const int64_t block = blockIdx.y * int64_t{gridDim.x} + blockIdx.x;
  const int64_t column_tile = block / gridDim.y;
  const int64_t first_row = block % gridDim.y * kTileRows, first_column = column_tile * kTileColumns;
  multiply(tile, operand(hidden, first_row, rows, depth, hidden_stride),
           operand(weight, first_column, columns, depth, weight_stride));
  const int lane = threadIdx.x % 32;
  for (int i = threadIdx.x / 32; i < kTileRows; i += kWarps) {
    const int64_t row = first_row + i;
    if (row >= rows) break;  // the whole warp
    float x[kTileColumns / 32];
    float max = -INFINITY;
    Choice best{-INFINITY, -INFINITY, -1};
#pragma unroll
    for (int j = 0; j < kTileColumns / 32; j++) {
      const int64_t column = first_column + 32 * j + lane;
      x[j] = -INFINITY;
      if (column < columns) {
        // Rounded, not fused with a sum below: the merge adds the noise to this very number.
        x[j] = __fmul_rn(tile.logits[i][32 * j + lane], inverse_temperature);
        const int32_t token = static_cast<int32_t>(column);
        best.take({x[j] + gumbel(seed, sequence[row], position[row], 1 + token), x[j], token});
      }
      max = larger(max, x[j]);
    }
    for (int offset = 16; offset > 0; offset /= 2) {
      max = larger(max, __shfl_xor_sync(kFullWarp, max, offset));
      best.take(best.across(offset));
    }
    float sum = 0;
    if (max != -INFINITY) {  // (−∞) − (−∞) would be NaN
#pragma unroll
      for (int j = 0; j < kTileColumns / 32; j++) sum += expf(x[j] - max);
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      tiles[row * gridDim.x + column_tile] = make_float4(max, sum, best.logit, __int_as_float(best.token));
    }
  }
}

// Σ exp(x) as (max, Σ exp(x − max)).
struct SumOfTiles {
  float max;
  double sum;

  __device__ void merge(SumOfTiles other) {
    const float top = larger(max, other.max);
    if (top == -INFINITY) return;  // (−∞) − (−∞) would be NaN
    sum = sum * exp(double{max} - top) + other.sum * exp(double{other.max} - top);
    max = top;
  }

  __device__ SumOfTiles across(int offset) const {
    return {__shfl_xor_sync(kFullWarp, max, offset), __shfl_xor_sync(kFullWarp, sum, offset)};
  }
};

// One block a row.
extern "C" __global__ void __launch_bounds__(kThreads)
    lm_head_sample_merge_kernel(int32_t* token, float* log_prob, const float4* tiles, const int64_t* sequence,
                                const int32_t* position, int64_t tiles_per_row, uint64_t seed) {
  __shared__ SumOfTiles sums[kWarps];
  __shared__ Choice choices[kWarps];
  const int64_t row = blockIdx.x;
  SumOfTiles sum{-INFINITY, 0};
  Choice best{-INFINITY, -INFINITY, -1};
  for (int64_t i = threadIdx.x; i < tiles_per_row; i += kThreads) {
    const float4 tile = tiles[row * tiles_per_row + i];
    sum.merge({tile.x, tile.y});
    const int32_t candidate = __float_as_int(tile.w);
    if (candidate >= 0) {
      best.take({tile.z + gumbel(seed, sequence[row], position[row], 1 + candidate), tile.z, candidate});
    }
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    sum.merge(sum.across(offset));
    best.take(best.across(offset));
  }
  if (threadIdx.x % 32 == 0) {
    sums[threadIdx.x / 32] = sum;
    choices[threadIdx.x / 32] = best;
  }
  __syncthreads();  // every warp's are there before they are read
  if (threadIdx.x > 0) return;
  for (int warp = 1; warp < kWarps; warp++) {
    sum.merge(sums[warp]);
    best.take(choices[warp]);
  }
  const bool drawn = sum.sum > 0;  // neither NaN nor a row of nothing but −∞
  token[row] = drawn ? best.token : -1;
  log_prob[row] = drawn ? static_cast<float>(double{best.logit} - sum.max - log(sum.sum)) : NAN;
}
