// How rows of logits are shared among threads. A row is cut into blocks of kBlock columns; what a block yields depends
// on nothing else, and blocks are merged in vocabulary order, so no result depends on the number of threads.
#pragma once

#include <omp.h>

#include <cstdlib>
#include <new>

#include "vector.h"

namespace equipoise::cpu::EQUIPOISE_ISA {

// A block fits the L1 cache, so reading it twice reads memory once; and it is long enough to hide one f64 exp.
constexpr int64_t kBlock = 512;

// Less work than this isn't worth waking another thread.
constexpr int64_t kElementsPerThread = 16384;

inline int64_t blocks(int64_t columns) { return (columns + kBlock - 1) / kBlock; }

inline int threads_for(int64_t elements) {
  const int64_t useful = elements / kElementsPerThread + 1;
  const int allowed = omp_get_max_threads();
  return useful < allowed ? static_cast<int>(useful) : allowed;
}

// Uninitialised memory for one call. Not std::vector: its code would be shared between instruction sets.
template <typename T>
struct Scratch {
  T* data;
  explicit Scratch(int64_t size) : data(static_cast<T*>(std::malloc(size * sizeof(T)))) {
    if (data == nullptr) throw std::bad_alloc();
  }
  ~Scratch() { std::free(data); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

// Uninitialised memory that the calling thread's calls share: a product's packed operands, say, which would otherwise be
// allocated and paged in for every token. Valid until the thread's next call of the same type.
template <typename T>
T* scratch(int64_t size) {
  struct Kept {
    void* data = nullptr;
    int64_t bytes = 0;
    ~Kept() { std::free(data); }
  };
#ifdef __SANITIZE_ADDRESS__
  constexpr bool kKeep = false;  // so that an access past the end, or after the next call, is seen
#else
  constexpr bool kKeep = true;
#endif
  thread_local Kept kept;
  const int64_t bytes = size * static_cast<int64_t>(sizeof(T));
  if (!kKeep || kept.bytes < bytes) {
    std::free(kept.data);
    kept.data = nullptr;
    kept.bytes = 0;
    if (posix_memalign(&kept.data, 64, bytes) != 0) throw std::bad_alloc();
    kept.bytes = bytes;
  }
  return static_cast<T*>(kept.data);
}

// summarise(row, block) → Summary for every block of every row; then finish(row, summaries of its blocks).
template <typename Summary, typename Summarise, typename Finish>
void for_each_row(const Logits& logits, Summarise summarise, Finish finish) {
  const int64_t rows = logits.rows;
  const int64_t count = blocks(logits.columns);
  const int threads = threads_for(rows * logits.columns);
  if (rows >= threads) {
    const Scratch<Summary> scratch(threads * count);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t row = 0; row < rows; row++) {
      Summary* summaries = scratch.data + omp_get_thread_num() * count;
      for (int64_t block = 0; block < count; block++) summaries[block] = summarise(row, block);
      finish(row, summaries);
    }
  } else {  // a few long rows: threads share each row's blocks
    const Scratch<Summary> scratch(rows * count);
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t i = 0; i < rows * count; i++) scratch.data[i] = summarise(i / count, i % count);
    for (int64_t row = 0; row < rows; row++) finish(row, scratch.data + row * count);
  }
}

}  // namespace equipoise::cpu::EQUIPOISE_ISA
