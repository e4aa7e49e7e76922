// Operands of the transformer's operations, and its formulas in f64.
#pragma once

#include "logits.h"
#include "transformer.h"

namespace equipoise::cpu::test {

typedef std::vector<std::vector<double>> Rows;

// (rows, columns) whose memory ends with the last row's last element; NaN in the gaps between rows.
class Matrix {
 public:
  Matrix(Type type, int64_t rows, int64_t columns, int64_t gap = 0);
  // Numbers in [−scale, scale), a function of the seed.
  static Matrix random(Type type, int64_t rows, int64_t columns, int64_t gap, uint64_t seed, double scale = 1);

  double get(int64_t row, int64_t column) const { return read(type, bytes_.data(), row * stride + column); }
  void put(int64_t row, int64_t column, double value) { write(type, bytes_.data(), row * stride + column, value); }
  // Each element, first rounded to `rounding`.
  Rows values(Type rounding = kF32) const;
  bool gaps_untouched() const;
  void* data() { return bytes_.data(); }
  float* floats() { return reinterpret_cast<float*>(bytes_.data()); }

  Type type;
  int64_t rows, columns, stride;

 private:
  std::vector<unsigned char> bytes_;
};

// A weight (depth, columns) in a block of exactly the size that it asks for.
std::vector<unsigned char> packed(Matrix weight, Type type, bool transposed, Isa isa);

Rows transposed(const Rows& x, int64_t columns);

// a · b and |a| · |b|, whose rounding errors the latter bounds.
struct Product {
  Rows values, magnitudes;
};
Product multiply(const Rows& a, const Rows& b, int64_t columns);

// f32 sums of `terms` products whose absolute values sum to `magnitude`; and rounding to the type that stores `value`.
double error(int64_t terms, double magnitude, Type stored, double value);

}  // namespace equipoise::cpu::test
