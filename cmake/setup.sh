# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
# Shell functions that apps/up, tests/run and .ci/run share. Source it; it changes to the top of the tree, and tells with $caller_dir
# where the user stood.

# shellcheck disable=SC2034  # for whom sources this file
caller_dir=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# require_packages GROUP...: installs the missing packages of these groups of packages.txt; without the right to do so, says what to
# install and ends with status 2.
require_packages() {
  local missing=() group package
  while read -r group package; do
    [[ " $* " == *" $group "* ]] || continue
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done < <(grep -v '^#' cmake/packages.txt)
  [[ ${#missing[@]} -eq 0 ]] && return

  local install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if [[ $(id -u) -ne 0 ]]; then
    printf 'bulwark needs packages of Debian 12 that are not installed. As root, run:\n  apt-get update && %s\n' "${install[*]}" >&2
    exit 2
  fi
  echo "installing: ${missing[*]}" >&2
  local log
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    printf 'bulwark: the packages could not be installed; the whole output is in %s\n' "$log" >&2
    exit 2
  fi
  rm -f "$log"
}

# One job a core, but no more than fit into memory at 1.5 GiB each.
build_jobs() {
  local jobs by_memory
  jobs=$(nproc)
  by_memory=$(awk '/^MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  ((by_memory < jobs)) && jobs=$by_memory
  echo $((jobs < 1 ? 1 : jobs))
}

# build PRESET [TARGET...]: configures if need be and builds. Talks on stderr, as stdout belongs to the program that is run next.
build() {
  local preset=$1 ninja=build/$1/build.ninja
  shift
  # Without its tests it was configured where GoogleTest was missing, which may be there by now.
  if [[ ! -f $ninja || CMakePresets.json -nt $ninja || ! -d build/$preset/tests ]]; then
    cmake --preset "$preset" >&2
  fi
  cmake --build --preset "$preset" -j "$(build_jobs)" ${1:+--target "$@"} >&2
}
