// layer_norm, its gradient, embed and scatter_add against their formulas in f64, with every instruction set.
#include "matrix.h"

namespace equipoise::cpu::test {

namespace {

constexpr double kEpsilon = 1e-5;

void norm_is_the_formula(Isa isa, int64_t rows, int64_t columns, int64_t gap) {
  const Type type = columns % 2 == 1 ? kBf16 : kF32;
  Matrix x = Matrix::random(kF32, rows, columns, gap, 1), up = Matrix::random(kF32, rows, columns, gap, 2);
  Matrix gain = Matrix::random(kF32, 1, columns, 0, 3), bias = Matrix::random(kF32, 1, columns, 0, 4);
  Matrix out(type, rows, columns, gap), grad_x = Matrix::random(kF32, rows, columns, gap, 5);
  Matrix grad_gain(kF32, 1, columns), grad_bias(kF32, 1, columns);
  const Matrix before = grad_x;
  layer_norm(out.data(), x.floats(), gain.floats(), bias.floats(), type, rows, columns, out.stride, x.stride, kEpsilon,
             isa);
  layer_norm_backward(grad_x.floats(), grad_gain.floats(), grad_bias.floats(), up.floats(), x.floats(), gain.floats(),
                      rows, columns, grad_x.stride, up.stride, x.stride, kEpsilon, isa);
  const auto where = [&] {
    return std::string("layer_norm ") + name(isa) + ", N " + std::to_string(rows) + ", D " + std::to_string(columns) +
           ", gap " + std::to_string(gap);
  };
  report(out.gaps_untouched() && grad_x.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  const double size = static_cast<double>(columns);
  std::vector<double> to_gain(columns), to_bias(columns);
  for (int64_t n = 0; n < rows; n++) {
    double mean = 0, variance = 0, mean_gradient = 0, along = 0;
    for (int64_t j = 0; j < columns; j++) mean += x.get(n, j) / size;
    for (int64_t j = 0; j < columns; j++) variance += (x.get(n, j) - mean) * (x.get(n, j) - mean) / size;
    const double scale = 1 / std::sqrt(variance + kEpsilon), allowed = 2e-6 * (2 + scale);
    const auto normal = [&](int64_t j) { return (x.get(n, j) - mean) * scale; };
    for (int64_t j = 0; j < columns; j++) {
      mean_gradient += gain.get(0, j) * up.get(n, j) / size;
      along += gain.get(0, j) * up.get(n, j) * normal(j) / size;
      to_gain[j] += up.get(n, j) * normal(j);
      to_bias[j] += up.get(n, j);
    }
    for (int64_t j = 0; j < columns; j++) {
      const double value = gain.get(0, j) * normal(j) + bias.get(0, j);
      expect_close(out.get(n, j), value, error(0, 0, type, value) + allowed, where);
      const double step = scale * (gain.get(0, j) * up.get(n, j) - mean_gradient - normal(j) * along);
      expect_close(grad_x.get(n, j), before.get(n, j) + step, allowed * scale + 1e-6, where);
    }
  }
  for (int64_t j = 0; j < columns; j++) {
    expect_close(grad_gain.get(0, j), to_gain[j], 1e-4 * (1 + std::sqrt(static_cast<double>(rows))), where);
    expect_close(grad_bias.get(0, j), to_bias[j], 1e-5, where);
  }
}

void tables_are_the_formula(Isa isa, int64_t rows, int64_t columns, int64_t gap) {
  constexpr int64_t kEntries = 5;
  Matrix table = Matrix::random(kF32, kEntries, columns, 0, 6), positions = Matrix::random(kF32, rows + 1, columns, 0, 7);
  Matrix out(kF32, rows, columns, gap);
  std::vector<int32_t> token(rows), position(rows);
  for (int64_t n = 0; n < rows; n++) {
    token[n] = static_cast<int32_t>(n * n % kEntries);
    position[n] = static_cast<int32_t>(n);
  }
  Rows sums = table.values();
  embed(out.floats(), table.floats(), positions.floats(), token.data(), position.data(), rows, columns, out.stride,
        kEntries, rows + 1, isa);
  scatter_add(table.floats(), out.floats(), token.data(), rows, columns, out.stride, kEntries, isa);
  const auto where = [&] {
    return std::string("embed ") + name(isa) + ", N " + std::to_string(rows) + ", D " + std::to_string(columns);
  };
  report(out.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  const Rows before = sums;
  for (int64_t n = 0; n < rows; n++) {
    for (int64_t j = 0; j < columns; j++) {
      expect_close(out.get(n, j), before[token[n]][j] + positions.get(position[n], j), 2e-7, where);
      sums[token[n]][j] += out.get(n, j);
    }
  }
  for (int64_t v = 0; v < kEntries; v++) {
    for (int64_t j = 0; j < columns; j++) expect_close(table.get(v, j), sums[v][j], 1e-4, where);
  }
}

const Test kTest("layer_norm and embed", [] {
  for (Isa isa : supported()) {
    for (int64_t rows : {0, 1, 7, 30}) {
      for (int64_t columns : {1, 2, 15, 16, 17, 31, 33, 255, 1271}) {
        norm_is_the_formula(isa, rows, columns, columns % 4);
        tables_are_the_formula(isa, rows, columns, columns % 4);
      }
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
