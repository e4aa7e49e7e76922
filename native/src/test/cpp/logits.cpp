#include "logits.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace equipoise::cpu::test {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Bits of the fraction, and the exponent of the smallest normal number.
struct Format {
  int fraction, smallest, infinity;
};

Format format(Type type) { return type == kBf16 ? Format{7, -126, 0x7f80} : Format{10, -14, 0x7c00}; }

std::vector<double> random_row(uint64_t seed, int64_t columns) {
  std::vector<double> x(columns);
  for (int64_t v = 0; v < columns; v++) {
    double sum = 0;  // of 4 uniforms: bell-shaped, standard deviation 3
    for (int part = 0; part < 4; part++) sum += uniform(seed, 4 * v + part) - 0.5;
    x[v] = 5.2 * sum;
  }
  return x;
}

std::vector<double> make_row(const Shape& shape, int64_t row) {
  const int64_t columns = shape.columns;
  const uint64_t seed = 1000003 * columns + row;
  std::vector<double> x = random_row(seed, columns);
  const int64_t some = static_cast<int64_t>(uniform(seed, 4 * columns) * columns);
  switch ((row + columns) % 12) {
    case 3: std::fill(x.begin(), x.end(), 1.5); break;
    case 4:
      for (int64_t v = 0; v < columns; v++) x[v] = v % 3 == 0 ? 1e4 : -1e4;
      break;
    case 5:
      std::fill(x.begin(), x.end(), -kInfinity);
      x[some] = -7;
      break;
    case 6: x[some] = kNan; break;
    case 7:
      std::fill(x.begin(), x.end(), -kInfinity);
      x[columns - 1] = kNan;
      break;
    case 8: std::fill(x.begin(), x.end(), -kInfinity); break;
    case 9: x[some] = kInfinity; break;
    case 10:
      for (int64_t v = 0; v < columns; v++) x[v] += v < columns / 2 ? -kInfinity : 9000;
      break;
    case 11:
      x[some] = kNan;
      x[columns / 2] = kInfinity;
      break;
    default: break;
  }
  return x;
}

}  // namespace

uint16_t encode(Type type, double value) {
  const Format f = format(type);
  const int sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isnan(value)) return static_cast<uint16_t>(sign | f.infinity | 1 << (f.fraction - 1));
  if (value == 0) return static_cast<uint16_t>(sign);
  if (std::isinf(value)) return static_cast<uint16_t>(sign | f.infinity);
  const int exponent = std::max(std::ilogb(value), f.smallest);
  // Counted in units of the last place, ties to even; a carry into the exponent is what rounding up means.
  const double units = std::nearbyint(std::ldexp(std::fabs(value), f.fraction - exponent));
  const int64_t bits = (static_cast<int64_t>(exponent - f.smallest) << f.fraction) + static_cast<int64_t>(units);
  return static_cast<uint16_t>(sign | std::min<int64_t>(bits, f.infinity));
}

double decode(Type type, uint16_t bits) {
  const Format f = format(type);
  const int magnitude = bits & 0x7fff;
  const double sign = bits & 0x8000 ? -1 : 1;
  if (magnitude >= f.infinity) return magnitude == f.infinity ? sign * kInfinity : kNan;
  const int exponent = std::max((magnitude >> f.fraction) - 1, 0);
  return sign * std::ldexp(magnitude - (exponent << f.fraction), exponent + f.smallest - f.fraction);
}

double read(Type type, const void* data, int64_t index) {
  const unsigned char* p = static_cast<const unsigned char*>(data) + index * bytes(type);
  if (type == kF32) {
    float value;
    std::memcpy(&value, p, sizeof value);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, p, sizeof bits);
  return decode(type, bits);
}

void write(Type type, void* data, int64_t index, double value) {
  unsigned char* p = static_cast<unsigned char*>(data) + index * bytes(type);
  if (type == kF32) {
    const float single = static_cast<float>(value);
    std::memcpy(p, &single, sizeof single);
  } else {
    const uint16_t bits = encode(type, value);
    std::memcpy(p, &bits, sizeof bits);
  }
}

int64_t bytes(Type type) { return type == kF32 ? 4 : 2; }

double uniform(uint64_t seed, uint64_t index) {  // SplitMix64
  uint64_t z = seed * 0xd1342543de82ef95u + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

std::string Shape::str() const {
  return std::string(name(type)) + ", N " + std::to_string(rows) + ", V " + std::to_string(columns) + ", row stride " +
         std::to_string(row_stride) + ", temperature " + std::to_string(temperature);
}

std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (Type type : {kF32, kBf16, kF16}) {
    for (int64_t columns : {1, 31, 32, 33, 257, 1271, 50257}) {
      for (int64_t rows : {0, 1, 7, 64}) {
        const bool large = rows * columns > 1000000;
#ifdef __SANITIZE_ADDRESS__
        if (large) continue;  // which accesses it makes, fewer rows have shown
#endif
        all.push_back({type, rows, columns, columns + 5, 0.7});
        if (!large) all.push_back({type, rows, columns, columns, 1});
      }
    }
  }
  return all;
}

Logits::Logits(const Shape& shape)
    : shape_(shape),
      bytes_(shape.rows == 0 ? 0 : ((shape.rows - 1) * shape.row_stride + shape.columns) * bytes(shape.type)) {
  for (int64_t row = 0; row < shape.rows; row++) {
    const std::vector<double> x = make_row(shape, row);
    for (int64_t v = 0; v < shape.columns; v++) put(row, v, x[v]);
    if (row == shape.rows - 1) continue;
    for (int64_t v = shape.columns; v < shape.row_stride; v++) put(row, v, kNan);
  }
}

std::vector<double> Logits::row(int64_t row) const {
  std::vector<double> x(shape_.columns);
  for (int64_t v = 0; v < shape_.columns; v++) x[v] = get(row, v);
  return x;
}

bool Logits::gaps_untouched() const {
  for (int64_t row = 0; row + 1 < shape_.rows; row++) {
    for (int64_t v = shape_.columns; v < shape_.row_stride; v++) {
      if (!std::isnan(get(row, v))) return false;
    }
  }
  return true;
}

std::vector<int32_t> tokens(const Shape& shape) {
  std::vector<int32_t> all(shape.rows);
  for (int64_t row = 0; row < shape.rows; row++) {
    const double u = uniform(7, row + shape.columns);
    all[row] = row % 5 == 4 ? static_cast<int32_t>(-1 - row) : static_cast<int32_t>(u * shape.columns);
  }
  return all;
}

double log_sum_exp(const std::vector<double>& x) {
  double max = -kInfinity;
  for (double value : x) {
    if (std::isnan(value)) return kNan;
    max = std::max(max, value);
  }
  if (std::isinf(max)) return max;
  double sum = 0;
  for (double value : x) sum += std::exp(value - max);
  return max + std::log(sum);
}

}  // namespace equipoise::cpu::test
