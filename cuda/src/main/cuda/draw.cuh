// A token from a row's masses by inverse CDF, in two steps: the row is cut into segments whose masses are summed first,
// then one warp finds the segment where the random number falls, and the token inside it. Segments depend on the number
// of columns only, so a token depends on neither its batch nor its row's address.
#pragma once

#include "load.cuh"

constexpr int kSegments = 512;     // of a row at most, so that their sums fit in shared memory
constexpr int kVectorsAtOnce = 4;  // that a warp sums in a step

// What a warp sums at a time.
template <typename T>
constexpr int64_t kStep = 32 * kVector<T> * kVectorsAtOnce;

// How many columns a segment has: as few steps as keep to kSegments.
template <typename T>
__device__ inline int64_t segment_width(int64_t columns) {
  return (columns + kStep<T> * kSegments - 1) / (kStep<T> * kSegments) * kStep<T>;
}

template <typename T>
__device__ inline int segment_count(int64_t columns) {
  const int64_t width = segment_width<T>(columns);
  return static_cast<int>((columns + width - 1) / width);
}

// For a warp: sum(x) of all a lane's vectors of a segment, so many of them requested before the first is summed.
template <int kAtOnce, typename T, typename Sum>
__device__ inline void for_each_vector(const Row<T>& row, int segment, Sum sum) {
  const int64_t width = segment_width<T>(row.columns), begin = segment * width;
  const int64_t end = begin + width < row.columns ? begin + width : row.columns;
  const int64_t step = 32 * kVector<T> * kAtOnce, lane = threadIdx.x % 32;
  for (int64_t first = begin; first < end; first += step) {
    const auto column = [=](int i) { return first + (i * 32 + lane) * kVector<T>; };
    float x[kVector<T>];
    if (row.holds_words(first, step)) {
      uint32_t words[kAtOnce][8];
      for (int i = 0; i < kAtOnce; i++) row.fetch(words[i], column(i));
      for (int i = 0; i < kAtOnce; i++) {
        row.decode(x, words[i]);
        sum(x);
      }
    } else {
      for (int i = 0; i < kAtOnce; i++) {
        row.load(x, column(i));
        sum(x);
      }
    }
  }
}

// The first lane whose cumulative sum exceeds the target; where rounding leaves none, the last with any mass; −1 without.
__device__ inline int lane_of(double mass, double cumulative, double target) {
  const unsigned with_mass = __ballot_sync(kFullWarp, mass > 0);
  const unsigned over = __ballot_sync(kFullWarp, mass > 0 && cumulative > target);
  return over != 0 ? __ffs(over) - 1 : 31 - __clz(with_mass);
}

struct Draw {
  int32_t token;  // −1 where the masses are no distribution: NaN, ∞ or all 0
  double total;   // of the masses
};

// Called by one full warp, which gets the same in every lane: min { v : Σ_{w ≤ v} mass[w] > uniform · total }.
// masses: of the segments, in shared memory; mass_in(segment)(x) → that of a logit in it.
template <typename T, typename MassIn>
__device__ inline Draw draw(const Row<T>& row, const double* masses, double uniform, MassIn mass_in) {
  const int lane = threadIdx.x % 32;
  const int count = segment_count<T>(row.columns);
  const int each = (count + 31) / 32;  // consecutive segments a lane
  const int begin = lane * each, end = begin + each < count ? begin + each : count;
  double mine = 0;
  for (int i = begin; i < end; i++) mine += masses[i];
  const double cumulative = inclusive_scan(mine);
  const double total = __shfl_sync(kFullWarp, cumulative, 31);
  if (!(total > 0 && total < INFINITY)) return {-1, total};

  const double target = uniform * total;
  const double preceding = __shfl_up_sync(kFullWarp, cumulative, 1);
  double before = 0, running = lane == 0 ? 0 : preceding;  // the mass before the segment, and with it
  int segment = -1;
  for (int i = begin; i < end && (segment < 0 || running <= target); i++) {
    if (masses[i] == 0) continue;
    segment = i;
    before = running;
    running += masses[i];
  }
  const int segment_lane = lane_of(mine, cumulative, target);
  segment = __shfl_sync(kFullWarp, segment, segment_lane);
  before = __shfl_sync(kFullWarp, before, segment_lane);

  const int64_t width = segment_width<T>(row.columns), past = (segment + 1) * width;
  const auto mass = mass_in(segment);
  int32_t token = -1;
  for (int64_t first = segment * width; first < past && first < row.columns; first += 32 * kVector<T>) {
    float x[kVector<T>];
    double m[kVector<T>], sum = 0;
    row.load(x, first + lane * kVector<T>);
    for (int j = 0; j < kVector<T>; j++) sum += m[j] = mass(x[j]);
    const double inside = inclusive_scan(sum);
    const double left = __shfl_up_sync(kFullWarp, inside, 1);
    double here = before + (lane == 0 ? 0 : left);
    int column = -1;
    for (int j = 0; j < kVector<T>; j++) {
      if (m[j] == 0 || (column >= 0 && here > target)) continue;
      column = j;
      here += m[j];
    }
    const int token_lane = lane_of(sum, before + inside, target);
    const int32_t found = static_cast<int32_t>(first) + lane * kVector<T> + column;
    if (token_lane >= 0) token = __shfl_sync(kFullWarp, found, token_lane);
    before += __shfl_sync(kFullWarp, inside, 31);
    if (before > target) break;
  }
  return {token, total};
}
