// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), as io.equipoise.kernels.Philox: a random number is a function of
// (seed, sequence, position, draw) only, so a sequence's tokens are the CPU's whatever the batch or the grid.
#pragma once

#include <cstdint>

// In [0, 1), a multiple of 2⁻⁵³.
__device__ inline double philox_uniform(uint64_t seed, int64_t sequence, int32_t position, int32_t draw) {
  const uint64_t stream = static_cast<uint64_t>(sequence);
  uint32_t c0 = static_cast<uint32_t>(stream), c1 = static_cast<uint32_t>(stream >> 32);
  uint32_t c2 = static_cast<uint32_t>(position), c3 = static_cast<uint32_t>(draw);
  uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c0;
    const uint64_t product1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(product1);
    c3 = static_cast<uint32_t>(product0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return static_cast<double>(uint64_t{c0} << 21 | c1 >> 11) * 0x1p-53;
}
