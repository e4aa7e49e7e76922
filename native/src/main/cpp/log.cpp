// log_f32: log.h over a vector, so that its accuracy can be tested over the whole range.
#include "log.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

void log_f32(float* result, const float* x, int64_t size) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) store(result + i, log(load(x + i)));
  if (i < size) store_first(result + i, log(load_first(x + i, size - i)), size - i);
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
