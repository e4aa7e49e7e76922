// Rows of logits, 16 bytes at a time, wherever they start: of GPT-2's 50257 columns in bf16, seven rows of eight don't
// start at a multiple of 16.
//
// Row gives a thread kVector consecutive columns, and the same ones whatever the row's address, so that sums don't depend
// on it: two aligned words are loaded and shifted together. The second is the neighbouring lane's first, hence cached;
// memory is read once.
#pragma once

#include <type_traits>

#include "device.cuh"

template <typename T>
constexpr int kVector = 16 / sizeof(T);

template <typename T>
__device__ inline void unpack(float (&x)[kVector<T>], const uint32_t* words) {
  for (int j = 0; j < kVector<T>; j++) {
    if constexpr (std::is_same_v<T, float>) {
      x[j] = __uint_as_float(words[j]);
    } else if constexpr (std::is_same_v<T, __nv_bfloat16>) {  // the upper half of an f32
      x[j] = __uint_as_float(j % 2 == 0 ? words[j / 2] << 16 : words[j / 2] & 0xffff0000u);
    } else {
      x[j] = __half2float(__ushort_as_half(static_cast<unsigned short>(words[j / 2] >> (j % 2 * 16))));
    }
  }
}

// The inverse, rounded to nearest even.
template <typename T>
__device__ inline uint4 pack(const float (&x)[kVector<T>]) {
  uint32_t words[4];
  for (int i = 0; i < 4; i++) {
    if constexpr (std::is_same_v<T, float>) {
      words[i] = __float_as_uint(x[i]);
    } else if constexpr (std::is_same_v<T, __nv_bfloat16>) {
      words[i] = __bfloat16_as_ushort(__float2bfloat16_rn(x[2 * i])) |
                 uint32_t{__bfloat16_as_ushort(__float2bfloat16_rn(x[2 * i + 1]))} << 16;
    } else {
      words[i] = __half_as_ushort(__float2half_rn(x[2 * i])) |
                 uint32_t{__half_as_ushort(__float2half_rn(x[2 * i + 1]))} << 16;
    }
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

// How many elements lie between the 16-byte boundary at or before p and p.
template <typename T>
__device__ inline int past_boundary(const T* p) {
  return static_cast<int>(reinterpret_cast<uintptr_t>(p) % 16 / sizeof(T));
}

template <typename T>
struct Row {
  const T* data;
  int64_t columns;

  // Columns first .. first + kVector − 1; −∞ past the last one.
  __device__ void load(float (&x)[kVector<T>], int64_t first) const {
    if (holds_words(first, kVector<T>)) {
      uint32_t words[8];
      fetch(words, first);
      decode(x, words);
    } else {
      for (int j = 0; j < kVector<T>; j++) x[j] = first + j < columns ? to_f32(data[first + j]) : -INFINITY;
    }
  }

  // Whether every aligned word that these columns touch lies in the row: what is beside it may be nobody's memory.
  // count: a multiple of kVector.
  __device__ bool holds_words(int64_t first, int64_t count) const {
    const int past = past_boundary(data + first);
    return first >= past && first - past + count + (past == 0 ? 0 : kVector<T>) <= columns;
  }

  // The words of columns first .. first + kVector − 1: apart from decode, which waits for them.
  __device__ void fetch(uint32_t (&words)[8], int64_t first) const {
    const int past = past_boundary(data + first);
    const uint4* aligned = reinterpret_cast<const uint4*>(data + first - past);
    const uint4 low = aligned[0];
    const uint4 high = past == 0 ? low : aligned[1];
    words[0] = low.x, words[1] = low.y, words[2] = low.z, words[3] = low.w;
    words[4] = high.x, words[5] = high.y, words[6] = high.z, words[7] = high.w;
  }

  __device__ void decode(float (&x)[kVector<T>], uint32_t (&words)[8]) const {
    shift(words, past_boundary(data) * static_cast<int>(sizeof(T)));
    unpack<T>(x, words);
  }

 private:
  // Moves the words down by so many bytes, < 16. Indices are constants, so the words stay in registers.
  __device__ static void shift(uint32_t (&words)[8], int bytes) {
    for (int i = 0; i < 6; i++) words[i] = bytes & 8 ? words[i + 2] : words[i];
    for (int i = 0; i < 5; i++) words[i] = bytes & 4 ? words[i + 1] : words[i];
    if constexpr (sizeof(T) == 2) {
      for (int i = 0; i < 4; i++) words[i] = bytes & 2 ? words[i] >> 16 | words[i + 1] << 16 : words[i];
    }
  }
};
