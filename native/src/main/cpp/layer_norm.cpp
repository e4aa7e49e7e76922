// layer_norm: each row to mean 0 and variance 1, then scaled and shifted (Ba, Kiros, Hinton, 2016); and its gradient.
//
//   x̂ = (x − mean) · s,  s = 1 / √(variance + ε);   out = gain · x̂ + bias
//   grad_x += s · (g − mean(g) − x̂ · mean(g · x̂)),  g = gain · grad_out
//   grad_gain += Σ_n grad_out · x̂,   grad_bias += Σ_n grad_out
//
// shapes   x, grad_x, grad_out (N, D) f32; out (N, D) f32|bf16; gain, bias and their gradients (D) f32; the gradients of
//          gain and bias may be absent
// cost     bound by memory bandwidth; the backward computes mean and variance again rather than keep them
// layout   rows shared among threads, then for the sums over rows columns; so no result depends on the number of threads
// edges    N = 0 → nothing; NaN in a row → NaN in that row
#include <cmath>

#include "product.h"
#include "transformer_operations.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

namespace {

struct Moments {
  float mean, inverse_deviation;
};

Moments moments(const float* x, int64_t columns, double epsilon) {
  F32 sum{};
  for (int64_t j = 0; j < columns; j += kLanes) sum += load_some(x + j, columns - j);
  const float mean = static_cast<float>(EQUIPOISE_ISA::sum(sum) / columns);
  F32 squares{};
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    const F32 d = load(x + j) - mean;
    squares += d * d;
  }
  double variance = EQUIPOISE_ISA::sum(squares);
  for (; j < columns; j++) variance += (x[j] - mean) * (x[j] - mean);
  return {mean, static_cast<float>(1 / std::sqrt(variance / columns + epsilon))};
}

}  // namespace

void layer_norm(const Out& out, const In& x, const float* gain, const float* bias, int64_t rows, int64_t columns,
                double epsilon) {
  const int threads = threads_for(rows * columns);
  with_compute_type(out.type, [&](auto zero) {
    using O = decltype(zero);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t n = 0; n < rows; n++) {
      const float* from = static_cast<const float*>(x.data) + n * x.stride;
      O* to = static_cast<O*>(out.data) + n * out.stride;
      const Moments m = moments(from, columns, epsilon);
      for (int64_t j = 0; j < columns; j += kLanes) {
        const int64_t left = columns - j;
        const F32 normal = (load_some(from + j, left) - m.mean) * m.inverse_deviation;
        store_some(to + j, normal * load_some(gain + j, left) + load_some(bias + j, left), left);
      }
    }
  });
}

void layer_norm_backward(const Out& grad_x, float* grad_gain, float* grad_bias, const In& grad_out, const In& x,
                         const float* gain, int64_t rows, int64_t columns, double epsilon) {
  const int threads = threads_for(rows * columns);
  const float* inputs = static_cast<const float*>(x.data);
  const float* gradients = static_cast<const float*>(grad_out.data);
  Moments* of_row = scratch<Moments>(rows);
#pragma omp parallel num_threads(threads)
  {
#pragma omp for schedule(static)
    for (int64_t n = 0; n < rows; n++) {
      const float* from = inputs + n * x.stride;
      const float* up = gradients + n * grad_out.stride;
      float* to = static_cast<float*>(grad_x.data) + n * grad_x.stride;
      const Moments m = of_row[n] = moments(from, columns, epsilon);
      F32 sums{}, products{};
      for (int64_t j = 0; j < columns; j += kLanes) {
        const int64_t left = columns - j;
        const F32 g = load_some(gain + j, left) * load_some(up + j, left);
        sums += g;
        products += g * ((load_some(from + j, left) - m.mean) * m.inverse_deviation);
      }
      const float mean = static_cast<float>(sum(sums) / columns);
      const float along = static_cast<float>(sum(products) / columns);
      for (int64_t j = 0; j < columns; j += kLanes) {
        const int64_t left = columns - j;
        const F32 g = load_some(gain + j, left) * load_some(up + j, left);
        const F32 normal = (load_some(from + j, left) - m.mean) * m.inverse_deviation;
        store_some(to + j, load_some(to + j, left) + m.inverse_deviation * (g - mean - normal * along), left);
      }
    }
    if (grad_gain != nullptr || grad_bias != nullptr) {
#pragma omp for schedule(static)
      for (int64_t j = 0; j < columns; j += kLanes) {
        const int64_t left = columns - j;
        F32 to_gain{}, to_bias{};
        for (int64_t n = 0; n < rows; n++) {
          const F32 up = load_some(gradients + n * grad_out.stride + j, left);
          to_gain += up * ((load_some(inputs + n * x.stride + j, left) - of_row[n].mean) * of_row[n].inverse_deviation);
          to_bias += up;
        }
        if (grad_gain != nullptr) store_some(grad_gain + j, load_some(grad_gain + j, left) + to_gain, left);
        if (grad_bias != nullptr) store_some(grad_bias + j, load_some(grad_bias + j, left) + to_bias, left);
      }
    }
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
