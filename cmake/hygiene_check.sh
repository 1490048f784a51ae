#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What no compiler checks about the tracked files. Prints each violation; status 1 if there is one.
set -euo pipefail
# shellcheck source=cmake/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

broken=0
# complain TEXT < LINES: reports each line.
complain() {
  local line
  while IFS= read -r line; do
    printf '%s: %s\n' "$1" "$line"
    broken=1
  done
}

sources() { git ls-files '*.hpp' '*.cpp'; }
allowed='^(actors|supervision|consensus|apps|tests|cmake|docs|\.ci|CMakeLists\.txt|CMakePresets\.json|README\.md|CONTRIBUTING\.md|CHANGELOG\.md|LICENSE|\.clang-format|\.clang-tidy|\.gitignore)$'

complain "does not belong to the top level" < <(git ls-files | cut -d/ -f1 | sort -u | grep -vE "$allowed" || true)
complain "has no licence line on top" < <(
  sources | while read -r file; do
    [[ $(head -n 1 "$file") == "// SPDX-License-Identifier: BSD-3-Clause" ]] || echo "$file"
  done
)
complain "is longer than 400 lines; is it one thing, or two?" < <(
  sources | grep -v '^tests/' | xargs wc -l | awk '$2 != "total" && $1 > 400 {print $2}'
)
complain "says nothing by its name" < <(sources | grep -E '/(util|utils|helper|helpers|misc|common)\.[ch]pp$' || true)
complain "is a generated or a binary file" < <(git ls-files | grep -E '\.(o|a|so|gch|pyc|log|core)$|(^|/)build/' || true)
complain "ends a line with blanks or holds a tab" < <(git grep -nIP '[ \t\r]+$|\t' -- '*.hpp' '*.cpp' '*.cmake' '*CMakeLists.txt' '*.md' || true)
complain "names a path of somebody's machine" < <(git grep -nIE "(^|[ \"'=(:])/(home|root|work|Users)/[a-z]{2}" -- . || true)
# CAF then reads through a null pointer, which libstdc++ ends the process for where its assertions are on.
complain "spawns a lambda without an argument; give it one" < <(
  # shellcheck disable=SC2016  # the dollars are perl's
  sources | xargs perl -0777 -ne '
    my $capture = qr/\[(?:[^\[\]]|\[[^\]]*\])*\]/;
    while (/spawn(?:<[^>(]*>)?\(\s*$capture\s*\([^)]*\)[^{;]*(\{(?:[^{}]++|(?1))*\})\s*\)/g) {
      printf "%s:%d\n", $ARGV, 1 + (substr($_, 0, $-[0]) =~ tr/\n//);
    }'
)
complain "is built by no target" < <(
  # Each source must be named by a CMakeLists.txt in its folder or above.
  git ls-files '*.cpp' | while read -r file; do
    folder=$file
    while [[ $folder == */* ]]; do
      folder=${folder%/*}
      grep -qsF "${file#"$folder"/}" "$folder/CMakeLists.txt" && continue 2
    done
    echo "$file"
  done
)
complain "does not pass shellcheck" < <(
  command -v shellcheck >/dev/null || exit 0
  git grep -lE '^#!.*(ba)?sh$|^# shellcheck shell' | xargs shellcheck -x -f gcc || true
)

((broken == 0)) && echo "hygiene: clean"
exit $broken
