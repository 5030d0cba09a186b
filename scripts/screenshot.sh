#!/bin/sh
# screenshot.sh PAGE OUTPUT.png [WIDTH [HEIGHT [dark]]]: draws a local page with headless Chromium; OUTPUT.pdf prints it.
set -eu
page=$(realpath "$1")
output=$2
width=${3:-1280}
height=${4:-3000}
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
set -- --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$profile" \
  --window-size="$width,$height" ${5:+--blink-settings=preferredColorScheme=0}
case $output in
  *.pdf) set -- "$@" --no-pdf-header-footer --print-to-pdf="$output" ;;
  *) set -- "$@" --screenshot="$output" ;;
esac
chromium "$@" "file://$page" 2>/dev/null
