#!/usr/bin/env bash
# Compiles the kernels and src/test/cpp into one program and runs it: every operation against its formula in f64, with
# every instruction set of the CPU.
# usage: test.sh sanitized OUTPUT_DIRECTORY   on this machine; an access outside a block or undefined behaviour ends it
#        test.sh arm64 OUTPUT_DIRECTORY       compiled for ARM64 Linux, run by qemu's emulation of that CPU
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
mode=$1
mkdir -p "$2"
output=$(cd "$2" && pwd)
run=()

case $mode in
  sanitized)
    export CXX=${CXX:-g++}
    # -O1 and -g1 halve the time to compile. Leaks are the Java tests' to find: here that check needs ptrace, which
    # containers forbid.
    export CXXFLAGS="-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all"
    export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
    # shellcheck disable=SC2086 # flags are words
    if ! echo 'int main() {}' | $CXX $CXXFLAGS -fopenmp -x c++ - -o "$output/probe" 2>/dev/null; then
      echo "native tests with sanitizers: skipped, $CXX can't link -fsanitize=address,undefined here"
      exit 0
    fi
    ;;
  arm64)
    export CXX=aarch64-linux-gnu-g++ CXXFLAGS="-O2"
    run=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
    for tool in "$CXX" "${run[0]}"; do
      command -v "$tool" >/dev/null && continue
      echo "$tool is missing; on Debian or Ubuntu: apt-get install -y g++-aarch64-linux-gnu qemu-user" >&2
      exit 1
    done
    ;;
  *)
    echo "mode is $mode, wanted sanitized or arm64" >&2
    exit 1
    ;;
esac

"$root/build.sh" "$output/kernels"
program=$output/kernel_tests
cd "$root/src/test/cpp"
if [[ ! -f $program || -n $(find . "$output/kernels/libequipoise_cpu.a" "$root/test.sh" -newer "$program" -type f) ]]; then
  rm -f "$program" "$output"/*.o
  # One after another they would take twice as long on two CPUs.
  printf '%s\n' *.cpp | xargs -P "$(getconf _NPROCESSORS_ONLN)" -I{} \
    $CXX -std=c++17 -fopenmp -ffp-contract=off -Wall -Wextra -Werror -Wno-psabi $CXXFLAGS \
    -I"$root/src/main/cpp" -c {} -o "$output/{}.o"
  # shellcheck disable=SC2086 # flags are words
  $CXX -fopenmp $CXXFLAGS "$output"/*.o "$output/kernels/libequipoise_cpu.a" -o "$program"
fi
exec "${run[@]}" "$program"
