// log_f32 within its stated error over all floats, in steps that meet every low bit, and over all where its parts meet.
#include <algorithm>
#include <cstring>
#include <limits>

#include "check.h"

namespace equipoise::cpu::test {

namespace {

// In units in the last place, as log.h states.
constexpr double kAllowed = 0.84;

float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

void is_accurate(const std::vector<float>& x) {
  std::vector<double> wanted(x.size());
  std::transform(x.begin(), x.end(), wanted.begin(), [](float value) { return std::log(static_cast<double>(value)); });
  for (Isa isa : supported()) {
    std::vector<float> result(x.size());
    log_f32(result.data(), x.data(), static_cast<int64_t>(x.size()), isa);
    for (size_t i = 0; i < x.size(); i++) {
      expect_close(result[i], wanted[i], kAllowed * ulp(wanted[i]),
                   [&] { return std::string("log ") + name(isa) + " of " + std::to_string(x[i]); });
    }
  }
}

void keeps_its_accuracy() {
  constexpr uint64_t kStep = 1021, kFloats = uint64_t{1} << 32;
  std::vector<float> x;
  for (uint64_t bits = 0; bits < kFloats; bits += kStep) x.push_back(float_of(static_cast<uint32_t>(bits)));
  is_accurate(x);
}

// Where log x nears 0, where the polynomial's range ends, where numbers become denormal and where they end.
void keeps_it_where_its_parts_meet() {
  constexpr uint32_t kAround = 20000;
  std::vector<float> x;
  for (uint32_t bits = 0; bits < kAround; bits++) x.push_back(float_of(bits));
  for (float edge : {1.0f, std::sqrt(0.5f), std::sqrt(2.0f), 0.5f, 2.0f, std::numeric_limits<float>::min(),
                     std::numeric_limits<float>::infinity()}) {
    for (uint32_t bits = bits_of(edge) - kAround; bits < bits_of(edge) + kAround; bits++) x.push_back(float_of(bits));
  }
  for (float edge : {-0.0f, -0x1p-149f, -1.0f, -std::numeric_limits<float>::infinity()}) x.push_back(edge);
  is_accurate(x);
}

void every_size() {
  for (int64_t size = 0; size <= 67; size++) {
    const std::vector<float> x(size, 10);
    for (Isa isa : supported()) {
      std::vector<float> result(size);
      log_f32(result.data(), x.data(), size, isa);
      for (float value : result) {
        expect_close(value, 2.302585093, 3e-7, [&] { return std::string("log ") + name(isa) + " of 10"; });
      }
    }
  }
}

const Test kAccuracy("log", keeps_its_accuracy);
const Test kParts("log where its parts meet", keeps_it_where_its_parts_meet);
const Test kSizes("log of every size", every_size);

}  // namespace

}  // namespace equipoise::cpu::test
