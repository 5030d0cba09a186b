#!/usr/bin/env bash
# The whole job on generated pictures, in a few minutes: installs what is missing, builds the program `amdefect`,
# generates a data set, trains the paper's network and the anchor-free detector, evaluates both, draws what is found.
# Both trainings are given in epochs, so that a slower machine takes longer and finds the same.
# Usage: scripts/demo.sh [output folder, default: output/demo]
set -euo pipefail
if [[ ${1:-} == -* ]]; then sed -n 's/^# //p' "$0"; exit; fi
cd "$(dirname "$0")/.."
output=${1:-output/demo}
amdefect=build/release/bin/amdefect

step() { printf '\n[%d/7, after %d s] %s\n' "$1" "$SECONDS" "$2"; }

step 1 "Packages"
scripts/install_packages.sh

step 2 "Building amdefect"
cmake --preset release
cmake --build --preset release --target amdefect_cli

step 3 "Generating pictures with known objects"
"$amdefect" synth --output_dir "$output/data" --train 240 --valid 40 --test 24 --img_size 256 --overwrite

step 4 "Training the paper's network on them"
"$amdefect" train "$output/data" --model paper --output_dir "$output/paper_network" --overwrite \
  --img_size 96 --epochs 12 --eval_interval 4 --learning_rate 0.003 --outputs_per_example 1

step 5 "Training the anchor-free detector on them"
"$amdefect" train "$output/data" --epochs 24 --output_dir "$output/anchor_free" --overwrite

step 6 "Evaluating both on the test pictures"
"$amdefect" eval "$output/data" --weights "$output/paper_network" --output_dir "$output/evaluation/paper_network" --overwrite
"$amdefect" eval "$output/data" --weights "$output/anchor_free" --output_dir "$output/evaluation/anchor_free" --overwrite \
  --beside "$output/evaluation/paper_network/metrics.json"

step 7 "Drawing what the anchor-free detector finds, and the ready model in generated micrographs"
"$amdefect" predict "$output/data/test" --weights "$output/anchor_free" --output_dir "$output/pictures" --overwrite
"$amdefect" synth --pores --train 0 --valid 0 --test 4 --output_dir "$output/pores" --overwrite
"$amdefect" predict "$output/pores/test" --weights lpbf --output_dir "$output/pores_found" --overwrite

cat <<END

Done in $SECONDS s.
  pictures with boxes           $output/pictures/, $output/pores_found/
  report, opens offline         $output/evaluation/anchor_free/report.html
  metrics                       $output/evaluation/anchor_free/metrics.json
  losses of each epoch          $output/anchor_free/training_log.csv
  trained weights               $output/anchor_free/best.safetensors
  the same of the paper's network in $output/paper_network, $output/evaluation/paper_network

The paper's network does not keep where in the image a feature was; docs/paper.md says what it can and cannot learn.
END
