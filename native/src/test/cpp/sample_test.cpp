// sample against the cumulative distribution in f64, with every instruction set; truncated and not.
#include <algorithm>
#include <functional>

#include "logits.h"

namespace equipoise::cpu::test {

namespace {

constexpr int64_t kSeed = 0x123456789abcdef;

// Philox4x32-10's first two words as 53 bits, from the paper's description.
double philox(int64_t seed, int64_t sequence, int32_t position) {
  const uint64_t stream = static_cast<uint64_t>(sequence), key = static_cast<uint64_t>(seed);
  uint32_t counter[4] = {static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32),
                         static_cast<uint32_t>(position), 0};
  uint32_t round_key[2] = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  for (int round = 0; round < 10; round++) {
    const uint64_t even = uint64_t{0xD2511F53} * counter[0], odd = uint64_t{0xCD9E8D57} * counter[2];
    const uint32_t next[4] = {static_cast<uint32_t>(odd >> 32) ^ counter[1] ^ round_key[0], static_cast<uint32_t>(odd),
                              static_cast<uint32_t>(even >> 32) ^ counter[3] ^ round_key[1],
                              static_cast<uint32_t>(even)};
    std::copy(next, next + 4, counter);
    round_key[0] += 0x9E3779B9;
    round_key[1] += 0xBB67AE85;
  }
  return static_cast<double>(uint64_t{counter[0]} << 21 | counter[1] >> 11) * 0x1p-53;
}

// log-probabilities, those outside the truncation −∞; NaN throughout where the row has no distribution.
std::vector<double> distribution(std::vector<double> x, double temperature, int32_t top_k, double top_p) {
  const auto normalise = [](std::vector<double>& values) {
    const double normaliser = log_sum_exp(values);
    for (double& value : values) value = std::isfinite(normaliser) ? value - normaliser : std::nan("");
  };
  const auto keep_from = [&](double threshold) {
    for (double& value : x) value = value < threshold ? -HUGE_VAL : value;
    normalise(x);
  };
  for (double& value : x) value /= temperature;
  normalise(x);
  if (std::isnan(x[0])) return x;
  std::vector<double> sorted = x;
  std::sort(sorted.begin(), sorted.end(), std::greater<double>());
  if (top_k > 0 && top_k < static_cast<int64_t>(x.size())) keep_from(sorted[top_k - 1]);
  if (top_p < 1) {
    sorted = x;
    std::sort(sorted.begin(), sorted.end(), std::greater<double>());
    double mass = 0;
    size_t kept = 0;
    while (kept < sorted.size() && mass < top_p) mass += std::exp(sorted[kept++]);
    keep_from(sorted[kept - 1]);
  }
  return x;
}

// Whether the token is the one whose share of [0, 1) holds u, give or take what f32 sums may move its ends by.
bool holds(const std::vector<double>& log_prob, int32_t token, double u, double slack) {
  double before = 0;
  for (int32_t v = 0; v < token; v++) before += std::exp(log_prob[v]);
  const double prob = std::exp(log_prob[token]);
  return prob > 0 && before <= u + slack && u < before + prob + slack;
}

void draws_by_inverse_cdf(int32_t top_k, double top_p, int64_t most_elements) {
  for (const Shape& shape : shapes()) {
    if (shape.rows * shape.columns > most_elements) continue;
    Logits logits(shape);
    std::vector<int64_t> sequence(shape.rows);
    std::vector<int32_t> position(shape.rows);
    std::vector<std::vector<double>> wanted;
    for (int64_t b = 0; b < shape.rows; b++) {
      sequence[b] = (b << 33) + 17 * b;
      position[b] = static_cast<int32_t>(3 * b);
      wanted.push_back(distribution(logits.row(b), shape.temperature, top_k, top_p));
    }
    for (Isa isa : supported()) {
      std::vector<int32_t> token(shape.rows, -9);
      std::vector<float> log_prob(shape.rows, 5);
      sample(token.data(), log_prob.data(), logits.data(), sequence.data(), position.data(), shape.type, shape.rows,
             shape.columns, shape.row_stride, shape.temperature, top_k, top_p, kSeed, isa);
      count_comparison();  // N = 0 has nothing to compare but must come back
      for (int64_t b = 0; b < shape.rows; b++) {
        const auto where = [&](const std::string& result) {
          return std::string("sample ") + name(isa) + ", " + shape.str() + ", top_k " + std::to_string(top_k) +
                 ", top_p " + std::to_string(top_p) + ": " + result + " of row " + std::to_string(b);
        };
        const bool drawable = !std::isnan(wanted[b][0]);
        if (!drawable) {
          report(token[b] == -1, where("token"), token[b], -1, 0);
          expect_close(log_prob[b], std::nan(""), 0, [&] { return where("log_prob"); });
          continue;
        }
        const bool inside = token[b] >= 0 && token[b] < shape.columns;
        report(inside, where("token"), token[b], 0, static_cast<double>(shape.columns - 1));
        if (!inside) continue;
        const double u = philox(kSeed, sequence[b], position[b]);
        report(holds(wanted[b], token[b], u, 1e-6), where("token for u = " + std::to_string(u)), token[b], u, 1e-6);
        const double value = wanted[b][token[b]];
        expect_close(log_prob[b], value, 2 * ulp(value) + 1e-6, [&] { return where("log_prob"); });
      }
    }
  }
}

const Test kTest("sample", [] { draws_by_inverse_cdf(0, 1, INT64_MAX); });

const Test kTruncated("sample_truncated", [] {
  draws_by_inverse_cdf(3, 1, 100000);
  draws_by_inverse_cdf(0, 0.6, 100000);
  draws_by_inverse_cdf(40, 0.9, 400000);
});

}  // namespace

}  // namespace equipoise::cpu::test
