#!/usr/bin/env bash
# Kills trainings of the program with `kill -9`, half of them at any moment and half while a file is being written, and
# goes on with --resume: losses and weights must be, bit for bit, those of a run that nobody killed. Then a full disk, a
# folder that cannot be written and one that vanishes: one message, a failure, and the run goes on afterwards.
# Usage: crash_safety.sh PROGRAM [KILLS]
set -euo pipefail
program=$(realpath "$1") kills=${2:-50}
work=$(mktemp -d)
mounted=""
cleanup() {
  [[ -z $mounted ]] || umount "$mounted" || true
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"
export OMP_NUM_THREADS=1

fail() {
  echo "crash_safety: FAILED: $*" >&2
  exit 1
}
"$program" synth --output_dir data --train 6 --valid 2 --test 2 --img_size 64 >synth.txt
network='{"stem": 8, "widths": [8, 8], "blocks": [1, 1], "pyramid": 8, "levels": 3}'
training=("$program" train data --network "$network" --crop_size 32 --batch_size 32 --threads 1 --eval_interval 2
  --epochs 8 --output_dir)
train() { "${training[@]}" "$@"; }  # folder, options...

losses() { sed 's/,[^,]*,[^,]*,[^,]*$//' "$1/training_log.csv"; }  # without the columns that tell the time
tensors() {                                                         # the bytes of a safetensors file behind its header
  local header
  header=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
  tail -c +$((header + 9)) "$1"
}
check_same() {  # folder
  [[ $(losses "$1") == "$(losses whole)" ]] || fail "$1: the losses are not those of the run that nobody killed"
  cmp -s <(tensors "$1/last.safetensors") <(tensors whole/last.safetensors) || fail "$1: last.safetensors differs"
  cmp -s "$1/best.safetensors" whole/best.safetensors || fail "$1: best.safetensors differs"
}
how() { [[ -f $1/last.safetensors ]] && echo --resume || echo --overwrite; }

start=$(date +%s%N)
train whole >whole.txt
whole_ms=$((($(date +%s%N) - start) / 1000000))
echo "a run takes $whole_ms ms"

writing() { compgen -G "$1/.amdefect-tmp-*" >found.txt; }
died=0 in_writing=0 finished=0 run=0
RANDOM=${AMDEFECT_SEED:-1}
while ((died < kills)); do
  "${training[@]}" "run$run" "$(how "run$run")" >out.txt 2>err.txt &
  pid=$!
  ms=$((RANDOM % (whole_ms * 3 / 4)))
  read -rt "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))" <> <(:) || true
  if ((died % 2)); then while kill -0 $pid 2>kill.txt && ! writing "run$run"; do :; done; fi
  if kill -9 $pid 2>kill.txt; then
    died=$((died + 1))
    wait $pid 2>kill.txt || true
    if writing "run$run"; then in_writing=$((in_writing + 1)); fi
    if [[ -f run$run/last.safetensors ]]; then
      "$program" predict data/test --weights "run$run/last.safetensors" --output_dir predicted --overwrite >out.txt ||
        fail "the checkpoint after kill $died does not load"
    fi
  elif wait $pid; then
    check_same "run$run"
    finished=$((finished + 1)) run=$((run + 1))
  else
    fail "run$run: $(<err.txt)"
  fi
done
train "run$run" "$(how "run$run")" >out.txt
check_same "run$run"
echo "survived $died kills, $in_writing of them inside a write; $((finished + 1)) runs ended as the one that nobody killed"
((in_writing > 0)) || fail "no kill hit a write"

# --- what a run does that cannot write: $1 fails with one line, leaves its checkpoint, and goes on later ---
stop_and_go() {  # folder, what, command...
  local folder=$1 what=$2 before
  shift 2
  before=$(cksum <"$folder/last.safetensors")
  if "$@" >out.txt 2>err.txt; then fail "$what: the training does not fail"; fi
  [[ $(grep -c '^amdefect: error: cannot ' err.txt) == 1 && $(wc -l <err.txt) == 1 ]] ||
    fail "$what: expected one message, got: $(<err.txt)"
  [[ $(cksum <"$folder/last.safetensors") == "$before" ]] || fail "$what: the checkpoint was changed"
  [[ -z $(compgen -G "$folder/.amdefect-tmp-*") ]] || fail "$what: a temporary file is left"
  echo "$what: $(<err.txt)"
}
part() {  # the first epochs of a run, which ends by kill
  "${training[@]}" "$1" >out.txt &
  until [[ -f $1/training_log.csv && $(wc -l <"$1/training_log.csv") -gt 3 && -f $1/last.safetensors ]]; do :; done
  kill -9 $!
  wait $! 2>kill.txt || true
  rm -f "$1"/.amdefect-tmp-*
}

part limited
stop_and_go limited "a file limit" bash -c 'ulimit -f 8; exec "$@"' -- "${training[@]}" limited --resume
train limited --resume >out.txt
check_same limited

part vanishing
(
  until [[ -n $(compgen -G "vanishing/.amdefect-tmp-*") ]]; do :; done
  mv vanishing gone
) &
if train vanishing --resume >out.txt 2>err.txt; then fail "a vanished folder: the training does not fail"; fi
wait $!
[[ $(wc -l <err.txt) == 1 ]] || fail "a vanished folder: expected one message, got: $(<err.txt)"
echo "a folder that vanishes: $(<err.txt)"
rm -rf vanishing
mv gone vanishing
train vanishing --resume >out.txt
check_same vanishing

mkdir small
if [[ $(id -u) == 0 ]] && mount -t tmpfs -o size=2m tmpfs small 2>mount.txt; then
  mounted=$work/small
  part small/run
  head -c 4m /dev/zero >small/fill 2>fill.txt || true
  stop_and_go small/run "a full disk" train small/run --resume
  rm small/fill
  mount -o remount,ro small
  stop_and_go small/run "a read-only folder" train small/run --resume
  mount -o remount,rw small
  train small/run --resume >out.txt
  check_same small/run
else
  echo "SKIPPED: a full disk and a read-only folder: this user cannot mount a tmpfs"
fi
echo "crash_safety: all is well"
