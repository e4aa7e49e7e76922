// sample_truncated: sample from the top_k largest logits, then from the shortest prefix by decreasing probability whose
// mass reaches top_p; what ties with the last one kept is kept too.
//
// shapes   as sample; log_prob is under the truncated distribution
// cost     4 passes over the row in f64, and a heap as deep as top_p reaches
// layout   one row a thread; f64 throughout, so that a mass next to top_p falls on the side of the reference's
// edges    as sample
#include <algorithm>
#include <cmath>
#include <functional>

#include "philox.h"
#include "rows.h"

namespace equipoise::cpu {

namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

// Makes x sum to 1 as exponentials; false where it can't: NaN, +∞ or nothing but −∞.
bool normalise(double* x, int64_t columns) {
  double max = kNothing, sum = 0;
  for (int64_t v = 0; v < columns; v++) max = x[v] > max ? x[v] : max;
  for (int64_t v = 0; v < columns; v++) sum += std::exp(x[v] - max);
  if (!std::isfinite(max) || !std::isfinite(sum)) return false;
  const double log_sum = max + std::log(sum);
  for (int64_t v = 0; v < columns; v++) x[v] -= log_sum;
  return true;
}

void keep_from(double threshold, double* x, int64_t columns) {
  for (int64_t v = 0; v < columns; v++) x[v] = x[v] < threshold ? kNothing : x[v];
  normalise(x, columns);
}

void truncate(double* x, double* scratch, int64_t columns, int32_t top_k, double top_p) {
  if (top_k > 0 && top_k < columns) {
    std::copy(x, x + columns, scratch);
    std::nth_element(scratch, scratch + top_k - 1, scratch + columns, std::greater<double>());
    keep_from(scratch[top_k - 1], x, columns);
  }
  if (top_p < 1) {
    double* end = std::copy_if(x, x + columns, scratch, [](double value) { return value > kNothing; });
    std::make_heap(scratch, end);
    double mass = 0, last = kNothing;
    while (end > scratch && mass < top_p) {
      std::pop_heap(scratch, end);
      last = *--end;
      mass += std::exp(last);
    }
    keep_from(last, x, columns);
  }
}

int32_t draw(const double* log_prob, int64_t columns, double uniform) {
  double cumulative = 0;
  int64_t last = -1;
  for (int64_t v = 0; v < columns; v++) {
    if (log_prob[v] == kNothing) continue;
    cumulative += std::exp(log_prob[v]);
    last = v;
    if (cumulative > uniform) break;
  }
  return static_cast<int32_t>(last);
}

}  // namespace

void sample_truncated(int32_t* token, float* log_prob, const Logits& logits, const int64_t* sequence,
                      const int32_t* position, double temperature, int32_t top_k, double top_p, int64_t seed) {
  const int64_t columns = logits.columns;
  const int threads = std::min<int64_t>(omp_get_max_threads(), logits.rows);
  const EQUIPOISE_ISA::Scratch<double> scratch(threads * 2 * columns);
  EQUIPOISE_ISA::with_type(logits.type, [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.data);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t row = 0; row < logits.rows; row++) {
      double* x = scratch.data + omp_get_thread_num() * 2 * columns;
      for (int64_t v = 0; v < columns; v++) {
        x[v] = static_cast<double>(EQUIPOISE_ISA::to_f32(data[row * logits.row_stride + v])) / temperature;
      }
      if (!normalise(x, columns)) {
        token[row] = -1;
        log_prob[row] = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      truncate(x, x + columns, columns, top_k, top_p);
      token[row] = draw(x, columns, EQUIPOISE_ISA::philox_uniform(seed, sequence[row], position[row], 0));
      log_prob[row] = static_cast<float>(x[token[row]]);
    }
  });
}

}  // namespace equipoise::cpu
