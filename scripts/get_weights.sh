#!/usr/bin/env bash
# Downloads torchvision's ImageNet weights once and prints where they lie. The SHA-256 that a file's name carries is
# verified, of a file that lies there already, too.
# Usage: get_weights.sh mobilenet_v2|efficientnet_b0|resnet18|resnet50|vit_b_16 [folder, default: ~/.cache/amdefect]
# AMDEFECT_WEIGHTS_URL in the environment names another place than https://download.pytorch.org/models.
set -euo pipefail

usage() {
  sed -n 's/^# Usage: /usage: /p' "$0" >&2
  exit 2
}

(($# == 1 || $# == 2)) || usage
case $1 in
  mobilenet_v2) file=mobilenet_v2-b0353104.pth ;;
  efficientnet_b0) file=efficientnet_b0_rwightman-3dd342df.pth ;;
  resnet18) file=resnet18-f37072fd.pth ;;
  resnet50) file=resnet50-0676ba61.pth ;;
  vit_b_16) file=vit_b_16-c867db91.pth ;;
  *-????????.pth) file=$1 ;;  # any other of torchvision's files by its name
  *) usage ;;
esac
folder=${2:-${XDG_CACHE_HOME:-$HOME/.cache}/amdefect}
url=${AMDEFECT_WEIGHTS_URL:-https://download.pytorch.org/models}/$file
expected=${file##*-}
expected=${expected%.pth}

is_right() { [[ $(sha256sum "$1" | cut -c -8) == "$expected" ]]; }

if [[ -e $folder/$file ]]; then
  is_right "$folder/$file" || { echo "$folder/$file is damaged: its SHA-256 does not begin with $expected; remove it" >&2; exit 1; }
  echo "$folder/$file"
  exit
fi
mkdir -p "$folder"
part=$(mktemp "$folder/.$file.XXXXXX")
trap 'rm -f "$part"' EXIT
download() {
  if command -v curl >/dev/null; then
    curl --fail --location --progress-bar --output "$part" "$url"
  else
    wget --show-progress --quiet --output-document="$part" "$url"
  fi
}
if ! download; then
  echo "cannot download $url; without a network, fetch that file elsewhere and place it in $folder" >&2
  exit 1
fi
is_right "$part" || { echo "what came from $url is damaged: its SHA-256 does not begin with $expected" >&2; exit 1; }
chmod 644 "$part"
mv "$part" "$folder/$file"
echo "$folder/$file"
