// exp_f32 within its stated error over all floats, in steps that meet every low bit; and what lies just past a tail.
#include <algorithm>
#include <cstring>
#include <limits>

#include "check.h"

namespace equipoise::cpu::test {

namespace {

// In units in the last place, as exp.h states.
constexpr double kAllowed = 1.02;

void keeps_its_accuracy() {
  constexpr uint64_t kStep = 1021, kFloats = uint64_t{1} << 32;
  std::vector<float> x;
  for (uint64_t bits = 0; bits < kFloats; bits += kStep) {
    const uint32_t low = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &low, sizeof value);
    x.push_back(value);
  }
  std::vector<double> wanted(x.size());
  std::transform(x.begin(), x.end(), wanted.begin(), [](float value) {
    const double exact = std::exp(static_cast<double>(value));
    return exact > std::numeric_limits<float>::max() ? HUGE_VAL : exact;
  });
  for (Isa isa : supported()) {
    std::vector<float> result(x.size());
    exp_f32(result.data(), x.data(), static_cast<int64_t>(x.size()), isa);
    for (size_t i = 0; i < x.size(); i++) {
      // One rounding to infinity early is within an ulp of the largest float.
      const bool at_the_end = std::isinf(result[i]) && wanted[i] > 3.4028e38;
      expect_close(at_the_end ? wanted[i] : result[i], wanted[i], kAllowed * ulp(wanted[i]),
                   [&] { return std::string("exp ") + name(isa) + " of " + std::to_string(x[i]); });
    }
  }
}

void every_size() {
  for (int64_t size = 0; size <= 67; size++) {
    const std::vector<float> x(size, 1);
    for (Isa isa : supported()) {
      std::vector<float> result(size);
      exp_f32(result.data(), x.data(), size, isa);
      for (float value : result) {
        expect_close(value, 2.718281828, 3e-7, [&] { return std::string("exp ") + name(isa) + " of 1"; });
      }
    }
  }
}

const Test kAccuracy("exp", keeps_its_accuracy);
const Test kSizes("exp of every size", every_size);

}  // namespace

}  // namespace equipoise::cpu::test
