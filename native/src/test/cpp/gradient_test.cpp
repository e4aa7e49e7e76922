// gradient against its formula in f64, with every instruction set.
#include "logits.h"

namespace equipoise::cpu::test {

namespace {

// One unit in the last place of the type that stores the gradient, and a millionth of the coefficient.
double tolerance(Type type, double wanted, double coefficient) {
  const double unit = type == kF32 ? 0x1p-22 : type == kBf16 ? 0x1p-7 : 0x1p-10;
  return unit * std::fabs(wanted) + (type == kF16 ? 0x1p-24 : 0) + 1e-6 * std::fabs(coefficient);
}

void is_the_formula() {
  for (const Shape& shape : shapes()) {
    const Logits logits(shape);
    const std::vector<int32_t> token = tokens(shape);
    std::vector<float> normaliser(shape.rows), coefficient(shape.rows);
    for (int64_t n = 0; n < shape.rows; n++) {
      normaliser[n] = static_cast<float>(log_sum_exp(logits.row(n)));
      coefficient[n] = n % 6 == 3 ? 0 : static_cast<float>(4 * uniform(11, n) - 2);
    }
    std::vector<std::vector<double>> wanted;
    for (int64_t n = 0; n < shape.rows; n++) {
      std::vector<double> x = logits.row(n);
      for (int64_t v = 0; v < shape.columns; v++) {
        const double onehot = v == token[n] ? 1 : 0;
        const bool erased = token[n] < 0 || coefficient[n] == 0;
        x[v] = erased ? 0 : coefficient[n] * (onehot - std::exp(x[v] - normaliser[n]));
      }
      wanted.push_back(x);
    }
    for (Isa isa : supported()) {
      Logits result = logits;
      gradient(result.data(), normaliser.data(), token.data(), coefficient.data(), shape.type, shape.rows,
               shape.columns, shape.row_stride, isa);
      const auto where = [&] { return std::string("gradient ") + name(isa) + ", " + shape.str(); };
      report(result.gaps_untouched(), where() + ": gaps between rows untouched", 0, 1, 0);
      for (int64_t n = 0; n < shape.rows; n++) {
        for (int64_t v = 0; v < shape.columns; v++) {
          const double value = wanted[n][v];
          expect_close(result.get(n, v), value, tolerance(shape.type, value, coefficient[n]), [&] {
            return where() + ": row " + std::to_string(n) + ", column " + std::to_string(v) + ", token " +
                   std::to_string(token[n]) + ", coefficient " + std::to_string(coefficient[n]);
          });
        }
      }
    }
  }
}

const Test kTest("gradient", is_the_formula);

}  // namespace

}  // namespace equipoise::cpu::test
