"""Benchmarks on the virtual board; `kws-tflm bench NAME` runs one of them."""
