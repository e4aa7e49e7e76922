#!/usr/bin/env bash
# Whether the system has NVIDIA's driver library, libcuda.so.1: by exit code, without a word.
set -euo pipefail

listed=$({ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null) || listed=""
[[ $listed == *libcuda.so.1\ * ]] && exit 0
IFS=: read -r -a folders <<<"${LD_LIBRARY_PATH:-}"
for folder in ${folders[@]+"${folders[@]}"}; do
  [[ -e $folder/libcuda.so.1 ]] && exit 0
done
exit 1
