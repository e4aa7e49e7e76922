// head_log_prob, head_sample and head_gradient against their formulas in f64, with every instruction set.
#include "matrix.h"

namespace equipoise::cpu::test {

namespace {

struct HeadShape {
  int64_t rows, depth, columns, gap;
};

void is_the_formula(Isa isa, Type type, const HeadShape& shape) {
  const auto [rows, depth, columns, gap] = shape;
  const int64_t blocks = (columns + 511) / 512, functions_count = depth % 3;
  Matrix hidden = Matrix::random(depth % 2 == 1 ? kBf16 : kF32, rows, depth, gap, 1);
  const Matrix weight = Matrix::random(kF32, columns, depth, gap, 2, 2);
  const std::vector<unsigned char> head = packed(weight, type, true, isa), across = packed(weight, type, false, isa);
  Matrix functions = Matrix::random(kF32, functions_count, columns, 0, 3), expected(kF32, rows, functions_count);
  Matrix exponentials(type, rows, columns), block_max(kF32, rows, blocks);
  Matrix log_prob(kF32, 1, rows), log_sum(kF32, 1, rows), entropy(kF32, 1, rows), drawn(kF32, 1, rows);
  std::vector<int32_t> token(rows), chosen(rows), position(rows, 3);
  std::vector<int64_t> sequence(rows);
  std::vector<float> coefficient(rows);
  for (int64_t n = 0; n < rows; n++) {
    token[n] = n % 5 == 4 ? -1 : static_cast<int32_t>(uniform(4, n + columns) * static_cast<double>(columns));
    coefficient[n] = n % 6 == 2 ? 0 : static_cast<float>(2 * uniform(5, n) - 1);
    sequence[n] = n << 33;
  }
  head_sample(chosen.data(), drawn.floats(), hidden.data(), head.data(), sequence.data(), position.data(), hidden.type,
              type, rows, columns, depth, hidden.stride, 0.7, 11, isa);
  head_log_prob(log_prob.floats(), log_sum.floats(), entropy.floats(), expected.floats(), exponentials.data(),
                block_max.floats(), hidden.data(), head.data(), token.data(), functions.floats(), hidden.type, type,
                rows, columns, depth, functions_count, hidden.stride, 1, isa);
  Matrix grad_hidden(kF32, rows, depth, gap), grad_head = Matrix::random(kF32, columns, depth, 0, 6);
  const Matrix before = grad_head;
  head_gradient(grad_hidden.floats(), grad_head.floats(), exponentials.data(), block_max.floats(), log_prob.floats(),
                log_sum.floats(), coefficient.data(), token.data(), hidden.data(), across.data(), hidden.type, type,
                rows, columns, depth, grad_hidden.stride, hidden.stride, isa);

  const auto where = [&] {
    return std::string("head ") + name(isa) + ", " + name(type) + ", N " + std::to_string(rows) + ", D " +
           std::to_string(depth) + ", V " + std::to_string(columns) + ", gap " + std::to_string(gap);
  };
  report(grad_hidden.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  const Rows w = weight.values(type), h = hidden.values(type);
  Rows derivative = multiply(h, transposed(w, depth), columns).values;
  const double nats = 1e-5 * std::sqrt(static_cast<double>(depth)) + 1e-5;
  for (int64_t n = 0; n < rows; n++) {
    std::vector<double> x = derivative[n];
    for (double& value : x) value /= 0.7;
    expect_close(drawn.get(0, n), x[chosen[n]] - log_sum_exp(x), 2 * nats, where);
    x = derivative[n];
    const double normaliser = log_sum_exp(x), padding = token[n] < 0 ? 0 : 1;
    expect_close(log_sum.get(0, n), padding * normaliser, nats, where);
    if (token[n] >= 0) expect_close(log_prob.get(0, n), x[token[n]] - normaliser, nats, where);
    for (int64_t k = 0; k < functions_count; k++) {
      double mean = 0;
      for (int64_t v = 0; v < columns; v++) mean += std::exp(x[v] - normaliser) * functions.get(k, v);
      expect_close(expected.get(n, k), padding * mean, nats, where);
    }
    for (int64_t v = 0; v < columns; v++) {
      derivative[n][v] = padding * coefficient[n] * ((v == token[n] ? 1 : 0) - std::exp(x[v] - normaliser));
    }
  }
  const double relative = (type == kBf16 ? 0x3p-8 : 0) + 2e-4;
  const auto allowed = [&](double magnitude) { return relative * magnitude + 1e-5; };
  const Product to_hidden = multiply(derivative, w, depth);
  for (int64_t n = 0; n < rows; n++) {
    for (int64_t d = 0; d < depth; d++) {
      expect_close(grad_hidden.get(n, d), to_hidden.values[n][d], allowed(to_hidden.magnitudes[n][d]), where);
    }
  }
  const Product to_head = multiply(transposed(derivative, columns), h, depth);
  for (int64_t v = 0; v < columns; v++) {
    for (int64_t d = 0; d < depth; d++) {
      expect_close(grad_head.get(v, d), before.get(v, d) + to_head.values[v][d], allowed(to_head.magnitudes[v][d]),
                   where);
    }
  }
}

const Test kTest("head", [] {
  for (Isa isa : supported()) {
    for (Type type : {kF32, kBf16}) {
      for (int64_t rows : {0, 1, 5, 14, 15}) {
        for (int64_t depth : {1, 2, 17, 35}) {
          for (int64_t columns : {1, 31, 33, 511, 512, 513, 1031}) {
            is_the_formula(isa, type, {rows, depth, columns, (rows + columns) % 3});
          }
        }
      }
      is_the_formula(isa, type, {3, 5, 12803, 1});  // several blocks of the vocabulary in the gradient, the last odd
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
