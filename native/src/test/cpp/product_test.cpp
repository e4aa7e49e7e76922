// product and outer against their formulas in f64, with every instruction set, in blocks of exactly their size.
#include "matrix.h"

namespace equipoise::cpu::test {

namespace {

double gelu(double x) { return x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

double gelu_gradient(double x) {
  const double tanh = std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
  return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
}

struct ProductShape {
  int64_t rows, depth, columns, gap;
};

std::vector<ProductShape> product_shapes() {
  std::vector<ProductShape> all;
  for (int64_t rows : {0, 1, 3, 5, 7, 13, 14, 15, 33}) {
    for (int64_t depth : {1, 2, 15, 16, 17, 31, 65}) {
      for (int64_t columns : {1, 7, 8, 9, 31, 32, 33, 71}) all.push_back({rows, depth, columns, (rows + columns) % 4});
    }
  }
  return all;
}

std::string describe(const char* operation, Isa isa, Type type, const ProductShape& shape) {
  return std::string(operation) + " " + name(isa) + ", " + name(type) + ", N " + std::to_string(shape.rows) + ", K " +
         std::to_string(shape.depth) + ", M " + std::to_string(shape.columns) + ", gap " + std::to_string(shape.gap);
}

void product_is_the_formula(Isa isa, Type type, const ProductShape& shape) {
  const auto [rows, depth, columns, gap] = shape;
  const bool swapped = (rows + depth) % 2 == 1;
  const Type other = (depth + columns) % 2 == 1 ? kBf16 : kF32;
  Matrix x = Matrix::random(other, rows, depth, gap, 1);
  const Matrix weight = Matrix::random(kF32, swapped ? columns : depth, swapped ? depth : columns, gap, 2);
  const std::vector<unsigned char> w = packed(weight, type, swapped, isa);
  Matrix bias = Matrix::random(kF32, 1, columns, 0, 3), addend = Matrix::random(kF32, rows, columns, gap, 4);
  Matrix slope(type, rows, columns, gap), out(other, rows, columns, gap);
  product(out.data(), slope.data(), x.data(), w.data(), bias.floats(), addend.floats(), out.type, x.type, type, rows,
          columns, depth, out.stride, slope.stride, x.stride, addend.stride, kGelu, isa);
  Matrix plain(kF32, rows, columns, gap);
  product(plain.data(), nullptr, x.data(), w.data(), nullptr, nullptr, kF32, x.type, type, rows, columns, depth,
          plain.stride, 0, x.stride, 0, kIdentity, isa);
  const Rows of = swapped ? transposed(weight.values(type), depth) : weight.values(type);
  const Product wanted = multiply(x.values(type), of, columns);
  const auto where = [&] { return describe("product", isa, type, shape); };
  report(out.gaps_untouched() && slope.gaps_untouched() && plain.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  for (int64_t n = 0; n < rows; n++) {
    for (int64_t m = 0; m < columns; m++) {
      const double magnitude = wanted.magnitudes[n][m] + 1, value = wanted.values[n][m] + bias.get(0, m);
      const double result = gelu(value) + addend.get(n, m);
      expect_close(plain.get(n, m), wanted.values[n][m], error(depth, magnitude, kF32, wanted.values[n][m]), where);
      const double gradient = gelu_gradient(value);
      expect_close(slope.get(n, m), gradient, 1.2 * error(depth, magnitude, type, gradient) + 2e-6 * magnitude, where);
      expect_close(out.get(n, m), result, 1.2 * error(depth, magnitude, other, result) + 2e-6 * magnitude, where);
    }
  }
}

void outer_is_the_formula(Isa isa, Type type, const ProductShape& shape) {
  const auto [rows, depth, columns, gap] = shape;
  const Type other = depth % 2 == 1 ? kBf16 : kF32;
  Matrix x = Matrix::random(other, rows, depth, gap, 5), g = Matrix::random(kF32, rows, columns, gap, 6);
  Matrix weight = Matrix::random(kF32, depth, columns, gap, 7), bias = Matrix::random(kF32, 1, columns, 0, 8);
  const Matrix weight_before = weight, bias_before = bias;
  outer(weight.floats(), bias.floats(), x.data(), g.data(), x.type, g.type, type, rows, depth, columns, weight.stride,
        x.stride, g.stride, isa);
  const Product wanted = multiply(transposed(x.values(type), depth), g.values(type), columns);
  const auto where = [&] { return describe("outer", isa, type, shape); };
  report(weight.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  for (int64_t m = 0; m < columns; m++) {
    for (int64_t k = 0; k < depth; k++) {
      expect_close(weight.get(k, m), weight_before.get(k, m) + wanted.values[k][m],
                   error(rows, wanted.magnitudes[k][m] + 1, kF32, 0), where);
    }
    double sum = bias_before.get(0, m);
    for (int64_t n = 0; n < rows; n++) sum += g.get(n, m);
    expect_close(bias.get(0, m), sum, error(rows, static_cast<double>(rows + 1), kF32, 0), where);
  }
}

const Test kTest("product and outer", [] {
  for (Isa isa : supported()) {
    for (Type type : {kF32, kBf16}) {
      for (const ProductShape& shape : product_shapes()) {
        product_is_the_formula(isa, type, shape);
        outer_is_the_formula(isa, type, shape);
      }
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
