// energy against its formulas in probabilities, with every instruction set, row strides and gaps that hold NaN.
#include <algorithm>

#include "logits.h"

namespace equipoise::cpu::test {

namespace {

const double kNan = std::nan("");

enum Edge { kOrdinary, kImpossible, kNoNumber };
const char* const kEdgeNames[] = {"ordinary", "impossible under some model", "NaN in some rows"};

// (rows, columns) with NaN in the gaps between rows, and no gap after the last row: that is the block's end.
template <typename T>
struct Rows {
  int64_t stride;
  std::vector<T> data;

  Rows(int64_t rows, int64_t columns, int64_t gap)
      : stride(columns + gap), data(rows == 0 ? 0 : (rows - 1) * stride + columns, static_cast<T>(kNan)) {}
  T& at(int64_t row, int64_t column) { return data[row * stride + column]; }
  T at(int64_t row, int64_t column) const { return data[row * stride + column]; }
};

struct Batch {
  int64_t sequences, tokens, features;
  Edge edge;
  Rows<float> base, proposal, policy;
  Rows<double> phi;
  std::vector<double> lambda;
  std::vector<int32_t> filter;

  Batch(int64_t sequences, int64_t tokens, int64_t features, int64_t gap, Edge edge)
      : sequences(sequences),
        tokens(tokens),
        features(features),
        edge(edge),
        base(sequences, tokens, gap),
        proposal(sequences, tokens, 2 * gap),
        policy(sequences, tokens, 3 * gap),
        phi(sequences, features, gap),
        lambda(features),
        filter(sequences) {
    for (int64_t f = 0; f < features; f++) lambda[f] = 2 * uniform(1, f) - 1;
    for (int64_t i = 0; i < sequences; i++) {
      const int64_t length = static_cast<int64_t>(uniform(2, i) * (tokens + 1));
      filter[i] = i % 4 == 3 ? 0 : 1;
      for (int64_t f = 0; f < features; f++) {
        phi.at(i, f) = filter[i] == 0 ? kNan : 2 * uniform(3, i * features + f) - 1;  // b = 0: it may be anything
      }
      for (int64_t t = 0; t < tokens; t++) {
        const int64_t index = i * tokens + t;
        const bool padding = t >= length;
        const double token = -4 * uniform(4, index);
        base.at(i, t) = static_cast<float>(padding ? 0 : token);
        proposal.at(i, t) = static_cast<float>(padding ? 0 : token + 0.4 * uniform(5, index) - 0.2);
        policy.at(i, t) = static_cast<float>(padding ? 0 : token + 0.4 * uniform(6, index) - 0.2);
      }
      if (tokens == 0) continue;
      if (edge == kImpossible && i % 8 == 2) policy.at(i, tokens / 2) = -HUGE_VALF;
      if (edge == kImpossible && i % 8 == 5) base.at(i, tokens / 2) = policy.at(i, 0) = -HUGE_VALF;
      if (edge == kNoNumber && i % 16 == 3) policy.at(i, tokens / 2) = static_cast<float>(kNan);  // b = 0
      if (edge == kNoNumber && i % 32 == 30) base.at(i, tokens - 1) = static_cast<float>(kNan);
    }
  }

