// adam against its formula in f64, with every instruction set.
#include <limits>

#include "logits.h"

namespace equipoise::cpu::test {

namespace {

struct Rule {
  double learning_rate, beta1, beta2, epsilon, weight_decay;
  int64_t step;
  double scale;
};

void is_the_formula(int64_t size, const Rule& rule) {
  std::vector<float> parameter(size), first(size), second(size), gradient(size);
  for (int64_t i = 0; i < size; i++) {
    parameter[i] = static_cast<float>(4 * uniform(1, i) - 2);
    first[i] = static_cast<float>(0.02 * uniform(2, i) - 0.01);
    second[i] = static_cast<float>(1e-4 * uniform(3, i));
    gradient[i] = static_cast<float>((uniform(4, i) - 0.5) * std::pow(10, std::floor(11 * uniform(5, i)) - 8));
    if (i == size / 2 && size > 100) gradient[i] = std::numeric_limits<float>::quiet_NaN();
    if (i == size / 3 && size > 100) gradient[i] = std::numeric_limits<float>::infinity();
  }
  for (Isa isa : supported()) {
    std::vector<float> p = parameter, m = first, v = second;
    adam(p.data(), m.data(), v.data(), gradient.data(), size, rule.learning_rate, rule.beta1, rule.beta2, rule.epsilon,
         rule.weight_decay, rule.step, rule.scale, isa);
    count_comparison();  // P = 0 has nothing to compare but must come back
    for (int64_t i = 0; i < size; i++) {
      const double g = rule.scale * gradient[i];
      const double wanted_m = rule.beta1 * first[i] + (1 - rule.beta1) * g;
      const double wanted_v = rule.beta2 * second[i] + (1 - rule.beta2) * g * g;
      const double m_hat = wanted_m / (1 - std::pow(rule.beta1, static_cast<double>(rule.step)));
      const double v_hat = wanted_v / (1 - std::pow(rule.beta2, static_cast<double>(rule.step)));
      const double update = rule.learning_rate * m_hat / (std::sqrt(v_hat) + rule.epsilon);
      const double wanted_p = parameter[i] * (1 - rule.learning_rate * rule.weight_decay) - update;
      const auto where = [&](const char* result) {
        return std::string("adam ") + name(isa) + ", step " + std::to_string(rule.step) + ": " + result + " " +
               std::to_string(i) + " of " + std::to_string(size) + ", gradient " + std::to_string(gradient[i]);
      };
      // First moments cancel where the gradient's share has the other sign.
      const double terms = std::fabs(rule.beta1 * first[i]) + std::fabs((1 - rule.beta1) * g);
      expect_close(m[i], wanted_m, 4 * ulp(terms), [&] { return where("first_moment"); });
      expect_close(v[i], wanted_v, 4 * ulp(wanted_v), [&] { return where("second_moment"); });
      expect_close(p[i], wanted_p, 4 * ulp(wanted_p) + 1e-6 * std::fabs(update), [&] { return where("parameter"); });
    }
  }
}

const Test kTest("adam", [] {
  for (int64_t size : {0, 1, 7, 31, 32, 33, 257, 1271, 50257}) {
    for (int64_t step : {int64_t{1}, int64_t{1000}, int64_t{1000000000000}}) {
      is_the_formula(size, {1e-3, 0.9, 0.999, 1e-8, 0.01, step, -0.5});
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
