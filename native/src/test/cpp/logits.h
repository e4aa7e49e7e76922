// Logits of every type, shape and kind of row, a function of the shape only.
#pragma once

#include <string>
#include <vector>

#include "check.h"

namespace equipoise::cpu::test {

// Independent of the kernels' own conversions: 16-bit formats by their definition.
uint16_t encode(Type type, double value);
double decode(Type type, uint16_t bits);

// Element `index` of memory of this type.
double read(Type type, const void* data, int64_t index);
void write(Type type, void* data, int64_t index, double value);

int64_t bytes(Type type);

// A number in [0, 1), a function of both arguments.
double uniform(uint64_t seed, uint64_t index);

struct Shape {
  Type type;
  int64_t rows, columns, row_stride;
  double temperature;

  std::string str() const;
};

// V ∈ {1, 31, 32, 33, 257, 1271, 50257} × N ∈ {0, 1, 7, 64} × types, without gaps between rows and with; the
// largest only with, and not where sanitizers slow it down.
std::vector<Shape> shapes();

// (rows, columns) with NaN in the gaps between rows, and no gap after the last row: that is the block's end.
class Logits {
 public:
  // Ordinary rows and every edge in turn: ties, ±10⁴, −∞, NaN, +∞.
  explicit Logits(const Shape& shape);

  double get(int64_t row, int64_t column) const {
    return read(shape_.type, bytes_.data(), row * shape_.row_stride + column);
  }
  void put(int64_t row, int64_t column, double value) {
    write(shape_.type, bytes_.data(), row * shape_.row_stride + column, value);
  }
  std::vector<double> row(int64_t row) const;
  // Whether what lies between rows still is what the constructor put there.
  bool gaps_untouched() const;
  void* data() { return bytes_.data(); }

 private:
  Shape shape_;
  std::vector<unsigned char> bytes_;
};

// One token a row, every fifth of them padding.
std::vector<int32_t> tokens(const Shape& shape);

// log Σ exp x; NaN where x holds one.
double log_sum_exp(const std::vector<double>& x);

}  // namespace equipoise::cpu::test
