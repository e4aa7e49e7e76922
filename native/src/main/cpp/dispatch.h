// What every call from Java goes through: tokens checked, then the instruction set asked for.
#pragma once

#include <string>

#include "operations.h"

namespace equipoise::cpu {

// Before anything is written: no kernel can report a bad token from inside its threads.
inline void check_tokens(const char* operation, const int32_t* token, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; row++) {
    if (token[row] >= columns) {
      throw KernelError(std::string(operation) + ": token " + std::to_string(token[row]) + " at position " +
                        std::to_string(row) + " is outside the vocabulary of " + std::to_string(columns));
    }
  }
}

}  // namespace equipoise::cpu

// Calls run with the namespace's functions; a set that is not built in, or that the CPU lacks, never runs.
#define EQUIPOISE_TRY(ISA, CODE, CALL) \
  if ((ISA) == (CODE) && supports(CODE)) return CALL
#if defined(__x86_64__)
#define EQUIPOISE_TRY_ALL(ISA, CALL)         \
  EQUIPOISE_TRY(ISA, kScalar, scalar::CALL); \
  EQUIPOISE_TRY(ISA, kAvx2, avx2::CALL);     \
  EQUIPOISE_TRY(ISA, kAvx512, avx512::CALL); \
  EQUIPOISE_TRY(ISA, kAvx512Bf16, avx512_bf16::CALL)
#elif defined(__aarch64__)
#define EQUIPOISE_TRY_ALL(ISA, CALL) EQUIPOISE_TRY(ISA, kNeon, neon::CALL)
#else
#define EQUIPOISE_TRY_ALL(ISA, CALL) EQUIPOISE_TRY(ISA, kScalar, scalar::CALL)
#endif
#define EQUIPOISE_RUN(ISA, CALL)                                                                   \
  do {                                                                                             \
    EQUIPOISE_TRY_ALL(ISA, CALL);                                                                  \
    throw KernelError("instruction set " + std::to_string(ISA) + " is not available on this CPU"); \
  } while (false)
