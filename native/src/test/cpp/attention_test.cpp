// attention and its gradient against their formulas in f64, with every instruction set.
#include "matrix.h"

namespace equipoise::cpu::test {

namespace {

// What a query's head attends to: rows from `first` to its own.
std::vector<double> attended(const Rows& qkv, int64_t query, int64_t first, int64_t column, int64_t size,
                             double scale) {
  const int64_t width = static_cast<int64_t>(qkv[query].size()) / 3;
  std::vector<double> p(query - first + 1);
  for (size_t j = 0; j < p.size(); j++) {
    for (int64_t i = column; i < column + size; i++) p[j] += scale * qkv[query][i] * qkv[first + j][width + i];
  }
  const double normaliser = log_sum_exp(p);
  for (double& value : p) value = std::exp(value - normaliser);
  return p;
}

void is_the_formula(Isa isa, Type type, const std::vector<int32_t>& start, int32_t heads, int64_t size, int64_t gap) {
  const int64_t rows = start.back(), width = heads * size;
  const double scale = 0.7;
  Matrix qkv = Matrix::random(type, rows, 3 * width, gap, 1, 2), up = Matrix::random(kF32, rows, width, gap, 2);
  Matrix out(type, rows, width, gap), gradient(type, rows, 3 * width, gap);
  std::vector<int32_t> query(rows), first(rows);
  for (size_t s = 0; s + 1 < start.size(); s++) {
    for (int32_t n = start[s]; n < start[s + 1]; n++) query[n] = n, first[n] = start[s];
  }
  attention(out.data(), qkv.data(), query.data(), first.data(), type, rows, width, out.stride, qkv.stride, rows, heads,
            scale, isa);
  attention_backward(gradient.data(), up.floats(), qkv.data(), start.data(), type,
                     static_cast<int64_t>(start.size()) - 1, width, gradient.stride, up.stride, qkv.stride, rows, heads,
                     scale, isa);
  const auto where = [&] {
    return std::string("attention ") + name(isa) + ", " + name(type) + ", " + std::to_string(start.size() - 1) +
           " sequences, " + std::to_string(heads) + " heads of " + std::to_string(size) + ", gap " +
           std::to_string(gap);
  };
  report(out.gaps_untouched() && gradient.gaps_untouched(), where() + ": gaps", 0, 1, 0);
  const Rows x = qkv.values();
  Rows sums(rows, std::vector<double>(3 * width));
  for (int64_t n = 0; n < rows; n++) {
    for (int64_t column = 0; column < width; column += size) {
      const std::vector<double> p = attended(x, n, first[n], column, size, scale);
      std::vector<double> to_p(p.size());
      double mean = 0;
      for (size_t j = 0; j < p.size(); j++) {
        for (int64_t i = column; i < column + size; i++) {
          to_p[j] += up.get(n, i) * x[first[n] + j][2 * width + i];
          sums[first[n] + j][2 * width + i] += p[j] * up.get(n, i);
        }
        mean += p[j] * to_p[j];
      }
      for (int64_t i = column; i < column + size; i++) {
        double sum = 0;
        for (size_t j = 0; j < p.size(); j++) {
          const double to_score = scale * p[j] * (to_p[j] - mean);
          sum += p[j] * x[first[n] + j][2 * width + i];
          sums[n][i] += to_score * x[first[n] + j][width + i];
          sums[first[n] + j][width + i] += to_score * x[n][i];
        }
        expect_close(out.get(n, i), sum, error(0, 0, type, sum) + 5e-5, where);
      }
    }
  }
  for (int64_t n = 0; n < rows; n++) {
    for (int64_t i = 0; i < 3 * width; i++) {
      expect_close(gradient.get(n, i), sums[n][i], error(0, 0, type, sums[n][i]) + 5e-4, where);
    }
  }
}

const Test kTest("attention", [] {
  for (Isa isa : supported()) {
    for (Type type : {kF32, kBf16}) {
      for (int64_t size : {1, 2, 7, 8, 15, 16, 17, 33}) {
        for (int32_t heads : {1, 3}) {
          is_the_formula(isa, type, {0, 0, 1}, heads, size, 0);
          is_the_formula(isa, type, {0, 1, 1, 6, 39, 41}, heads, size, 3);
        }
      }
    }
  }
});

}  // namespace

}  // namespace equipoise::cpu::test
