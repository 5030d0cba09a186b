#!/usr/bin/env bash
# Each C++ block of README and docs that names its source (`<!-- from FILE -->`) must stand in that file to the letter,
# every relative link must lead somewhere, and the cards of ready models must have their checksums. The sources are
# compiled and run by the build and the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

failures=0
fail() {
  echo "check_docs: $*" >&2
  failures=$((failures + 1))
}

check_snippets() {  # document
  local document=$1 source="" block="" inside=0 line
  while IFS= read -r line; do
    if ((inside)) && [[ $line == '```' ]]; then
      [[ $(<"$source")$'\n' == *"$block"* ]] || fail "$document: a block differs from $source"
      inside=0 source=""
    elif ((inside)); then
      block+=$line$'\n'
    elif [[ $line =~ ^'<!-- from '(.*)' -->'$ ]]; then
      source=${BASH_REMATCH[1]}
      [[ -f $source ]] || fail "$document: there is no file $source"
    elif [[ -n $source && $line == '```'* ]]; then
      inside=1 block=""
    fi
  done <"$document"
}

check_links() {  # document
  local document=$1 target
  while IFS= read -r target; do
    [[ $target =~ ^(https?:|#|mailto:) ]] && continue
    [[ -e $(dirname "$document")/${target%%#*} ]] || fail "$document: broken link $target"
  done < <(awk '/^```/ { code = !code } !code' "$document" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//')
}

check_models() {  # the checksum on the card of each ready model
  local model sum
  for model in data/models/*.safetensors; do
    sum=$(sha256sum "$model")
    grep -qF "${sum%% *}" data/models/README.md || fail "data/models/README.md: not the SHA-256 of $model, ${sum%% *}"
  done
}

for document in README.md SECURITY.md docs/*.md data/README.md data/models/README.md benchmarks/peers/README.md tests/reference_cases/README.md; do
  check_snippets "$document"
  check_links "$document"
done
check_models
((failures == 0)) && echo "check_docs: snippets and links are sound"
