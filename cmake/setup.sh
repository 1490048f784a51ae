# SPDX-License-Identifier: BSD-3-Clause
# Shell functions that apps/up, tests/run and .ci/run share. Source it; it changes to the top of the tree.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Installs the missing packages of the named groups (see packages.txt), or says what to install if it may not.
require_packages() {
  local missing=() group package
  while read -r group package; do
    [[ " $* " == *" $group "* ]] || continue
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done < <(grep -v '^#' cmake/packages.txt)
  [[ ${#missing[@]} -eq 0 ]] && return

  local install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if [[ $(id -u) -ne 0 ]]; then
    printf 'bulwark needs packages that are not installed. As root, run:\n  apt-get update && %s\n' "${install[*]}" >&2
    exit 2
  fi
  echo "installing: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive "${install[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    printf 'bulwark: the packages could not be installed; the whole output is in %s\n' "$log" >&2
    exit 2
  fi
  rm -f "$log"
}

# Two jobs a core are no gain; each needs up to 1.5 GiB of memory.
build_jobs() {
  local by_memory
  by_memory=$(($(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo) * 2 / 3))
  local jobs
  jobs=$(nproc)
  ((by_memory < jobs)) && jobs=$by_memory
  echo $((jobs < 1 ? 1 : jobs))
}

# build PRESET [TARGET...]: configures if need be and builds.
build() {
  local preset=$1
  shift
  if [[ ! -f build/$preset/build.ninja ]]; then
    cmake --preset "$preset" >"/dev/stderr"
  fi
  cmake --build --preset "$preset" -j "$(build_jobs)" ${1:+--target "$@"} >"/dev/stderr"
}
