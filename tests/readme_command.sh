#!/usr/bin/env bash
# Compiles and runs the quickstart with the README's own command and all warnings, of which the compiler finds most where
# it optimises; says so and returns 77 where g++ or Eigen is not where the command looks for them.
# Usage: readme_command.sh FOLDER_FOR_THE_PROGRAM
set -euo pipefail
cd "$(dirname "$0")/.."
command=$(grep '^g++ ' README.md)
[[ $command == *" -o /tmp/quickstart" && $command != *$'\n'* ]] || { echo "unexpected command: $command" >&2; exit 1; }
if ! command -v g++ >/dev/null || [[ ! -d /usr/include/eigen3 ]]; then
  echo "skipped: g++ or /usr/include/eigen3 is not there"
  exit 77
fi
warnings="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
command=${command/ -I \/usr/ "$warnings" -isystem /usr}
${command/\/tmp\//"$1"/}
"$1/quickstart"
