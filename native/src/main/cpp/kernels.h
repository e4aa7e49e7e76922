// The operations of io.equipoise.kernels.Kernels for the CPU, as Java calls them: each checks what only the data can
// tell (tokens inside the vocabulary), then runs the object compiled for the instruction set asked for.
//
// Arguments: outputs, inputs, type, sizes, strides in elements, scalars, seed, instruction set.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace equipoise::cpu {

// Becomes io.equipoise.kernels.KernelException in Java.
struct KernelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Element types of logits, as io.equipoise.cpu.CpuKernels numbers them.
enum Type : int32_t { kF32, kBf16, kF16 };

// What coefficients are made of, as io.equipoise.kernels.CoefficientRule numbers its forms.
enum Form : int32_t {
  kGdc,
  kGdcPlusPlus,
  kGdcPlusPlusOnPolicy,
  kReward,
  kTarget,
  kKlControl,
  kKl,
  kReverseKl,
  kTotalVariation,
  kJensenShannon,
  kChiSquared,
  kReverseChiSquared,
  kAlpha,
  kTrajectoryBalance,
};

// Instruction sets, as io.equipoise.cpu.InstructionSet numbers them.
enum Isa : int32_t { kScalar, kAvx2, kAvx512, kAvx512Bf16, kNeon };

// Whether this library was built with the instruction set and this CPU and operating system have it.
bool supports(int32_t isa);

// sample.cpp; with top_k > 0 or top_p < 1, sample_truncated.cpp.
void sample(int32_t* token, float* log_prob, const void* logits, const int64_t* sequence, const int32_t* position,
            int32_t type, int64_t rows, int64_t columns, int64_t row_stride, double temperature, int32_t top_k,
            double top_p, int64_t seed, int32_t isa);

// token_log_prob.cpp
void token_log_prob(float* log_prob, float* log_sum_exp, float* entropy, const void* logits, const int32_t* token,
                    int32_t type, int64_t rows, int64_t columns, int64_t row_stride, double temperature, int32_t isa);

// gradient.cpp
void gradient(void* logits, const float* log_sum_exp, const int32_t* token, const float* coefficient, int32_t type,
              int64_t rows, int64_t columns, int64_t row_stride, int32_t isa);

// adam.cpp
void adam(float* parameter, float* first_moment, float* second_moment, const float* gradient, int64_t size,
          double learning_rate, double beta1, double beta2, double epsilon, double weight_decay, int64_t step,
          double scale, int32_t isa);

// energy.cpp
void energy(double* log_target, double* log_weight, double* log_ratio, double* statistics, const float* base,
            const float* proposal, const float* policy, const double* phi, const double* lambda, const int32_t* filter,
            int64_t rows, int64_t columns, int64_t features, int64_t base_stride, int64_t proposal_stride,
            int64_t policy_stride, int64_t phi_stride, double log_z, int32_t isa);

// coefficient.cpp
void coefficient(double* coefficient, const double* log_target, const double* log_proposal, const double* log_policy,
                 int64_t size, int32_t form, double log_z, bool normalize, double parameter, double limit,
                 double score_sum, double ratio_sum, int32_t isa);

// match_words.cpp; lookups, so it is compiled once and no instruction set is asked for.
void match_words(int32_t* found, const int32_t* token, const int64_t* start, const int32_t* transition,
                 const int32_t* offset, const uint8_t* symbol, int64_t rows, int64_t size, int32_t vocabulary);

// exp.h and log.h over a vector, for their accuracy tests.
void exp_f32(float* result, const float* x, int64_t size, int32_t isa);
void log_f32(float* result, const float* x, int64_t size, int32_t isa);

}  // namespace equipoise::cpu
