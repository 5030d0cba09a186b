#!/usr/bin/env bash
# scripts/benchmark_accuracy with a program that only pretends to train: benchmark_accuracy.sh SCRIPT
set -euo pipefail
script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $1" >&2; exit 1; }

cat >"$folder/amdefect" <<'END'
#!/usr/bin/env python3
import json, pathlib, sys
words = sys.argv
value = lambda name, default: words[words.index(name) + 1] if name in words else default
out, here = pathlib.Path(value("--output_dir", "")), pathlib.Path(words[0]).parent
out.mkdir(parents=True, exist_ok=True)
(here / "calls").open("a").write(" ".join(words[1:]) + "\n")
if (here / "broken").exists():
    sys.exit("it is broken")
if words[1] == "train":
    (out / "training_log.csv").write_text("epoch,seconds,images_per_second\n1,60,2\n2,60,1\n")
    (out / "seed").write_text(value("--seed", ""))
else:
    ap = 0.5 + float((out.parent / "seed").read_text()) / 4
    (out / "metrics.json").write_text(json.dumps({
        "mAP50_max_dets_300": ap, "mAP25_max_dets_300": 0.75, "best_f1": {"f1": 0.25}, "coco": {
            "mAP_last_maxDets": 0.125, "per_category": [{"category_id": 7, "AP50": ap}, {"category_id": 8, "AP50": -1}]}}))
END
chmod +x "$folder/amdefect"
mkdir -p "$folder/data/train" "$folder/out"
echo '{"images": [], "categories": [{"id": 7, "name": "pore"}]}' >"$folder/data/train/a.json"
run() { "$script" "$folder/amdefect" "$folder/out" "a=$folder/data --extra_image_folders side --mosaic 0" \
  --variant "defaults:" --variant "short: --epochs 1" --seeds 0 1 --pictures 1500 --processes 2 >"$folder/log" 2>&1; }

touch "$folder/broken"
if run; then fail "a program that fails goes unnoticed"; fi
grep -q "it is broken" "$folder/log" || fail "the program's message is not shown"
[[ ! -s "$folder/out/results.jsonl" ]] || fail "a failure counts as a result"
rm "$folder/broken" "$folder/calls"
run || fail "$(cat "$folder/log")"
[[ $(wc -l <"$folder/calls") == 8 ]] || fail "expected 4 trainings and 4 evaluations"
[[ $(grep -c "^eval .*--extra_image_folders side$" "$folder/calls") == 4 ]] || fail "eval has not the channels"
[[ $(grep -c "^train .*--epochs 3 " "$folder/calls") == 2 ]] || fail "1500 pictures are 3 epochs of 512"
grep -qF -- "--mosaic 0 --epochs 3\`) | 0, 1 | 0.625 (0.500 to 0.750) | 0.125 | 0.250 | 0.750 | 2.0 |" "$folder/out/table.md" ||
  fail "$(cat "$folder/out/table.md")"
grep -qF "| 180 | pore 0.62 |" "$folder/out/table.md" || fail "$(cat "$folder/out/table.md")"
run || fail "a finished benchmark cannot be run again"
[[ $(wc -l <"$folder/calls") == 8 ]] || fail "finished runs are done again"
echo "benchmark_accuracy: runs, goes on and writes its table"
