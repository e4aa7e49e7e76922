#!/usr/bin/env bash
# On every machine: ./two-machines.sh NODE CONFIG.yaml RUN, NODE 0 on that of MASTER_ADDR, 1 on the other. Eight GPUs each.
set -euo pipefail

node=$1 config=$2 run=$3 gpus=8 nodes=2
export MASTER_ADDR=${MASTER_ADDR:?the first machine} MASTER_PORT=${MASTER_PORT:-29500}
export WORLD_SIZE=$((nodes * gpus)) LOCAL_WORLD_SIZE=$gpus
for ((local = 0; local < gpus; local++)); do
  RANK=$((node * gpus + local)) LOCAL_RANK=$local CUDA_VISIBLE_DEVICES=$local \
    ./equipoise train "$config" --output "$run" --device cuda &
done
code=0
for ((local = 0; local < gpus; local++)); do wait -n || code=$?; done
exit $code
