#include "matrix.h"

namespace equipoise::cpu::test {

Matrix::Matrix(Type type, int64_t rows, int64_t columns, int64_t gap)
    : type(type),
      rows(rows),
      columns(columns),
      stride(columns + gap),
      bytes_(rows == 0 ? 0 : ((rows - 1) * stride + columns) * bytes(type)) {
  for (int64_t row = 0; row + 1 < rows; row++) {
    for (int64_t i = columns; i < stride; i++) put(row, i, std::nan(""));
  }
}

Matrix Matrix::random(Type type, int64_t rows, int64_t columns, int64_t gap, uint64_t seed, double scale) {
  Matrix x(type, rows, columns, gap);
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) x.put(row, i, scale * (2 * uniform(seed, row * columns + i) - 1));
  }
  return x;
}

Rows Matrix::values(Type rounding) const {
  Rows result(rows, std::vector<double>(columns));
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < columns; i++) {
      const double value = get(row, i);
      result[row][i] = rounding == kF32 ? value : decode(rounding, encode(rounding, value));
    }
  }
  return result;
}

bool Matrix::gaps_untouched() const {
  for (int64_t row = 0; row + 1 < rows; row++) {
    for (int64_t i = columns; i < stride; i++) {
      if (!std::isnan(get(row, i))) return false;
    }
  }
  return true;
}

std::vector<unsigned char> packed(Matrix weight, Type type, bool transposed, Isa isa) {
  const int64_t depth = transposed ? weight.columns : weight.rows, columns = transposed ? weight.rows : weight.columns;
  std::vector<unsigned char> memory(packed_bytes(type, depth, columns, isa));
  pack(memory.data(), weight.floats(), type, depth, columns, weight.stride, transposed, isa);
  return memory;
}

Rows transposed(const Rows& x, int64_t columns) {
  Rows result(columns, std::vector<double>(x.size()));
  for (size_t n = 0; n < x.size(); n++) {
    for (int64_t i = 0; i < columns; i++) result[i][n] = x[n][i];
  }
  return result;
}

Product multiply(const Rows& a, const Rows& b, int64_t columns) {
  const Rows zeros(a.size(), std::vector<double>(columns));
  Product result{zeros, zeros};
  for (size_t n = 0; n < a.size(); n++) {
    for (size_t k = 0; k < b.size(); k++) {
      for (int64_t m = 0; m < columns; m++) {
        result.values[n][m] += a[n][k] * b[k][m];
        result.magnitudes[n][m] += std::fabs(a[n][k] * b[k][m]);
      }
    }
  }
  return result;
}

double error(int64_t terms, double magnitude, Type stored, double value) {
  return (2 * terms + 8) * 0x1p-24 * magnitude + (stored == kBf16 ? 0x1.01p-8 : 0x1p-23) * std::fabs(value) + 1e-30;
}

}  // namespace equipoise::cpu::test
