#!/bin/sh
# assemble.sh BASE EXECUTABLE ROOT: makes the root folder of the image from the files of a base that files.txt lists.
set -eu
base=${1%/} executable=$2 root=$3
list=$(dirname "$0")/files.txt

copy() { # path below both folders
  mkdir -p "$root/$(dirname "$1")"
  cp -L "$base/$1" "$root/$1"
}

# Prints the path of the first pattern that matches, "-" for an optional file; fails where a file is missing.
find_file() { # patterns
  for pattern in "$@"; do
    [ "$pattern" != - ] || { echo - && return; }
    for path in "$base/"$pattern; do
      [ ! -f "$path" ] || { echo "${path#"$base/"}" && return; }
    done
  done
  echo "Cannot assemble the image: $base has no $*" >&2
  return 1
}

grep -v '^#' "$list" | while read -r patterns; do
  # The words of a line are the arguments, and are expanded only below the base.
  set -f
  set -- $patterns
  set +f
  file=$(find_file "$@")
  [ "$file" = - ] || copy "$file"
done
cp "$executable" "$root/sidecarset"
chmod 0755 "$root/sidecarset"
