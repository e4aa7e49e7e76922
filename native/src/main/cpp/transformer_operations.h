// The operations of transformer.h declared once for each instruction set, as operations.h does for those of kernels.h.
#pragma once

#include "operations.h"
#include "transformer.h"

namespace equipoise::cpu {

// A row-major matrix whose shape the operation knows.
struct In {
  const void* data;
  Type type;
  int64_t stride;
};
struct Out {
  void* data;
  Type type;
  int64_t stride;
};

// The language-model head's inputs: hidden (rows, depth), a packed weight (depth, columns).
struct Head {
  In hidden;
  const void* packed;
  Type type;
  int64_t rows, columns, depth;
};

// A softmax's results by row; exponentials (rows, columns) and block_max (rows, blocks) where a gradient will follow.
struct HeadScores {
  float *log_prob, *log_sum_exp, *entropy, *expected;
  void* exponentials;
  float* block_max;
};

#define EQUIPOISE_DECLARE_TRANSFORMER(ISA)                                                                            \
  namespace ISA {                                                                                                     \
  int64_t packed_bytes(Type type, int64_t depth, int64_t columns);                                                    \
  void pack(void* packed, const float* weight, Type type, int64_t depth, int64_t columns, int64_t row_stride,         \
            bool transposed);                                                                                         \
  void product(const Out& out, const Out& slope, const In& x, const void* packed, const float* bias, const In& addend,  \
               Type type, int64_t rows, int64_t columns, int64_t depth, Activation activation);                       \
  void outer(float* grad_weight, float* grad_bias, const In& x, const In& grad_out, Type type, int64_t rows,          \
             int64_t depth, int64_t columns, int64_t weight_stride);                                                  \
  void layer_norm(const Out& out, const In& x, const float* gain, const float* bias, int64_t rows, int64_t columns,   \
                  double epsilon);                                                                                    \
  void layer_norm_backward(const Out& grad_x, float* grad_gain, float* grad_bias, const In& grad_out, const In& x,    \
                           const float* gain, int64_t rows, int64_t columns, double epsilon);                         \
  void attention(const Out& out, const In& qkv, const int32_t* query, const int32_t* first, int64_t rows,             \
                 int64_t width, int32_t heads, double scale);                                                         \
  void attention_backward(const Out& grad_qkv, const In& grad_out, const In& qkv, const int32_t* start,               \
                          int64_t sequences, int64_t width, int32_t heads, double scale);                             \
  void embed(const Out& out, const float* table, const float* positions, const int32_t* token,                        \
             const int32_t* position, int64_t rows, int64_t columns);                                                 \
  void scatter_add(float* table, const In& x, const int32_t* index, int64_t rows, int64_t columns);                   \
  void head_log_prob(const HeadScores& scores, const Head& head, const int32_t* token, const float* functions,        \
                     int64_t functions_count, double temperature);                                                    \
  void head_sample(int32_t* token, float* log_prob, const Head& head, const int64_t* sequence,                        \
                   const int32_t* position, double temperature, int64_t seed);                                        \
  void head_gradient(const Out& grad_hidden, float* grad_head, const HeadScores& scores, const float* coefficient,    \
                     const int32_t* token, const Head& head);                                                         \
  }

#ifdef __aarch64__
EQUIPOISE_DECLARE_TRANSFORMER(neon)
#else
EQUIPOISE_DECLARE_TRANSFORMER(scalar)
#endif
#ifdef __x86_64__
EQUIPOISE_DECLARE_TRANSFORMER(avx2)
EQUIPOISE_DECLARE_TRANSFORMER(avx512)
EQUIPOISE_DECLARE_TRANSFORMER(avx512_bf16)
#endif

}  // namespace equipoise::cpu
