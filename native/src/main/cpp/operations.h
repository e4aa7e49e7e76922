// Every operation declared once for each instruction set. A kernel's source is compiled once per set, with
// EQUIPOISE_ISA naming the namespace and EQUIPOISE_LANES the floats in a register, so the sets share every line.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace equipoise::cpu {

struct Logits {
  const void* data;
  Type type;
  int64_t rows, columns, row_stride;
};

// AdamW's scalars, bias corrections folded in: see adam.cpp.
struct AdamStep {
  float scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float decay, step_size, root_correction2, epsilon;
};

// What energy reads: B rows.
struct EnergyInputs {
  const float *base, *proposal, *policy;
  const double *phi, *lambda;
  const int32_t* filter;
  int64_t rows, columns, features;
  int64_t base_stride, proposal_stride, policy_stride, phi_stride;
};

struct CoefficientRule {
  Form form;
  double log_z;
  bool normalize;
  double parameter, limit;       // β or α; the most that α may score
  double score_sum, ratio_sum;  // over the batch, for the baseline; 0 without one
};

#define EQUIPOISE_DECLARE(ISA)                                                                                       \
  namespace ISA {                                                                                                    \
  void sample(int32_t* token, float* log_prob, const Logits& logits, const int64_t* sequence,                        \
              const int32_t* position, double temperature, int64_t seed);                                            \
  void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const Logits& logits,                     \
                      const int32_t* token, double temperature);                                                     \
  void gradient(const Logits& logits, const float* log_sum_exp, const int32_t* token, const float* coefficient);     \
  void adam(float* parameter, float* first_moment, float* second_moment, const float* gradient, int64_t size,        \
            const AdamStep& rule);                                                                                   \
  void energy(double* log_target, double* log_weight, double* log_ratio, double* statistics,                         \
              const EnergyInputs& inputs, double log_z);                                                             \
  void coefficient(double* coefficient, const double* log_target, const double* log_proposal,                        \
                   const double* log_policy, int64_t size, const CoefficientRule& rule);                             \
  void exp_f32(float* result, const float* x, int64_t size);                                                         \
  void log_f32(float* result, const float* x, int64_t size);                                                         \
  }

#ifdef __aarch64__
EQUIPOISE_DECLARE(neon)
#else
EQUIPOISE_DECLARE(scalar)
#endif
#ifdef __x86_64__
EQUIPOISE_DECLARE(avx2)
EQUIPOISE_DECLARE(avx512)
EQUIPOISE_DECLARE(avx512_bf16)
#endif

// Evaluation only and bound by sorting, so compiled once.
void sample_truncated(int32_t* token, float* log_prob, const Logits& logits, const int64_t* sequence,
                      const int32_t* position, double temperature, int32_t top_k, double top_p, int64_t seed);

}  // namespace equipoise::cpu
