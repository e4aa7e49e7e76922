// match_words: whether the text of each sequence of tokens has one of an automaton's words, read off the tokens' bytes.
//
//   state ← transition[state + symbol], for every symbol of every token in order;  found = transition[state + 40]
//
// shapes   token (N) i32; start (B + 1) i64: sequence b has the tokens [start[b], start[b + 1]); transition (S · 41) i32:
//          where the next state's row starts, by symbol, then the verdict of a text that ends in the state; offset (V + 1)
//          i32 into symbol, a byte each; found (B) i32: 1 yes, 0 no, −1 undecided
// cost     a token moves 4 bytes of its own and 8 of offset, a byte of text 1 of symbol and 4 of transition, a sequence 16
//          of start and 4 of found: at 5 bytes a token 37·N + 20·B in all, of which the tables' part comes from the caches.
//          Bound by latency, not bandwidth: the longest sequence's bytes, one after the other, two lookups each
// layout   one thread a sequence and one warp a block, so that few sequences use many multiprocessors and each has its L1
//          for a part of the tables; the next token's offsets are asked for before this one's bytes are read; a sequence
//          ends early in the states that are never left
// edges    token < 0 (padding) → no text; token ≥ V → undecided; no tokens → the verdict of the empty text; starts out of
//          order are refused by the launcher where it can read them, else no address outside the tokens is read
#include "device.cuh"

constexpr int kSequences = 32;  // a block

// As io.equipoise.kernels.WordAutomaton lays them out.
constexpr int32_t kVerdict = 40, kRow = 41;
constexpr int32_t kUndecided = 1 * kRow, kStart = 2 * kRow;

// A token's symbols are [from, to); from > to where its text isn't known.
struct Piece {
  int32_t from, to;
};

__device__ inline Piece piece(int32_t token, const int32_t* __restrict__ offset, int32_t vocabulary) {
  if (token < 0) return {0, 0};
  if (token >= vocabulary) return {1, 0};
  return {offset[token], offset[token + 1]};
}

extern "C" __global__ void __launch_bounds__(kSequences)
    match_words_kernel(int32_t* found, const int32_t* __restrict__ token, const int64_t* __restrict__ start,
                       const int32_t* __restrict__ transition, const int32_t* __restrict__ offset,
                       const uint8_t* __restrict__ symbol, int64_t rows, int64_t size, int32_t vocabulary) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kSequences + threadIdx.x;
  if (row >= rows) return;  // there is no barrier
  int64_t at = start[row], end = start[row + 1];
  at = at < 0 ? 0 : at;
  end = end > size ? size : end;
  int32_t state = kStart;
  Piece next = at < end ? piece(token[at], offset, vocabulary) : Piece{0, 0};
  for (; at < end && state >= kStart; at++) {
    const Piece now = next;
    if (at + 1 < end) next = piece(token[at + 1], offset, vocabulary);
    if (now.from > now.to) state = kUndecided;
    for (int32_t i = now.from; i < now.to && state >= kStart; i++) state = transition[state + symbol[i]];
  }
  found[row] = transition[state + kVerdict];
}
