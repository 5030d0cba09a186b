#!/usr/bin/env bash
# The whole job on generated pictures, in a few minutes: installs what is missing, builds the program `amdefect`,
# generates a data set, trains, evaluates, and draws what the network finds.
# Usage: scripts/demo.sh [output folder, default: output/demo]
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:-output/demo}
amdefect=build/release/bin/amdefect

step() { printf '\n[%d/6, after %d s] %s\n' "$1" "$SECONDS" "$2"; }

step 1 "Packages"
scripts/install_packages.sh

step 2 "Building amdefect"
cmake --preset release
cmake --build --preset release --target amdefect_cli

step 3 "Generating pictures with known defects"
"$amdefect" synth --output_dir "$output/data" --train 240 --valid 40 --test 12 --img_size 256 --overwrite

step 4 "Training the paper's network on them"
"$amdefect" train --dataset_path "$output/data" --output_dir "$output/training" \
  --img_size 96 --epochs 12 --eval_interval 4 --learning_rate 0.003 --outputs_per_example 1

step 5 "Evaluating on the test pictures"
"$amdefect" eval --dataset_path "$output/data" --weights "$output/training/best.safetensors" \
  --output_dir "$output/evaluation"

step 6 "Drawing what the network finds"
"$amdefect" predict "$output/data/test" --weights "$output/training/best.safetensors" --output_dir "$output/pictures"

cat <<END

Done in $SECONDS s.
  pictures with boxes     $output/pictures/
  report, opens offline   $output/evaluation/report.html
  metrics                 $output/evaluation/metrics.json
  losses of each epoch    $output/training/training_log.csv
  trained weights         $output/training/best.safetensors

After so short a training the boxes are loose: see docs/paper.md for what this network can and cannot learn.
END
