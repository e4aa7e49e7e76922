// The operations of io.equipoise.kernels.TransformerKernels for the CPU, as Java calls them.
//
// Arguments as in kernels.h. Matrices are f32 or bf16, rows `…_stride` elements apart. A weight is used packed: laid out
// for the product's inner loop, rounded to the type that products are computed in.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace equipoise::cpu {

// What a product does to each element on its way out, as io.equipoise.kernels.Activation numbers them.
enum Activation : int32_t {
  kIdentity,
  kGelu,   // out = gelu(value), gelu′(value) to `slope`
  kSlope,  // out = value · slope
};

// Bytes of a packed weight (depth, columns).
int64_t packed_bytes(int32_t type, int64_t depth, int64_t columns, int32_t isa);

// product.cpp
void pack(void* packed, const float* weight, int32_t type, int64_t depth, int64_t columns, int64_t row_stride,
          bool transposed, int32_t isa);
void product(void* out, void* slope, const void* x, const void* packed, const float* bias, const float* addend,
             int32_t out_type, int32_t x_type, int32_t type, int64_t rows, int64_t columns, int64_t depth,
             int64_t out_stride, int64_t slope_stride, int64_t x_stride, int64_t addend_stride, int32_t activation,
             int32_t isa);

// outer.cpp
void outer(float* grad_weight, float* grad_bias, const void* x, const void* grad_out, int32_t x_type,
           int32_t grad_type, int32_t type, int64_t rows, int64_t depth, int64_t columns, int64_t weight_stride,
           int64_t x_stride, int64_t grad_stride, int32_t isa);

// layer_norm.cpp
void layer_norm(void* out, const float* x, const float* gain, const float* bias, int32_t out_type, int64_t rows,
                int64_t columns, int64_t out_stride, int64_t x_stride, double epsilon, int32_t isa);
void layer_norm_backward(float* grad_x, float* grad_gain, float* grad_bias, const float* grad_out, const float* x,
                         const float* gain, int64_t rows, int64_t columns, int64_t grad_x_stride,
                         int64_t grad_out_stride, int64_t x_stride, double epsilon, int32_t isa);

// attention.cpp
void attention(void* out, const void* qkv, const int32_t* query, const int32_t* first, int32_t type, int64_t rows,
               int64_t width, int64_t out_stride, int64_t qkv_stride, int64_t qkv_rows, int32_t heads, double scale,
               int32_t isa);
// attention_backward.cpp
void attention_backward(void* grad_qkv, const float* grad_out, const void* qkv, const int32_t* start, int32_t type,
                        int64_t sequences, int64_t width, int64_t grad_qkv_stride, int64_t grad_out_stride,
                        int64_t qkv_stride, int64_t qkv_rows, int32_t heads, double scale, int32_t isa);

// embedding.cpp
void embed(float* out, const float* table, const float* positions, const int32_t* token, const int32_t* position,
           int64_t rows, int64_t columns, int64_t out_stride, int64_t vocabulary, int64_t context, int32_t isa);
void scatter_add(float* table, const float* x, const int32_t* index, int64_t rows, int64_t columns, int64_t x_stride,
                 int64_t table_rows, int32_t isa);

// head_log_prob.cpp; with exponentials given, what head_gradient needs is kept
void head_log_prob(float* log_prob, float* log_sum_exp, float* entropy, float* expected, void* exponentials,
                   float* block_max, const void* hidden, const void* packed, const int32_t* token,
                   const float* functions, int32_t hidden_type, int32_t type, int64_t rows, int64_t columns,
                   int64_t depth, int64_t functions_count, int64_t hidden_stride, double temperature, int32_t isa);

// head_sample.cpp
void head_sample(int32_t* token, float* log_prob, const void* hidden, const void* packed, const int64_t* sequence,
                 const int32_t* position, int32_t hidden_type, int32_t type, int64_t rows, int64_t columns,
                 int64_t depth, int64_t hidden_stride, double temperature, int64_t seed, int32_t isa);

// head_gradient.cpp
void head_gradient(float* grad_hidden, float* grad_head, void* exponentials, const float* block_max,
                   const float* log_prob, const float* log_sum_exp, const float* coefficient, const int32_t* token,
                   const void* hidden, const void* packed_transposed, int32_t hidden_type, int32_t type, int64_t rows,
                   int64_t columns, int64_t depth, int64_t grad_hidden_stride, int64_t hidden_stride, int32_t isa);

}  // namespace equipoise::cpu
