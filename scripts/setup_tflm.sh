#!/usr/bin/env bash
# Unpacks TensorFlow Lite Micro (inside the crate that third_party/tflm/Cargo.lock pins by checksum)
# to build/third_party/tfmicro. Nothing of it is committed.
set -euo pipefail
cd "$(dirname "$0")/.."

target=build/third_party
scratch=$target/.vendor.partial
echo "== TensorFlow Lite Micro sources"
rm -rf "$scratch"
mkdir -p "$target"
if ! cargo vendor -q --locked --manifest-path third_party/tflm/Cargo.toml "$scratch" >/dev/null; then
  echo "setup: cargo could not fetch the crate 'tfmicro'; check the network or cargo's registry settings" >&2
  exit 2
fi
rm -rf "$target/tfmicro"
mv "$scratch/tfmicro" "$target/tfmicro"
rm -rf "$scratch"
