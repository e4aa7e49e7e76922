// dispatch: what Java calls. Checks tokens, folds scalars, and hands over to the instruction set asked for.
#include "dispatch.h"

#include <cmath>

namespace equipoise::cpu {

bool supports(int32_t isa) {
#if defined(__aarch64__)
  return isa == kNeon;
#elif defined(__x86_64__)
  // Every CPU with AVX2 and FMA converts f16; not all compilers know that feature by name.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (isa == kAvx2) return avx2;
  if (isa == kAvx512) return avx512;
  if (isa == kAvx512Bf16) return avx512 && __builtin_cpu_supports("avx512bf16");
  return isa == kScalar;
#else
  return isa == kScalar;
#endif
}

void sample(int32_t* token, float* log_prob, const void* logits, const int64_t* sequence, const int32_t* position,
            int32_t type, int64_t rows, int64_t columns, int64_t row_stride, double temperature, int32_t top_k,
            double top_p, int64_t seed, int32_t isa) {
  if (rows == 0) return;
  const Logits x{logits, static_cast<Type>(type), rows, columns, row_stride};
  if (top_k > 0 || top_p < 1) {
    return sample_truncated(token, log_prob, x, sequence, position, temperature, top_k, top_p, seed);
  }
  EQUIPOISE_RUN(isa, sample(token, log_prob, x, sequence, position, temperature, seed));
}

void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const void* logits, const int32_t* token,
                    int32_t type, int64_t rows, int64_t columns, int64_t row_stride, double temperature, int32_t isa) {
  if (rows == 0) return;
  check_tokens("tokenLogProb", token, rows, columns);
  const Logits x{logits, static_cast<Type>(type), rows, columns, row_stride};
  EQUIPOISE_RUN(isa, token_log_prob(log_prob, log_sum_exp, entropy, x, token, temperature));
}

void gradient(void* logits, const float* log_sum_exp, const int32_t* token, const float* coefficient, int32_t type,
              int64_t rows, int64_t columns, int64_t row_stride, int32_t isa) {
  if (rows == 0) return;
  check_tokens("gradient", token, rows, columns);
  const Logits x{logits, static_cast<Type>(type), rows, columns, row_stride};
  EQUIPOISE_RUN(isa, gradient(x, log_sum_exp, token, coefficient));
}

void adam(float* parameter, float* first_moment, float* second_moment, const float* gradient, int64_t size,
          double learning_rate, double beta1, double beta2, double epsilon, double weight_decay, int64_t step,
          double scale, int32_t isa) {
  const double correction1 = 1 - std::pow(beta1, static_cast<double>(step));
  const double correction2 = 1 - std::pow(beta2, static_cast<double>(step));
  const AdamStep rule{static_cast<float>(scale),
                      static_cast<float>(beta1),
                      static_cast<float>(1 - beta1),
                      static_cast<float>(beta2),
                      static_cast<float>(1 - beta2),
                      static_cast<float>(learning_rate * weight_decay),
                      static_cast<float>(learning_rate / correction1),
                      static_cast<float>(1 / std::sqrt(correction2)),
                      static_cast<float>(epsilon)};
  EQUIPOISE_RUN(isa, adam(parameter, first_moment, second_moment, gradient, size, rule));
}

void energy(double* log_target, double* log_weight, double* log_ratio, double* statistics, const float* base,
            const float* proposal, const float* policy, const double* phi, const double* lambda, const int32_t* filter,
            int64_t rows, int64_t columns, int64_t features, int64_t base_stride, int64_t proposal_stride,
            int64_t policy_stride, int64_t phi_stride, double log_z, int32_t isa) {
  const EnergyInputs inputs{base, proposal, policy, phi, lambda, filter, rows, columns, features,
                            base_stride, proposal_stride, policy_stride, phi_stride};
  EQUIPOISE_RUN(isa, energy(log_target, log_weight, log_ratio, statistics, inputs, log_z));
}

void coefficient(double* coefficient, const double* log_target, const double* log_proposal, const double* log_policy,
                 int64_t size, int32_t form, double log_z, bool normalize, double parameter, double limit,
                 double score_sum, double ratio_sum, int32_t isa) {
  if (form < kGdc || form > kTrajectoryBalance) {
    throw KernelError("coefficient: there is no form " + std::to_string(form));
  }
  const CoefficientRule rule{static_cast<Form>(form), log_z, normalize, parameter, limit, score_sum, ratio_sum};
  EQUIPOISE_RUN(isa, coefficient(coefficient, log_target, log_proposal, log_policy, size, rule));
}

void exp_f32(float* result, const float* x, int64_t size, int32_t isa) {
  EQUIPOISE_RUN(isa, exp_f32(result, x, size));
}

void log_f32(float* result, const float* x, int64_t size, int32_t isa) {
  EQUIPOISE_RUN(isa, log_f32(result, x, size));
}

}  // namespace equipoise::cpu
