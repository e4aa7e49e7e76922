// coefficient against its formula in extended precision, with every instruction set.
#include "logits.h"

namespace equipoise::cpu::test {

namespace {

struct Rule {
  Form form;
  double log_z;
  bool normalize;
};

// w − Z·ρ and its kin as written, with more digits than cancel here.
long double formula(const Rule& rule, long double log_target, long double log_proposal, long double log_policy) {
  const long double z = rule.normalize ? 0 : static_cast<long double>(rule.log_z);
  const long double scale = rule.normalize ? static_cast<long double>(rule.log_z) : 0;
  const long double weight = std::exp(log_target - log_proposal - scale);
  switch (rule.form) {
    case kGdc: return weight;
    case kGdcPlusPlus: return weight - std::exp(z + log_policy - log_proposal);
    case kGdcPlusPlusOnPolicy: return weight - std::exp(z);
  }
  return 0;
}

struct Batch {
  std::vector<double> target, proposal, policy;

  int64_t size() const { return static_cast<int64_t>(target.size()); }

  std::vector<double> run(const Rule& rule, Isa isa) const {
    std::vector<double> result(size(), 5);
    coefficient(result.data(), target.data(), proposal.data(), policy.data(), size(), rule.form, rule.log_z,
                rule.normalize, isa);
    return result;
  }
};

std::string where(const Rule& rule, Isa isa, int64_t i, int64_t size) {
  return std::string("coefficient ") + name(isa) + ", form " + std::to_string(rule.form) + ", log Z " +
         std::to_string(rule.log_z) + (rule.normalize ? ", normalised: " : ": ") + std::to_string(i) + " of " +
         std::to_string(size);
}

std::vector<Rule> rules(double log_z) {
  std::vector<Rule> all;
  for (Form form : {kGdc, kGdcPlusPlus, kGdcPlusPlusOnPolicy}) {
    for (bool normalize : {false, true}) all.push_back({form, log_z, normalize});
  }
  return all;
}

void is_the_formula(int64_t size) {
  Batch batch{std::vector<double>(size), std::vector<double>(size), std::vector<double>(size)};
  for (int64_t i = 0; i < size; i++) {
    batch.proposal[i] = -60 * uniform(1, i);
    batch.target[i] = i % 4 == 3 ? -HUGE_VAL : batch.proposal[i] + 6 * uniform(2, i) - 3;
    batch.policy[i] = i % 7 == 6 ? -HUGE_VAL : batch.proposal[i] + 4 * uniform(3, i) - 2;
    if (i == size / 2 && size > 100) batch.target[i] = std::nan("");
  }
  for (const Rule& rule : rules(-1.25)) {
    for (Isa isa : supported()) {
      const std::vector<double> result = batch.run(rule, isa);
      count_comparison();  // B = 0 has nothing to compare but must come back
      for (int64_t i = 0; i < size; i++) {
        const long double wanted = formula(rule, batch.target[i], batch.proposal[i], batch.policy[i]);
        // Exponents of up to 64 with an error of half a unit each, times exponentials of up to e⁵.
        expect_close(result[i], static_cast<double>(wanted), 1e-13 * std::exp(5.0),
                     [&] { return where(rule, isa, i, size); });
      }
    }
  }
}

// log w − log Zρ is exact here, so the difference must be too, but for its last digits.
void keeps_the_digits_of_a_small_difference() {
  Batch batch;
  for (int bits = 1; bits <= 48; bits++) {
    for (double sign : {-1.0, 1.0}) {
      batch.target.push_back(-2 + sign * std::ldexp(1, -bits));
      batch.proposal.push_back(-3);
      batch.policy.push_back(-2);
    }
  }
  const Rule rule{kGdcPlusPlus, 0, false};
  for (Isa isa : supported()) {
    const std::vector<double> result = batch.run(rule, isa);
    for (int64_t i = 0; i < batch.size(); i++) {
      const double wanted = std::exp(1.0) * std::expm1(batch.target[i] - batch.policy[i]);
      expect_close(result[i], wanted, 1e-15 * 4 * std::fabs(wanted), [&] { return where(rule, isa, i, batch.size()); });
    }
  }
}

// What has no weight, or no probability under the policy either; and what a form doesn't read may be anything.
void edges() {
  const double nan = std::nan("");
  const Batch batch{{-HUGE_VAL, -HUGE_VAL, -3, -3, nan, -3}, {-3, -3, -3, -3, -3, nan}, {-3, -HUGE_VAL, -3, nan, -3, -3}};
  const double wanted[3][6] = {
      {0, 0, 1, 1, nan, nan},      // w
      {-1, 0, 0, nan, nan, nan},   // w − ρ
      {-1, -1, 0, 0, nan, nan},    // w − 1
  };
  for (const Rule& rule : rules(0)) {
    for (Isa isa : supported()) {
      const std::vector<double> result = batch.run(rule, isa);
      for (int64_t i = 0; i < batch.size(); i++) {
        expect_close(result[i], wanted[rule.form][i], 0, [&] { return where(rule, isa, i, batch.size()); });
      }
    }
  }
}

const Test kFormula("coefficient", [] {
  for (int64_t size : {0, 1, 7, 31, 32, 33, 257, 5003}) is_the_formula(size);
});
const Test kDigits("coefficient of a small difference", keeps_the_digits_of_a_small_difference);
const Test kEdges("coefficient at its edges", edges);

}  // namespace

}  // namespace equipoise::cpu::test
