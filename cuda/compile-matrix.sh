#!/usr/bin/env bash
# Compiles src/main/cuda/*.cu for every architecture, warnings as errors, and fails where a kernel spills registers.
# usage: compile-matrix.sh         writes resources.md: registers and shared memory of every kernel
#        compile-matrix.sh check   fails where that is another; run by ./mvnw verify. Skipped in one line without the
#                                  nvcc that resources.md names: another's differs. Where the sources are those that it
#                                  was made from, it says so and compiles nothing.
#        compile-matrix.sh again   the same, compiled in any case; run by ./mvnw verify -Pnightly
# A source that needs a newer card than sm_75 says so in a line of its own: // minimum sm_80
set -euo pipefail

root=$(cd "$(dirname "$0")" && pwd)
architectures="75 80 86 89 90 100 120"
mode=${1:-write}
export nvcc=${NVCC:-nvcc}

# Whatever is compiled, and how.
digest=$(export LC_ALL=C; cd "$root" && cat compile-matrix.sh src/main/cuda/*.cu* | sha256sum | cut -d ' ' -f 1)
here=$("$nvcc" --version 2>/dev/null | sed -n 's/^.*Cuda compilation tools, //p') || here="no nvcc"
case $mode in
  write) ;;
  check | again)
    made_by=$(sed -n 's/^Compiled by nvcc \(.*\)\.$/\1/p' "$root/resources.md")
    if [[ $here != "$made_by" ]]; then
      echo "kernels for every architecture: skipped, resources.md was made by nvcc $made_by, here is ${here:-no nvcc}"
      exit 0
    fi
    if [[ $mode == check ]] && grep -q "^Sources: $digest$" "$root/resources.md"; then
      echo "kernels for every architecture: resources.md was made from these very sources"
      exit 0
    fi
    ;;
  *)
    echo "mode is $mode, wanted none, check or again" >&2
    exit 1
    ;;
esac

output=$(mktemp -d)
export output
trap 'rm -rf "$output"' EXIT
cd "$root/src/main/cuda"
for source in *.cu; do
  minimum=$(sed -n 's|^// minimum sm_||p' "$source")
  for architecture in $architectures; do
    if ((architecture >= ${minimum:-0})); then echo "$source $architecture"; fi
  done
done | xargs -P "$(getconf _NPROCESSORS_ONLN)" -L 1 bash -c '
  name=$output/${0%.cu}.$1
  if ! "$nvcc" -std=c++17 -O3 -Werror all-warnings -Xptxas -v -arch="sm_$1" --cubin "$0" -o "$name.cubin" \
    >"$name.log" 2>&1; then
    cat "$name.log" >&2
    exit 255
  fi'

# What ptxas -v says, as lines of: kernel architecture registers sharedBytes spilledBytes
resources=$(cat "$output"/*.log | awk '
  /Compiling entry function/ { split($0, quoted, "\047"); kernel = quoted[2]; sub("sm_", "", quoted[4]); card = quoted[4] }
  /bytes spill stores/ { match($0, /[0-9]+ bytes spill stores/); spilled = substr($0, RSTART) + 0 }
  /Used [0-9]+ registers/ {
    match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5) + 0
    shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART) + 0 : 0
    print kernel, card, registers, shared, spilled
  }')
if spills=$(awk '$5 > 0 { print $1 " for sm_" $2 " spills " $5 " bytes"; found = 1 } END { exit !found }' \
  <<<"$resources"); then
  echo "$spills" >&2
  exit 1
fi

{
  echo "# What the kernels take of a multiprocessor"
  echo
  echo "Registers a thread, for each architecture; static shared memory a block, in bytes. No kernel spills."
  echo "Written by \`compile-matrix.sh\`, checked by \`./mvnw verify\`."
  echo
  echo "Compiled by nvcc $here."
  echo
  echo "Sources: $digest"
  echo
  # shellcheck disable=SC2086 # architectures are words
  printf '| kernel | shared |%s\n' "$(printf ' sm_%s |' $architectures)"
  # shellcheck disable=SC2086
  printf '|---|--:|%s\n' "$(printf -- '--:|%.0s' $architectures)"
  sort <<<"$resources" | awk -v architectures="$architectures" '
    BEGIN { count = split(architectures, card, " ") }
    function row(  i, line) {
      line = "| `" kernel "` | " shared + 0 " |"
      for (i = 1; i <= count; i++) line = line " " (card[i] in registers ? registers[card[i]] : "–") " |"
      print line
      delete registers
      shared = 0
    }
    NR > 1 && $1 != kernel { row() }
    { kernel = $1; registers[$2] = $3; if ($4 > shared) shared = $4 }
    END { row() }'
} >"$output/resources.md"

if [[ $mode == write ]]; then
  cp "$output/resources.md" "$root/resources.md"
elif ! difference=$(diff "$root/resources.md" "$output/resources.md"); then
  echo "resources.md isn't what the kernels take; run cuda/compile-matrix.sh and commit:" >&2
  echo "$difference" >&2
  exit 1
fi
