#!/usr/bin/env bash
# Compiles src/main/cpp into one archive: the kernels once per instruction set, each in its own namespace.
# usage: build.sh OUTPUT_DIRECTORY   (Maven runs it; CXX chooses the compiler, g++ by default, CXXFLAGS adds flags)
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
output=$1
compiler=${CXX:-g++}
# No -ffast-math: it may delete the NaN checks. Without errno and traps, sqrt and selections become one instruction.
flags="-std=c++17 -O3 -fPIC -fopenmp -fvisibility=hidden -fno-math-errno -fno-trapping-math -ffp-contract=fast
  -Wall -Wextra -Werror -Wno-psabi"
kernels="sample token_log_prob gradient energy coefficient adam exp log
  product outer layer_norm attention attention_backward embedding head_log_prob head_sample head_gradient"

# The first set runs on every CPU of the architecture. On ARM64 that includes NEON, to which four lanes compile.
case $($compiler -dumpmachine) in
  x86_64*) sets="scalar avx2 avx512 avx512_bf16" x86="-march=x86-64" ;;
  aarch64* | arm64*) sets="neon" x86="" ;;
  *) sets="scalar" x86="" ;;
esac
baseline=${sets%% *}

lanes() { case $1 in scalar | neon) echo 4 ;; avx2) echo 8 ;; avx512*) echo 16 ;; esac; }
features() {
  case $1 in
    scalar) echo "$x86" ;;
    neon) ;;
    avx2) echo "$x86 -mavx2 -mfma -mf16c" ;;
    avx512) echo "$(features avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512" ;;
    avx512_bf16) echo "$(features avx512) -mavx512bf16" ;;
  esac
}

mkdir -p "$output"
output=$(cd "$output" && pwd)
cd "$root/src/main/cpp"
archive=$output/libequipoise_cpu.a
if [[ -f $archive && -z $(find . "$root/build.sh" -newer "$archive" -type f) ]]; then exit 0; fi

# compile SOURCE OBJECT INSTRUCTION_SET
compile() {
  # shellcheck disable=SC2086,SC2046 # flags are words
  $compiler $flags ${CXXFLAGS:-} $(features "$3") -DEQUIPOISE_ISA="$3" -DEQUIPOISE_LANES="$(lanes "$3")" -c "$1.cpp" -o "$output/$2.o"
}

compile_set() {
  for kernel in $kernels; do
    compile "$kernel" "${kernel}_$1" "$1"
    # A function that the linker may share between objects could carry one set's instructions into another.
    if [[ $1 != "$baseline" ]] && shared=$(nm -C "$output/${kernel}_$1.o" | grep -E ' [VWu] ' |
      grep -vE "equipoise::cpu::$1::|DW.ref"); then
      echo "$kernel for $1 defines shared code: $shared" >&2
      return 1
    fi
  done
}

rm -f "$output"/*.o "$archive"
running=()
for set in $sets; do
  compile_set "$set" &
  running+=($!)
done
compile dispatch dispatch "$baseline"
compile transformer_dispatch transformer_dispatch "$baseline"
compile sample_truncated sample_truncated "$baseline"
compile match_words match_words "$baseline"
for process in "${running[@]}"; do wait "$process"; done
ar rcs "$archive" "$output"/*.o
