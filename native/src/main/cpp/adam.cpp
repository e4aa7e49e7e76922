// adam: one AdamW step that descends, over a flat parameter.
//
//   g = scale · gradient;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
//   parameter ← parameter − (η ω · parameter + η m̂ / (√v̂ + ε)),   m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
//
// shapes   parameter, first_moment (m), second_moment (v), gradient (P) f32
// cost     reads 16·P bytes, writes 12·P; bound by memory bandwidth
// layout   element by element, contiguous ranges to threads; scalars formed in f64
// edges    NaN or ∞ in the gradient → NaN in that element only; P = 0 → nothing
#include <cmath>

#include "rows.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

void adam(float* __restrict parameter, float* __restrict first_moment, float* __restrict second_moment,
          const float* __restrict gradient, int64_t size, const AdamStep& step) {
  const AdamStep s = step;
  const int threads = threads_for(size);
#pragma omp parallel for simd num_threads(threads) schedule(static)
  for (int64_t i = 0; i < size; i++) {
    const float g = s.scale * gradient[i];
    const float m = s.beta1 * first_moment[i] + s.one_minus_beta1 * g;
    const float v = s.beta2 * second_moment[i] + s.one_minus_beta2 * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    const float update = s.step_size * m / (std::sqrt(v) * s.root_correction2 + s.epsilon);
    // Decay as a difference: 1 − η ω has lost most of its digits in f32.
    parameter[i] -= s.decay * parameter[i] + update;
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
