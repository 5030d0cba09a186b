#!/usr/bin/env bash
# Trainings of the program on several processes that end early: `kill -9` of one of them, Ctrl-C, a full disk, wrong
# data. All processes end within ten seconds, with one message; the last checkpoint goes on with another number of them.
# Usage: failures.sh PROGRAM MPIEXEC
set -euo pipefail
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
program=$(realpath "$1") mpiexec=$2
work=$(mktemp -d)
cleanup() {
  if mountpoint -q "$work/full"; then umount "$work/full"; fi
  rm -rf "$work"
}
trap cleanup EXIT
cd "$work"

fail() {
  echo "failures: FAILED: $*" >&2
  tail -n 20 out.txt err.txt >&2
  exit 1
}
"$program" synth --output_dir data --train 6 --valid 2 --test 2 --img_size 64 >synth.txt
network='{"stem": 8, "widths": [8, 8], "blocks": [1, 1], "pyramid": 8, "levels": 3}'
run() { # processes, folder, options...
  timeout 60 "$mpiexec" -n "$1" "$program" train data --network "$network" --crop_size 32 --batch_size 16 --monitor loss --output_dir \
    "${@:2}"
}
errors() { grep -c '^error' err.txt || true; }

# Starts a run that would take long, waits for its first checkpoint and sends a signal; sets `code` and `seconds`.
end_by() { # folder, signal, pattern of the process that gets it
  run 2 "$1" --epochs 100000 >out.txt 2>err.txt &
  local pid=$!
  for ((i = 0; i < 300; ++i)); do
    [[ -f $1/last.safetensors ]] && break
    sleep 0.1
  done
  [[ -f $1/last.safetensors ]] || fail "$1: there is no checkpoint after 30 seconds"
  local start=$SECONDS victim
  victim=$(pgrep -f -n "$3.*--output_dir $1 ") || fail "$1: there is no process '$3'"
  kill "-$2" "$victim"
  code=0
  wait $pid || code=$?
  seconds=$((SECONDS - start))
  ((seconds <= 10)) || fail "$1: the others took $seconds s to end"
  ((code != 0)) || fail "$1: exit code 0"
  ! pgrep -f "output_dir $1 " >left.txt || fail "$1: processes are left"
}

end_by killed KILL "^$program"
grep -q 'exited on signal 9' err.txt || fail "nobody says that a process was killed"
epochs=$(($(wc -l <killed/training_log.csv) - 1))
for processes in 3 1; do
  epochs=$((epochs + 2))
  run $processes killed --epochs $epochs --resume >out.txt 2>err.txt || fail "$processes processes cannot go on"
  [[ $(tail -n 1 killed/training_log.csv) == "$epochs,"* ]] || fail "$processes processes: not $epochs epochs"
done
echo "kill -9: ended after $seconds s, went on with 3 processes and with 1"

end_by stopped TERM "^[^ ]*$(basename "$mpiexec")"
grep -q "continue with the same options" out.txt || fail "the run does not say that it was interrupted"
run 1 stopped --epochs 1 --resume >out.txt 2>err.txt || fail "the interrupted run cannot go on"
echo "interrupted: ended after $seconds s, code $code"

if ((EUID == 0)) && mkdir full && mount -t tmpfs -o size=200k none full 2>mount.txt; then
  code=0
  run 2 full/run --epochs 3 >out.txt 2>err.txt || code=$?
  ((code == 1 && $(errors) == 1)) || fail "full disk: code $code, $(errors) messages"
  grep -q 'No space left' err.txt || fail "full disk: another message"
  echo "full disk: $(grep '^error' err.txt)"
else
  echo "full disk: skipped, a disk cannot be mounted here"
fi

mv data/train/_annotations.coco.json elsewhere.json
code=0
run 3 wrong --epochs 3 >out.txt 2>err.txt || code=$?
((code == 1 && $(errors) == 1)) || fail "wrong data: code $code, $(errors) messages"
echo "wrong data: $(grep '^error' err.txt)"
