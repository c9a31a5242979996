#!/usr/bin/env bash
# Programs that no Python package carries: compilers, cargo and QEMU. Installs what is missing where it may
# (root or password-less sudo on a Debian-like system), else says what to type.
set -euo pipefail

missing=()
need() { # need PROGRAM PACKAGE...
  command -v "$1" >/dev/null 2>&1 && return
  shift
  missing+=("$@")
}

need g++ g++
need cargo cargo
need arm-none-eabi-g++ gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib
need qemu-system-arm qemu-system-arm
if ! python3 -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
  if command -v python3 >/dev/null && ! python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'; then
    echo "setup: python3 is $(python3 --version 2>&1); Python 3.11 or 3.12 is needed (put it first on PATH)" >&2
    exit 2
  fi
  missing+=(python3-venv)
fi

[ ${#missing[@]} -eq 0 ] && exit 0

echo "== system packages: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "setup: missing ${missing[*]}; install them: sudo apt-get install ${missing[*]}" >&2
    exit 2
  fi
fi
if ! command -v apt-get >/dev/null; then
  echo "setup: missing ${missing[*]} and no apt-get here; install them with this system's package manager" >&2
  exit 2
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -q && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q \
       --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  echo "setup: apt-get could not install ${missing[*]}; see above" >&2
  exit 2
fi
