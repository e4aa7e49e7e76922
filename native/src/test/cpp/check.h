// What the tests share. A test registers itself: to add one, add a file
//
//   const Test kTest("energy", [] { for (Isa isa : supported()) … expect_close(…); });
//
// Memory for kernels is std::vector made in one piece, which asks the heap for exactly its size: the address sanitizer
// then sees an access one element beyond either end.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels.h"

namespace equipoise::cpu::test {

struct Test {
  const char* name;
  void (*run)();
  Test(const char* name, void (*run)());
};

// The instruction sets that this build and this CPU have.
const std::vector<Isa>& supported();

const char* name(Isa isa);
const char* name(Type type);

// Counts one comparison; where it failed, says what, got, wanted.
void report(bool ok, const std::string& what, double got, double wanted, double tolerance);

void count_comparison();

// |got − wanted| ≤ tolerance; NaN where and only where NaN is wanted, an infinity likewise. `what` makes the text that
// says which element this is, only where it is needed.
template <typename What>
void expect_close(double got, double wanted, double tolerance, What what) {
  const bool ok = std::isnan(wanted)   ? std::isnan(got)
                  : std::isinf(wanted) ? got == wanted
                                       : std::fabs(got - wanted) <= tolerance;
  if (ok) {
    count_comparison();
  } else {
    report(false, what(), got, wanted, tolerance);
  }
}

// One unit in the last place of f32.
inline double ulp(double x) {
  return x == 0 || !std::isfinite(x) ? 0x1p-149 : std::ldexp(1, std::max(std::ilogb(x), -126) - 23);
}

}  // namespace equipoise::cpu::test
