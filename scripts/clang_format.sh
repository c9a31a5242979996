#!/usr/bin/env bash
# Formats our own C++ (or, with --check, only looks). Generated tables are formatted as they are written.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run --Werror)
git ls-files -co --exclude-standard '*.cc' '*.h' | grep -v '/default_tables\.' | xargs .venv/bin/clang-format --style=file "${mode[@]}"
