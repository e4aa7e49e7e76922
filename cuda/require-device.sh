#!/usr/bin/env bash
# What ./mvnw verify -Pcuda can't do without, before anything is downloaded or built; one line says what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
  echo "-Pcuda tests on an NVIDIA GPU: $1" >&2
  exit 1
}

./has-driver.sh || fail "this machine has no NVIDIA driver (no libcuda.so.1)"
command -v compute-sanitizer >/dev/null || fail "compute-sanitizer, of CUDA's toolkit, is not on the PATH"
