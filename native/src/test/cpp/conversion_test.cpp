// The 16-bit formats as the kernels read and write them, seen through operations that only pass a value on.
#include <cstring>

#include "logits.h"

namespace equipoise::cpu::test {

namespace {

// The log-sum-exp of a single logit is that logit.
void reads_every_bit_pattern(Type type) {
  constexpr int64_t kRows = 65536;
  std::vector<uint16_t> logits(kRows);
  for (int64_t bits = 0; bits < kRows; bits++) logits[bits] = static_cast<uint16_t>(bits);
  const std::vector<int32_t> token(kRows, 0);
  for (Isa isa : supported()) {
    std::vector<float> log_prob(kRows), log_sum_exp(kRows), entropy(kRows);
    token_log_prob(log_prob.data(), log_sum_exp.data(), entropy.data(), logits.data(), token.data(), type, kRows, 1, 1,
                   1, isa);
    for (int64_t bits = 0; bits < kRows; bits++) {
      expect_close(log_sum_exp[bits], decode(type, static_cast<uint16_t>(bits)), 0, [&] {
        return std::string("reading ") + name(type) + " with " + name(isa) + ", bits " + std::to_string(bits);
      });
    }
  }
}

// Where a logit equals the log-sum-exp and isn't the token's, its gradient is minus the coefficient. Each pattern's
// value, both neighbours in f32 and the halfway points to the next pattern: every case of rounding.
void writes_by_rounding_to_even(Type type) {
  std::vector<float> value;
  for (int bits = 1; bits < 0x7fff; bits++) {
    const double exact = decode(type, static_cast<uint16_t>(bits));
    const double next = decode(type, static_cast<uint16_t>(bits + 1));
    for (double x : {exact, (exact + next) / 2}) {
      const float single = static_cast<float>(x);
      if (!std::isfinite(single)) continue;
      for (float end : {0.0f, HUGE_VALF}) value.push_back(std::nextafter(single, end));
      value.push_back(-single);
    }
  }
  const int64_t rows = static_cast<int64_t>(value.size());
  const std::vector<int32_t> token(rows, 1);
  const std::vector<float> normaliser(rows, 0);
  for (Isa isa : supported()) {
    std::vector<uint16_t> logits(2 * rows, 0);
    gradient(logits.data(), normaliser.data(), token.data(), value.data(), type, rows, 2, 2, isa);
    for (int64_t n = 0; n < rows; n++) {
      if (value[n] == 0) continue;  // such a row is erased
      const uint16_t wanted = encode(type, -static_cast<double>(value[n]));
      expect_close(logits[2 * n], wanted, 0, [&] {
        return std::string("bits of ") + std::to_string(-value[n]) + " as " + name(type) + " with " + name(isa);
      });
    }
  }
}

const Test kTest("conversions", [] {
  for (Type type : {kBf16, kF16}) {
    reads_every_bit_pattern(type);
    writes_by_rounding_to_even(type);
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
