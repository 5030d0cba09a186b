#!/usr/bin/env bash
# Each C++ block of README and docs that names its source (`<!-- from FILE -->`) must stand in that file to the letter,
# and every relative link must lead somewhere. The sources are compiled and run by the build and the tests.
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

for document in README.md SECURITY.md docs/*.md data/README.md benchmarks/peers/README.md tests/reference_cases/README.md; do
  check_snippets "$document"
  check_links "$document"
done
((failures == 0)) && echo "check_docs: snippets and links are sound"
