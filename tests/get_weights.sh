#!/usr/bin/env bash
# scripts/get_weights.sh against a server of its own: get_weights.sh SCRIPT
set -euo pipefail
script=$1
folder=$(mktemp -d)
server=
cleanup() {
  if [[ -n $server ]]; then kill "$server"; fi
  rm -rf "$folder"
}
trap cleanup EXIT
fail() { echo "FAILED: $1" >&2; exit 1; }

mkdir "$folder/served"
printf 'weights' >"$folder/served/weights"
name=toy-$(sha256sum "$folder/served/weights" | cut -c -8).pth
mv "$folder/served/weights" "$folder/served/$name"
printf 'other' >"$folder/served/toy-00000000.pth"
python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$folder/served" >"$folder/log" 2>&1 &
server=$!
port=
for _ in $(seq 100); do
  port=$(sed -n 's/^Serving HTTP on .* port \([0-9]*\).*/\1/p' "$folder/log")
  if [[ -n $port ]]; then break; fi
  sleep 0.1
done
[[ -n $port ]] || fail "the server does not start: $(cat "$folder/log")"
export AMDEFECT_WEIGHTS_URL=http://127.0.0.1:$port

[[ $("$script" "$name" "$folder/cache" 2>/dev/null) == "$folder/cache/$name" ]] || fail "the path is not printed"
[[ $(cat "$folder/cache/$name") == weights ]] || fail "the file is not the one that was served"
rm "$folder/served/$name"
[[ $("$script" "$name" "$folder/cache") == "$folder/cache/$name" ]] || fail "the cache is not used"
printf 'damaged' >"$folder/cache/$name"
if message=$("$script" "$name" "$folder/cache" 2>&1); then fail "a damaged file is taken"; fi
[[ $message == *"is damaged"* ]] || fail "of a damaged file it says: $message"
if message=$("$script" toy-00000000.pth "$folder/cache" 2>&1); then fail "a wrong checksum is taken"; fi
[[ $message == *"is damaged"* ]] || fail "of a wrong checksum it says: $message"
if message=$("$script" resnet50 "$folder/cache" 2>&1); then fail "what the server does not have is found"; fi
[[ $message == *"place it in $folder/cache"* ]] || fail "without the file it says: $message"
[[ $(ls -A "$folder/cache") == "$name" ]] || fail "something is left behind: $(ls -A "$folder/cache")"
if "$script" vgg 2>/dev/null; then fail "an unknown model is taken"; fi
echo "get_weights.sh: all as expected"
