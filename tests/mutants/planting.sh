# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shell functions that tests/mutants/run and tests/mutants/random share. Source it at the top of the tree.

copy=$PWD/build/mutants/source # what bugs are planted into
tree=$PWD/build/mutants/build  # where that is built
log=$PWD/build/mutants/log
planted=$PWD/build/mutants/planted # the files that may be built with a bug

# prepare_copy: copies the cores, the log store and their tests. Files keep their times, so that a second run builds little; but for
# those that a run that was interrupted has left built with a bug.
prepare_copy() {
  rm -rf "$copy"
  mkdir -p "$copy" "$tree"
  git ls-files -z CMakeLists.txt cmake actors supervision consensus tests | tar --null -c -T - | tar -x -C "$copy"
  if [[ -f $planted ]]; then (cd "$copy" && xargs -r touch -c) <"$planted"; fi
  cmake -G Ninja -S "$copy" -B "$tree" -D CMAKE_BUILD_TYPE=None -D CMAKE_CXX_FLAGS="-O1 -D_GLIBCXX_ASSERTIONS" \
    -D BULWARK_CORES_ONLY=ON -D BULWARK_BUILD_APPS=OFF >"$log" || { cat "$log" && exit 1; }
}

# plan_to_change FILE...: to be called before a file of the copy is changed.
plan_to_change() { printf '%s\n' "$@" >>"$planted"; }

# forget_planted: to be called once all was built without a bug.
forget_planted() { rm -f "$planted"; }

# build_copy TARGET...
build_copy() { nice ninja -C "$tree" "$@" >"$log" 2>&1; }

# passes COMMAND...: whether it ends well within two minutes. A hang is a failure as well.
passes() { timeout 120 "$@" >/dev/null 2>&1; }
