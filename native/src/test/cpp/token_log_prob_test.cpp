// token_log_prob against its formula in f64, with every instruction set.
#include "logits.h"

namespace equipoise::cpu::test {

namespace {

struct Wanted {
  double log_prob, log_sum_exp, entropy;
};

Wanted formula(std::vector<double> x, int32_t token, double temperature) {
  if (token < 0) return {0, 0, 0};
  for (double& value : x) value /= temperature;
  const double normaliser = log_sum_exp(x);
  double entropy = 0;
  for (double value : x) {
    const double log_prob = value - normaliser;
    if (log_prob != -HUGE_VAL) entropy -= std::exp(log_prob) * log_prob;  // 0 · (−∞) would be NaN
  }
  return {x[token] - normaliser, normaliser, entropy};
}

void is_the_formula() {
  for (const Shape& shape : shapes()) {
    Logits logits(shape);
    const std::vector<int32_t> token = tokens(shape);
    std::vector<Wanted> wanted;
    for (int64_t n = 0; n < shape.rows; n++) wanted.push_back(formula(logits.row(n), token[n], shape.temperature));
    for (Isa isa : supported()) {
      std::vector<float> log_prob(shape.rows, 5), log_sum_exp(shape.rows, 5), entropy(shape.rows, 5);
      token_log_prob(log_prob.data(), log_sum_exp.data(), entropy.data(), logits.data(), token.data(), shape.type,
                     shape.rows, shape.columns, shape.row_stride, shape.temperature, isa);
      count_comparison();  // N = 0 has nothing to compare but must come back
      for (int64_t n = 0; n < shape.rows; n++) {
        const auto expect = [&](const char* result, double got, double value) {
          expect_close(got, value, 2 * ulp(value) + 1e-6, [&] {
            return std::string("token_log_prob ") + name(isa) + ", " + shape.str() + ": " + result + " of row " +
                   std::to_string(n) + ", token " + std::to_string(token[n]);
          });
        };
        expect("log_prob", log_prob[n], wanted[n].log_prob);
        expect("log_sum_exp", log_sum_exp[n], wanted[n].log_sum_exp);
        expect("entropy", entropy[n], wanted[n].entropy);
      }
    }
  }
}

const Test kTest("token_log_prob", is_the_formula);

}  // namespace

}  // namespace equipoise::cpu::test