  std::string str() const {
    return "B " + std::to_string(sequences) + ", T " + std::to_string(tokens) + ", F " + std::to_string(features) +
           ", row stride " + std::to_string(base.stride) + ", " + kEdgeNames[edge];
  }
};

struct Energies {
  std::vector<double> log_target, log_weight, log_ratio, statistics;
  // Σ |term| of each statistic, which bounds what rounding does to its sum.
  std::vector<double> size;
};

double sum(const Rows<float>& x, int64_t row, int64_t columns) {
  double total = 0;
  for (int64_t t = 0; t < columns; t++) total += x.at(row, t);
  return total;
}

// Where the weight is 0 so is its product, with infinities too.
double product(double weight, double value) { return weight == 0 ? 0 : weight * value; }

Energies formula(const Batch& batch, double log_z) {
  Energies all{{}, {}, {}, std::vector<double>(10), std::vector<double>(10)};
  all.statistics[0] = static_cast<double>(batch.sequences);
  double largest = -HUGE_VAL;
  std::vector<double> kl;
  const auto add = [&](int which, double term) {
    all.statistics[which] += term;
    all.size[which] += std::fabs(term);
  };
  const double z = std::exp(log_z);
  for (int64_t i = 0; i < batch.sequences; i++) {
    const double log_base = sum(batch.base, i, batch.tokens), log_policy = sum(batch.policy, i, batch.tokens);
    const double log_proposal = sum(batch.proposal, i, batch.tokens);
    double log_target = batch.filter[i] == 0 ? log_base - HUGE_VAL : log_base;
    for (int64_t f = 0; f < batch.features && batch.filter[i] != 0; f++) {
      log_target += batch.lambda[f] * batch.phi.at(i, f);
    }
    const double log_weight = log_target - log_proposal;
    all.log_target.push_back(log_target);
    all.log_weight.push_back(log_weight);
    all.log_ratio.push_back(log_policy - log_proposal);
    largest = std::isnan(log_weight) || std::isnan(largest) ? kNan : std::max(largest, log_weight);
    const double v = std::exp(log_weight) / z, ratio = std::exp(log_policy - log_proposal);
    kl.push_back(product(v, log_target - log_z - log_policy));
    add(4, kl.back());
    add(6, product(v, std::log(v)));
    add(7, std::fabs(ratio - v));
    add(8, std::fabs(1 - v));
    add(9, product(ratio, log_policy - log_base));
  }
  all.statistics[1] = largest;
  for (double log_weight : all.log_weight) {
    const double scaled = log_weight == -HUGE_VAL && !std::isnan(largest) ? 0 : std::exp(log_weight - largest);
    add(2, scaled);
    add(3, scaled * scaled);
  }
  for (double term : kl) {
    const double apart = term - all.statistics[4] / static_cast<double>(batch.sequences);
    all.statistics[5] += apart * apart;
    all.size[5] += term * term;
  }
  if (z == 0) {
    for (int which : {4, 5, 6, 7, 8}) all.statistics[which] = kNan;
  }
  return all;
}

Energies run(const Batch& batch, double log_z, Isa isa) {
  const std::vector<double> stale(batch.sequences, 5);
  Energies all{stale, stale, stale, std::vector<double>(10, 5), {}};
  energy(all.log_target.data(), all.log_weight.data(), all.log_ratio.data(), all.statistics.data(),
         batch.base.data.data(), batch.proposal.data.data(), batch.policy.data.data(), batch.phi.data.data(),
         batch.lambda.data(), batch.filter.data(), batch.sequences, batch.tokens, batch.features, batch.base.stride,
         batch.proposal.stride, batch.policy.stride, batch.phi.stride, log_z, isa);
  return all;
}

void is_the_formula(const Batch& batch, double log_z) {
  const Energies wanted = formula(batch, log_z);
  for (Isa isa : supported()) {
    const Energies got = run(batch, log_z, isa);
    const auto where = [&](const std::string& result) {
      return std::string("energy ") + name(isa) + ", " + batch.str() + ", log Z " + std::to_string(log_z) + ": " + result;
    };
    for (int64_t i = 0; i < batch.sequences; i++) {
      const auto row = [&](const char* result) { return where(result + (" of row " + std::to_string(i))); };
      // Log-probabilities of up to 200; λ·φ may be fused.
      expect_close(got.log_target[i], wanted.log_target[i], 1e-12, [&] { return row("log_target"); });
      expect_close(got.log_weight[i], wanted.log_weight[i], 1e-12, [&] { return row("log_weight"); });
      expect_close(got.log_ratio[i], wanted.log_ratio[i], 0, [&] { return row("log_ratio"); });
    }
    for (int which = 0; which < 10; which++) {
      // exp turns an error of 1e-13 in log w into a relative one; a largest weight is compared as it is.
      const double tolerance = which == 0 ? 0 : which == 1 ? 1e-12 : 1e-11 * (1 + wanted.size[which]);
      expect_close(got.statistics[which], wanted.statistics[which], tolerance,
                   [&] { return where("statistic " + std::to_string(which)); });
    }
  }
}

const Test kTest("energy", [] {
  for (int64_t sequences : {0, 1, 7, 16, 17, 33, 257}) {
    for (int64_t tokens : {0, 1, 5, 40}) {
      for (int64_t features : {0, 1, 3}) {
        for (int64_t gap : {0, 3}) {
          for (Edge edge : {kOrdinary, kImpossible, kNoNumber}) {
            const Batch batch(sequences, tokens, features, gap, edge);
            for (double log_z : {0.3, -HUGE_VAL}) is_the_formula(batch, log_z);
          }
        }
      }
    }
  }
});

// Sums of a row take its tokens in order, so a policy that is the proposal has exactly its probability.
const Test kOnPolicy("energy of the proposal itself", [] {
  Batch batch(257, 40, 3, 3, kOrdinary);
  batch.policy = batch.proposal;
  for (Isa isa : supported()) {
    for (double log_ratio : run(batch, 0.3, isa).log_ratio) {
      expect_close(log_ratio, 0, 0, [&] { return std::string("energy ") + name(isa) + ": log_ratio"; });
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
