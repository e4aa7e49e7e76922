// coefficient against its formula in extended precision, with every instruction set.
#include "logits.h"

namespace equipoise::cpu::test {

namespace {

struct Rule {
  Form form;
  double log_z;
  bool normalize;
  double parameter = 0, limit = HUGE_VAL, score_sum = 0, ratio_sum = 0;
};

// w − Z·ρ and its kin as written, with more digits than cancel here.
long double score(const Rule& rule, long double log_target, long double log_policy) {
  const long double u = log_target - rule.log_z - log_policy;
  const long double power = 1 - static_cast<long double>(rule.parameter);
  switch (rule.form) {
    case kReward: return log_target;
    case kTarget: return std::exp(log_target - (rule.normalize ? rule.log_z : 0));
    case kKlControl: return rule.parameter * (log_target - log_policy);
    case kKl: return std::exp(u);
    case kReverseKl: return u - 1;
    case kTotalVariation: return u == 0 ? 0.0L : std::copysign(0.5L, u);
    case kJensenShannon: return std::log1p(std::exp(u)) - std::log(2.0L);
    case kChiSquared: return std::exp(2 * u) - 1;
    case kReverseChiSquared: return 2 * (1 - std::exp(-u));
    case kAlpha: return std::fmin(power == 0 ? u : (std::exp(power * u) - 1) / power, rule.limit);
    default: return -2 * (log_policy - log_target);
  }
}

long double formula(const Rule& rule, long double log_target, long double log_proposal, long double log_policy) {
  const long double z = rule.normalize ? 0 : static_cast<long double>(rule.log_z);
  const long double scale = rule.normalize ? static_cast<long double>(rule.log_z) : 0;
  const long double weight = std::exp(log_target - log_proposal - scale);
  switch (rule.form) {
    case kGdc: return weight;
    case kGdcPlusPlus: return weight - std::exp(z + log_policy - log_proposal);
    case kGdcPlusPlusOnPolicy: return weight - std::exp(z);
    default: break;
  }
  const long double ratio = rule.form == kTrajectoryBalance ? 1 : std::exp(log_policy - log_proposal);
  const long double own = score(rule, log_target, log_policy);
  const long double others = rule.ratio_sum - ratio;
  const long double baseline = rule.ratio_sum == 0 ? 0 : (rule.score_sum - ratio * own) / others;
  return ratio * (own - baseline);
}

struct Batch {
  std::vector<double> target, proposal, policy;

  int64_t size() const { return static_cast<int64_t>(target.size()); }

  std::vector<double> run(const Rule& rule, Isa isa) const {
    std::vector<double> result(size(), 5);
    coefficient(result.data(), target.data(), proposal.data(), policy.data(), size(), rule.form, rule.log_z,
                rule.normalize, rule.parameter, rule.limit, rule.score_sum, rule.ratio_sum, isa);
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

void scores_are_the_formula() {
  Batch batch;
  for (int64_t i = 0; i < 500; i++) {
    batch.proposal.push_back(-60 * uniform(1, i));
    batch.target.push_back(batch.proposal[i] + 6 * uniform(2, i) - 3);
    batch.policy.push_back(batch.proposal[i] + 4 * uniform(3, i) - 2);
  }
  for (int32_t form = kReward; form <= kTrajectoryBalance; form++) {
    for (double parameter : {0.4, 1.0, 1.75}) {
      for (double ratio_sum : {0.0, 800.0}) {
        const Rule rule{static_cast<Form>(form), -1.25, form == kTarget, parameter, 2.5, ratio_sum / 7, ratio_sum};
        for (Isa isa : supported()) {
          const std::vector<double> result = batch.run(rule, isa);
          for (int64_t i = 0; i < batch.size(); i++) {
            const long double wanted = formula(rule, batch.target[i], batch.proposal[i], batch.policy[i]);
            // As above, but squared, and a score's constant may cancel.
            const double terms = static_cast<double>(std::fabs(wanted)) + 60;
            expect_close(result[i], static_cast<double>(wanted), 1e-13 * terms * std::exp(2.0),
                         [&] { return where(rule, isa, i, batch.size()); });
          }
        }
      }
    }
  }
}

// A policy that gives nothing to a sequence learns nothing from it, whatever its score; NaN is NaN.
void edges_of_scores() {
  const double nan = std::nan("");
  const Batch batch{{-HUGE_VAL, HUGE_VAL, nan, -3, -3}, {-3, -3, -3, -3, nan}, {-HUGE_VAL, -HUGE_VAL, -3, nan, -3}};
  for (int32_t form = kReward; form < kTrajectoryBalance; form++) {
    const Rule rule{static_cast<Form>(form), 0, false, 0.5, 2.5, 1, 3};
    for (Isa isa : supported()) {
      const std::vector<double> result = batch.run(rule, isa);
      for (int64_t i = 0; i < batch.size(); i++) {
        expect_close(result[i], i < 2 ? 0 : nan, 0, [&] { return where(rule, isa, i, batch.size()); });
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
const Test kScores("coefficient of scores", scores_are_the_formula);
const Test kEdgesOfScores("coefficient of scores at their edges", edges_of_scores);
const Test kDigits("coefficient of a small difference", keeps_the_digits_of_a_small_difference);
const Test kEdges("coefficient at its edges", edges);

}  // namespace

}  // namespace equipoise::cpu::test
