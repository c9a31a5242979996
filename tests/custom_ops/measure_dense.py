"""Instructions an operator takes on the emulated Cortex-M7 with each choice of kernels: the table of docs/kernels.md.

python tests/custom_ops/measure_dense.py MODEL.tflite

CMSIS_NN_ROOT in the environment adds CMSIS-NN's kernels; TFLM_ROOT names a TFLM to link instead of the crate's.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from dense_target import M7Interpreter

from kws_tflm.convert import inspect


def main(path: Path) -> None:
    model = path.read_bytes()
    info = inspect(model, where=str(path))
    rng = np.random.default_rng(0)
    values = rng.integers(-128, 128, info.inputs[0].shape).astype(np.int8)
    cmsis_nn = os.environ.get("CMSIS_NN_ROOT")
    choices = ["reference", *(["cmsis_nn"] if cmsis_nn else []), "m7"]
    with tempfile.TemporaryDirectory() as folder:
        target = M7Interpreter(Path(folder), cmsis_nn=Path(cmsis_nn) if cmsis_nn else None)
        shape = info.outputs[0].shape
        runs = [target.run(model, values, shape, kernels=kernels, count=True) for kernels in choices]
    for kernels, run in zip(choices, runs, strict=True):
        assert np.array_equal(run.output, runs[0].output), f"the {kernels} kernels disagree"
    print("| operator | " + " | ".join(choices) + " |\n|---|" + "--:|" * len(choices))
    names = [operator.operator for operator in info.operators]
    rows = list(zip(names, *(run.layers for run in runs), strict=True))
    for name, *counts in [*rows, ("total", *(sum(run.layers) for run in runs))]:
        print(f"| {name} | " + " | ".join(f"{count:,}" for count in counts) + " |")
    print("| arena, B | " + " | ".join(f"{run.arena_used:,}" for run in runs) + " |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
