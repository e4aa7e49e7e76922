#!/usr/bin/env bash
# Compiles src/main/cuda/*.cu to the PTX that the jar ships. Needs nvcc of CUDA 13; run by ./mvnw -Pptx.
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
target=$root/src/main/resources/io/equipoise/cuda/ptx
cd "$root/src/main/cuda"
mkdir -p "$target"
for source in *.cu; do
  # compute_80: every card since Ampere compiles it. No -use_fast_math: it may delete the NaN checks.
  "${NVCC:-nvcc}" -std=c++17 -O3 -Werror all-warnings -arch=compute_80 --ptx "$source" -o "$target/${source%.cu}.ptx"
done
