// Runs every test with every instruction set of this CPU; exit code 1 where anything isn't as wanted.
#include <omp.h>

#include <cstdio>
#include <exception>

#include "check.h"

namespace equipoise::cpu::test {

namespace {

constexpr int64_t kMostReported = 20;

int64_t comparisons = 0, failures = 0;

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

void fail(const char* test, const char* why) {
  failures++;
  std::fprintf(stderr, "%s: %s\n", test, why);
}

}  // namespace

Test::Test(const char* name, void (*run)()) : name(name), run(run) { tests().push_back(*this); }

const std::vector<Isa>& supported() {
  static const std::vector<Isa> sets = [] {
    std::vector<Isa> found;
    for (Isa isa : {kScalar, kAvx2, kAvx512, kAvx512Bf16, kNeon}) {
      if (supports(isa)) found.push_back(isa);
    }
    return found;
  }();
  return sets;
}

const char* name(Isa isa) {
  switch (isa) {
    case kScalar: return "scalar";
    case kAvx2: return "avx2";
    case kAvx512: return "avx512";
    case kAvx512Bf16: return "avx512_bf16";
    case kNeon: return "neon";
  }
  return "?";
}

const char* name(Type type) {
  switch (type) {
    case kF32: return "f32";
    case kBf16: return "bf16";
    case kF16: return "f16";
  }
  return "?";
}

void count_comparison() { comparisons++; }

void report(bool ok, const std::string& what, double got, double wanted, double tolerance) {
  comparisons++;
  if (ok) return;
  if (++failures > kMostReported) return;
  std::fprintf(stderr, "%s: got %.9g, wanted %.9g +- %.2g\n", what.c_str(), got, wanted, tolerance);
}

}  // namespace equipoise::cpu::test

int main() {
  using namespace equipoise::cpu::test;
  omp_set_num_threads(3);  // so that some calls have more rows than threads and some fewer, on any machine
  if (supported().empty()) fail("kernels", "this CPU has none of the instruction sets");
  std::string sets;
  for (auto isa : supported()) sets += std::string(" ") + name(isa);
  for (const Test& test : tests()) {
    const int64_t before = comparisons;
    try {
      test.run();
    } catch (const std::exception& e) {
      fail(test.name, e.what());
    }
    if (comparisons == before) fail(test.name, "compared nothing");
  }
  std::fprintf(failures > 0 ? stderr : stdout, "kernels (%s): %zu tests, %lld comparisons, %lld failures\n",
               sets.c_str() + 1, tests().size(), static_cast<long long>(comparisons),
               static_cast<long long>(failures));
  return failures > 0 ? 1 : 0;
}
