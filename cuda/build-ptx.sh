#!/usr/bin/env bash
# Compiles src/main/cuda/*.cu to the PTX that the jar ships, which the driver compiles for the card.
# usage: build-ptx.sh         writes the PTX; needs nvcc of CUDA 13; run by ./mvnw -Pptx
#        build-ptx.sh check   fails, naming the files, where the PTX isn't what the sources compile to; run by
#                             ./mvnw verify. Skipped in one line without the nvcc that made it: another's differs.
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
shipped=$root/src/main/resources/io/equipoise/cuda/ptx
mode=${1:-write}
export nvcc=${NVCC:-nvcc}
cd "$root/src/main/cuda"

case $mode in
  write) export target=$shipped ;;
  check)
    # "Cuda compilation tools, release 13.0, V13.0.88" is in every file, and what nvcc --version says.
    made_by=$(sed -n 's/^.*Cuda compilation tools, //p' "$shipped"/*.ptx | sort -u | paste -sd ';')
    here=$("$nvcc" --version 2>/dev/null | sed -n 's/^.*Cuda compilation tools, //p') || here="no nvcc"
    if [[ $here != "$made_by" ]]; then
      echo "PTX against its sources: skipped, it was made by nvcc $made_by, here is ${here:-no nvcc}"
      exit 0
    fi
    target=$(mktemp -d)
    export target
    trap 'rm -rf "$target"' EXIT
    ;;
  *)
    echo "mode is $mode, wanted none or check" >&2
    exit 1
    ;;
esac

# compute_80: every card since Ampere compiles it; compute_120: for Blackwell. No -use_fast_math: it may delete the NaN
# checks. Nothing of the place or the time of compilation is in the output.
mkdir -p "$target"
for source in *.cu; do
  printf '%s\n' "$source compute_80" "$source compute_120"
done | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 bash -c \
  '"$nvcc" -std=c++17 -O3 -Werror all-warnings -arch="$1" --ptx "$0" -o "$target/${0%.cu}.$1.ptx"'

if [[ $mode == check ]] && ! difference=$(diff -rq "$shipped" "$target"); then
  echo "the shipped PTX isn't what the sources compile to; run cuda/build-ptx.sh and commit:" >&2
  echo "$difference" >&2
  exit 1
fi
