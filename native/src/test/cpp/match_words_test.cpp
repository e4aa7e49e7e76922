// match_words against a plain walk over random automata, and what it refuses.
#include <random>

#include "check.h"

namespace equipoise::cpu::test {

namespace {

constexpr int kSymbols = 40, kRow = kSymbols + 1;

struct Case {
  std::vector<int32_t> token, transition, offset{0};
  std::vector<int64_t> start;
  std::vector<uint8_t> symbol;
  std::vector<int32_t> next, verdict;  // the automaton before it is laid out: (S, 40), (S)

  int64_t rows() const { return static_cast<int64_t>(start.size()) - 1; }
  int32_t vocabulary() const { return static_cast<int32_t>(offset.size()) - 1; }

  Case(int64_t rows, int32_t states, int32_t vocabulary, uint32_t seed) {
    std::mt19937 random(seed);
    const auto below = [&](int64_t bound) { return static_cast<int32_t>(random() % bound); };
    for (int32_t state = 0; state < states; state++) {
      // The two states that are never left are reached seldom, so that texts are read to different depths.
      for (int s = 0; s < kSymbols; s++) {
        next.push_back(state < 2 ? state : below(40) == 0 ? below(2) : 2 + below(states - 2));
      }
      verdict.push_back(state == 0 ? 1 : state == 1 ? -1 : below(3) - 1);
    }
    for (int32_t state = 0; state < states; state++) {
      for (int s = 0; s < kSymbols; s++) transition.push_back(next[state * kSymbols + s] * kRow);
      transition.push_back(verdict[state]);
    }
    for (int32_t v = 0; v < vocabulary; v++) {
      for (int length = below(6); length > 0; length--) symbol.push_back(static_cast<uint8_t>(below(kSymbols)));
      offset.push_back(static_cast<int32_t>(symbol.size()));
    }
    start.push_back(below(3));
    for (int64_t row = 0; row < rows; row++) start.push_back(start.back() + below(12));
    for (int64_t i = 0; i < start.back(); i++) token.push_back(below(vocabulary + 3) - 2 + (below(50) == 0));
  }

  int32_t wanted(int64_t row) const {
    int32_t state = 2;
    for (int64_t i = start[row]; i < start[row + 1] && state >= 2; i++) {
      if (token[i] >= vocabulary()) return -1;
      for (int32_t k = token[i] < 0 ? 0 : offset[token[i]]; k < (token[i] < 0 ? 0 : offset[token[i] + 1]); k++) {
        state = next[state * kSymbols + symbol[k]];
      }
    }
    return verdict[state];
  }

  std::vector<int32_t> run() const {
    std::vector<int32_t> found(rows(), 5);
    match_words(found.data(), token.data(), start.data(), transition.data(), offset.data(), symbol.data(), rows(),
                static_cast<int64_t>(token.size()), vocabulary());
    return found;
  }
};

const Test kTest("match_words", [] {
  for (int64_t rows : {0, 1, 7, 64, 1000}) {
    for (int32_t states : {3, 4, 50}) {
      for (int32_t vocabulary : {1, 20, 3000}) {
        const Case c(rows, states, vocabulary, static_cast<uint32_t>(rows + states + vocabulary));
        const std::vector<int32_t> found = c.run();
        for (int64_t row = 0; row < rows; row++) {
          expect_close(found[row], c.wanted(row), 0, [&] {
            return "match_words of row " + std::to_string(row) + " of " + std::to_string(rows) + ", " +
                   std::to_string(states) + " states, vocabulary " + std::to_string(vocabulary);
          });
        }
      }
    }
  }
});

const Test kRefusals("match_words refuses starts out of order", [] {
  Case c(3, 4, 20, 1);
  c.token.assign(10, 0);
  c.start = {0, 5, 4, 6};
  try {
    c.run();
    report(false, "starts 5, 4: not refused", 0, 1, 0);
  } catch (const KernelError& e) {
    const std::string message = "matchWords: start 2 is 4, wanted 5 to " + std::to_string(c.token.size());
    report(e.what() == message, std::string("\"") + e.what() + "\" instead of \"" + message + "\"", 0, 1, 0);
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
