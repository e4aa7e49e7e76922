// adam: one AdamW step that descends, over a flat parameter.
//
//   g = scale · gradient;  m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
//   parameter ← parameter − (decay · parameter + step_size · m / (√v · root_correction2 + ε))
//
// decay = η ω, step_size = η / (1 − β₁ᵗ), root_correction2 = 1 / √(1 − β₂ᵗ): formed in f64 by the launcher.
//
// shapes   parameter, first_moment (m), second_moment (v), gradient (P) f32; copy (P) bf16 or null: the new parameter,
//          rounded
// cost     reads 16·P bytes, writes 12·P, 2·P more for the copy; bound by memory bandwidth: 1.1·10¹¹ parameters a second
//          on an H100
// layout   a thread takes 4 consecutive elements at a time, where all the vectors lie alike to 16 bytes in one access each
// edges    NaN or ∞ in the gradient → NaN in that element only
#include "device.cuh"

struct AdamStep {
  float scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float decay, step_size, root_correction2, epsilon;

  __device__ void apply(float& parameter, float& first_moment, float& second_moment, float gradient) const {
    const float g = scale * gradient;
    first_moment = beta1 * first_moment + one_minus_beta1 * g;
    second_moment = beta2 * second_moment + one_minus_beta2 * g * g;
    const float update = step_size * first_moment / (sqrtf(second_moment) * root_correction2 + epsilon);
    // Decay as a difference: 1 − η ω has lost most of its digits in f32.
    parameter -= decay * parameter + update;
  }
};

extern "C" __global__ void __launch_bounds__(kThreads)
    adam_kernel(float* parameter, float* first_moment, float* second_moment, const float* gradient,
                __nv_bfloat16* copy, int64_t size, float scale, float beta1, float one_minus_beta1, float beta2,
                float one_minus_beta2, float decay, float step_size, float root_correction2, float epsilon) {
  const AdamStep step{scale, beta1, one_minus_beta1, beta2, one_minus_beta2, decay, step_size, root_correction2, epsilon};
  const auto past = [](const void* p) { return static_cast<int>(reinterpret_cast<uintptr_t>(p) % 16 / sizeof(float)); };
  const int skip = past(parameter);
  const bool alike = past(first_moment) == skip && past(second_moment) == skip && past(gradient) == skip;

  const int64_t vectors = (skip + size + 3) / 4;
  for (int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x; i < vectors; i += int64_t{gridDim.x} * kThreads) {
    const int64_t first = i * 4 - skip;
    if (alike && first >= 0 && first + 4 <= size) {
      float4 p = *reinterpret_cast<float4*>(parameter + first);
      float4 m = *reinterpret_cast<float4*>(first_moment + first);
      float4 v = *reinterpret_cast<float4*>(second_moment + first);
      const float4 g = *reinterpret_cast<const float4*>(gradient + first);
      step.apply(p.x, m.x, v.x, g.x);
      step.apply(p.y, m.y, v.y, g.y);
      step.apply(p.z, m.z, v.z, g.z);
      step.apply(p.w, m.w, v.w, g.w);
      *reinterpret_cast<float4*>(parameter + first) = p;
      *reinterpret_cast<float4*>(first_moment + first) = m;
      *reinterpret_cast<float4*>(second_moment + first) = v;
      if (copy != nullptr) {
        store(copy + first, p.x);
        store(copy + first + 1, p.y);
        store(copy + first + 2, p.z);
        store(copy + first + 3, p.w);
      }
    } else {
      const int64_t end = first + 4 < size ? first + 4 : size;
      for (int64_t j = first < 0 ? 0 : first; j < end; j++) {
        float p = parameter[j], m = first_moment[j], v = second_moment[j];
        step.apply(p, m, v, gradient[j]);
        parameter[j] = p;
        first_moment[j] = m;
        second_moment[j] = v;
        if (copy != nullptr) store(copy + j, p);
      }
    }
  }
}
