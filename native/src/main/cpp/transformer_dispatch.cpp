// transformer_dispatch: what Java calls of transformer.h. Checks types and indices, then hands over as dispatch does.
#include "dispatch.h"
#include "transformer_operations.h"

namespace equipoise::cpu {

namespace {

Type checked(const char* operation, int32_t type) {
  if (type == kF32 || type == kBf16) return static_cast<Type>(type);
  throw KernelError(std::string(operation) + ": type " + std::to_string(type) + ", wanted f32 or bf16");
}

void check_indices(const char* operation, const int32_t* index, int64_t size, int64_t limit) {
  for (int64_t i = 0; i < size; i++) {
    if (index[i] < 0 || index[i] >= limit) {
      throw KernelError(std::string(operation) + ": index " + std::to_string(index[i]) + " at position " +
                        std::to_string(i) + " is outside 0 … " + std::to_string(limit - 1));
    }
  }
}

}  // namespace

int64_t packed_bytes(int32_t type, int64_t depth, int64_t columns, int32_t isa) {
  const Type of = checked("pack", type);
  EQUIPOISE_RUN(isa, packed_bytes(of, depth, columns));
}

void pack(void* packed, const float* weight, int32_t type, int64_t depth, int64_t columns, int64_t row_stride,
          bool transposed, int32_t isa) {
  const Type of = checked("pack", type);
  EQUIPOISE_RUN(isa, pack(packed, weight, of, depth, columns, row_stride, transposed));
}

void product(void* out, void* slope, const void* x, const void* packed, const float* bias, const float* addend,
             int32_t out_type, int32_t x_type, int32_t type, int64_t rows, int64_t columns, int64_t depth,
             int64_t out_stride, int64_t slope_stride, int64_t x_stride, int64_t addend_stride, int32_t activation,
             int32_t isa) {
  if (rows == 0 || columns == 0) return;
  const Type of = checked("product", type);
  const Out to{out, checked("product", out_type), out_stride}, kept{slope, of, slope_stride};
  const In from{x, checked("product", x_type), x_stride}, added{addend, kF32, addend_stride};
  EQUIPOISE_RUN(isa, product(to, kept, from, packed, bias, added, of, rows, columns, depth,
                             static_cast<Activation>(activation)));
}

void outer(float* grad_weight, float* grad_bias, const void* x, const void* grad_out, int32_t x_type,
           int32_t grad_type, int32_t type, int64_t rows, int64_t depth, int64_t columns, int64_t weight_stride,
           int64_t x_stride, int64_t grad_stride, int32_t isa) {
  if (rows == 0 || columns == 0) return;
  const Type of = checked("outer", type);
  const In from{x, checked("outer", x_type), x_stride}, up{grad_out, checked("outer", grad_type), grad_stride};
  EQUIPOISE_RUN(isa, outer(grad_weight, grad_bias, from, up, of, rows, depth, columns, weight_stride));
}

void layer_norm(void* out, const float* x, const float* gain, const float* bias, int32_t out_type, int64_t rows,
                int64_t columns, int64_t out_stride, int64_t x_stride, double epsilon, int32_t isa) {
  const Out to{out, checked("layerNorm", out_type), out_stride};
  EQUIPOISE_RUN(isa, layer_norm(to, In{x, kF32, x_stride}, gain, bias, rows, columns, epsilon));
}

void layer_norm_backward(float* grad_x, float* grad_gain, float* grad_bias, const float* grad_out, const float* x,
                         const float* gain, int64_t rows, int64_t columns, int64_t grad_x_stride,
                         int64_t grad_out_stride, int64_t x_stride, double epsilon, int32_t isa) {
  if (rows == 0) return;
  const Out to{grad_x, kF32, grad_x_stride};
  const In up{grad_out, kF32, grad_out_stride}, from{x, kF32, x_stride};
  EQUIPOISE_RUN(isa, layer_norm_backward(to, grad_gain, grad_bias, up, from, gain, rows, columns, epsilon));
}

void attention(void* out, const void* qkv, const int32_t* query, const int32_t* first, int32_t type, int64_t rows,
               int64_t width, int64_t out_stride, int64_t qkv_stride, int64_t qkv_rows, int32_t heads, double scale,
               int32_t isa) {
  if (rows == 0) return;
  check_indices("attention", query, rows, qkv_rows);
  check_indices("attention", first, rows, qkv_rows);
  for (int64_t n = 0; n < rows; n++) {
    if (first[n] > query[n]) {
      throw KernelError("attention: query " + std::to_string(n) + " begins at row " + std::to_string(first[n]) +
                        ", after its own, " + std::to_string(query[n]));
    }
  }
  const Type of = checked("attention", type);
  EQUIPOISE_RUN(isa, attention(Out{out, of, out_stride}, In{qkv, of, qkv_stride}, query, first, rows, width, heads,
                               scale));
}

void attention_backward(void* grad_qkv, const float* grad_out, const void* qkv, const int32_t* start, int32_t type,
                        int64_t sequences, int64_t width, int64_t grad_qkv_stride, int64_t grad_out_stride,
                        int64_t qkv_stride, int64_t qkv_rows, int32_t heads, double scale, int32_t isa) {
  for (int64_t i = 0; i <= sequences; i++) {
    const bool ascends = i == 0 ? start[i] == 0 : start[i] >= start[i - 1];
    if (!ascends || (i == sequences && start[i] != qkv_rows)) {
      throw KernelError("attentionBackward: start " + std::to_string(start[i]) + " at position " + std::to_string(i) +
                        "; wanted ascending numbers from 0 to the " + std::to_string(qkv_rows) + " rows");
    }
  }
  if (qkv_rows == 0) return;
  const Type of = checked("attentionBackward", type);
  const Out to{grad_qkv, of, grad_qkv_stride};
  const In up{grad_out, kF32, grad_out_stride}, from{qkv, of, qkv_stride};
  EQUIPOISE_RUN(isa, attention_backward(to, up, from, start, sequences, width, heads, scale));
}

void embed(float* out, const float* table, const float* positions, const int32_t* token, const int32_t* position,
           int64_t rows, int64_t columns, int64_t out_stride, int64_t vocabulary, int64_t context, int32_t isa) {
  check_indices("embed", token, rows, vocabulary);
  check_indices("embed", position, rows, context);
  EQUIPOISE_RUN(isa, embed(Out{out, kF32, out_stride}, table, positions, token, position, rows, columns));
}

void scatter_add(float* table, const float* x, const int32_t* index, int64_t rows, int64_t columns, int64_t x_stride,
                 int64_t table_rows, int32_t isa) {
  check_indices("scatterAdd", index, rows, table_rows);
  if (rows == 0 || columns == 0) return;
  EQUIPOISE_RUN(isa, scatter_add(table, In{x, kF32, x_stride}, index, rows, columns));
}

void head_log_prob(float* log_prob, float* log_sum_exp, float* entropy, float* expected, void* exponentials,
                   float* block_max, const void* hidden, const void* packed, const int32_t* token,
                   const float* functions, int32_t hidden_type, int32_t type, int64_t rows, int64_t columns,
                   int64_t depth, int64_t functions_count, int64_t hidden_stride, double temperature, int32_t isa) {
  if (rows == 0) return;
  check_tokens("headLogProb", token, rows, columns);
  const HeadScores scores{log_prob, log_sum_exp, entropy, expected, exponentials, block_max};
  const Head head{In{hidden, checked("headLogProb", hidden_type), hidden_stride}, packed,
                  checked("headLogProb", type), rows, columns, depth};
  EQUIPOISE_RUN(isa, head_log_prob(scores, head, token, functions, functions_count, temperature));
}

void head_sample(int32_t* token, float* log_prob, const void* hidden, const void* packed, const int64_t* sequence,
                 const int32_t* position, int32_t hidden_type, int32_t type, int64_t rows, int64_t columns,
                 int64_t depth, int64_t hidden_stride, double temperature, int64_t seed, int32_t isa) {
  if (rows == 0) return;
  const Head head{In{hidden, checked("headSample", hidden_type), hidden_stride}, packed, checked("headSample", type),
                  rows, columns, depth};
  EQUIPOISE_RUN(isa, head_sample(token, log_prob, head, sequence, position, temperature, seed));
}

void head_gradient(float* grad_hidden, float* grad_head, void* exponentials, const float* block_max,
                   const float* log_prob, const float* log_sum_exp, const float* coefficient, const int32_t* token,
                   const void* hidden, const void* packed_transposed, int32_t hidden_type, int32_t type, int64_t rows,
                   int64_t columns, int64_t depth, int64_t grad_hidden_stride, int64_t hidden_stride, int32_t isa) {
  if (rows == 0) return;
  check_tokens("headGradient", token, rows, columns);
  if (depth == 0) return;
  const HeadScores scores{const_cast<float*>(log_prob), const_cast<float*>(log_sum_exp), nullptr, nullptr, exponentials,
                          const_cast<float*>(block_max)};
  const Head head{In{hidden, checked("headGradient", hidden_type), hidden_stride}, packed_transposed,
                  checked("headGradient", type), rows, columns, depth};
  const Out to{grad_hidden, kF32, grad_hidden_stride};
  EQUIPOISE_RUN(isa, head_gradient(to, grad_head, scores, coefficient, token, head));
}

}  // namespace equipoise::cpu
