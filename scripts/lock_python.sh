#!/usr/bin/env bash
# Pins the present environment: every package with its version, none with an address.
set -euo pipefail
cd "$(dirname "$0")/.."
{
  echo "# Every Python package of the environment, pinned (made with 'make lock'; direct dependencies stand in pyproject.toml)."
  .venv/bin/python -m pip freeze --exclude-editable --disable-pip-version-check | grep -E '^[A-Za-z0-9_.-]+==' | grep -vi '^kws'
} > third_party/python/requirements.txt.new
mv third_party/python/requirements.txt.new third_party/python/requirements.txt
