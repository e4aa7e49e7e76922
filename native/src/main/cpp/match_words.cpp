// match_words: whether the text of each sequence of tokens has one of an automaton's words, read off the tokens' bytes.
//
//   state ← transition[state + symbol], for every symbol of every token in order;  found = transition[state + 40]
//
// shapes   token (N) i32; start (B + 1) i64: sequence b has the tokens [start[b], start[b + 1]); transition (S · 41) i32:
//          where the next state's row starts, by symbol, then the verdict of a text that ends in the state; offset (V + 1)
//          i32 into symbol, a byte each; found (B) i32: 1 yes, 0 no, −1 undecided
// cost     two dependent lookups a byte of text, in tables that fit the L2 cache for lists of some hundred words
// layout   sequence by sequence, contiguous ranges to threads; a sequence ends early in the states that are never left
// edges    token < 0 (padding) → no text; token ≥ V → undecided; no tokens → the verdict of the empty text; starts out of
//          order are refused
#include <string>

#include "rows.h"

namespace equipoise::cpu {

namespace {

// As io.equipoise.kernels.WordAutomaton lays them out.
constexpr int32_t kVerdict = 40, kRow = 41;
constexpr int32_t kUndecided = 1 * kRow, kStart = 2 * kRow;

constexpr int64_t kWorkPerToken = 32;  // bytes and lookups, in elements of a row

struct Automaton {
  const int32_t *transition, *offset;
  const uint8_t* symbol;
  int32_t vocabulary;

  int32_t read(const int32_t* token, const int32_t* end) const {
    int32_t state = kStart;
    for (; token < end && state >= kStart; token++) {
      if (*token < 0) continue;
      if (*token >= vocabulary) {
        state = kUndecided;
        break;
      }
      for (int32_t i = offset[*token]; i < offset[*token + 1]; i++) state = transition[state + symbol[i]];
    }
    return transition[state + kVerdict];
  }
};

void check_starts(const int64_t* start, int64_t rows, int64_t size) {
  int64_t least = 0;
  for (int64_t row = 0; row <= rows; row++) {
    if (start[row] < least || start[row] > size) {
      throw KernelError("matchWords: start " + std::to_string(row) + " is " + std::to_string(start[row]) + ", wanted " +
                        std::to_string(least) + " to " + std::to_string(size));
    }
    least = start[row];
  }
}

}  // namespace

void match_words(int32_t* found, const int32_t* token, const int64_t* start, const int32_t* transition,
                 const int32_t* offset, const uint8_t* symbol, int64_t rows, int64_t size, int32_t vocabulary) {
  check_starts(start, rows, size);
  const Automaton automaton{transition, offset, symbol, vocabulary};
  const int threads = EQUIPOISE_ISA::threads_for((start[rows] - start[0]) * kWorkPerToken);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int64_t row = 0; row < rows; row++) found[row] = automaton.read(token + start[row], token + start[row + 1]);
}

}  // namespace equipoise::cpu
