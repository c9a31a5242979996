"""Modelled cycles, arena and flash of the depthwise operators: the tables of docs/depthwise.md.

python tests/custom_ops/measure_depthwise.py FOLDER      images are built into FOLDER
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dense_case import DEPTHWISE, DenseCase
from depthwise_models import keep_weights, separable_model, with_packed_weights, with_sparse_pointwise

from kws_tflm.convert.fuse_separable import fuse_separable
from kws_tflm.convert.model import parse, serialize
from kws_tflm.profile import profile_model

SMALL = DenseCase(DEPTHWISE, (1, 25, 5, 64), 64, (3, 3), same=True, input_zero_point=-128, output_zero_point=-128)
WIDE = replace(SMALL, input_shape=(1, 48, 48, 16), channels=16)
EXPANDED = replace(SMALL, input_shape=(1, 32, 32, 48), channels=48)


def pruned(case: DenseCase, rows: int) -> Any:
    """The model of `case` with `rows` of the three rows of every filter zero."""
    model, rng = parse(case.model()), np.random.default_rng(1)
    keep = np.argsort(rng.random((3, case.channels)), axis=0) >= rows
    keep_weights(model, 0, keep[None, :, None, :])
    return model


def pair(case: DenseCase, out_channels: int, zeros: float) -> Any:
    """Depthwise and 1x1 convolution, blocks of four of the latter's weights zero."""
    model, rng = separable_model(case, out_channels, "NONE"), np.random.default_rng(2)
    keep = np.repeat(rng.random((out_channels, 1, 1, case.channels // 4)) >= zeros, 4, axis=3)
    keep_weights(model, 1, keep)
    return model


def fused(model: Any) -> bytes:
    assert fuse_separable(model, always=True)
    return serialize(model)


def show(folder: Path, name: str, model: bytes) -> None:
    path = folder / f"{name.replace(' ', '_').replace(',', '').replace('%', '')}.tflite"
    path.write_bytes(model)
    found = profile_model(path, out_dir=folder / "images", progress=lambda _line: None)
    cycles = " + ".join(f"{operator.counts.cycles:,}" for operator in found.operators)
    total = sum(operator.counts.cycles for operator in found.operators)
    sizes = (
        f"arena {found.memory.arena_bytes:,} | model {found.memory.model_bytes:,} | flash {found.memory.flash_bytes:,}"
    )
    print(f"{name} | {cycles} = {total:,} | {sizes}", flush=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for label, case in (("25x5x64", SMALL), ("48x48x16", WIDE)):
        for rows in range(3):
            model = pruned(case, rows)
            show(folder, f"{label} {rows} rows zero dense", serialize(model))
            show(folder, f"{label} {rows} rows zero packed", with_packed_weights(model))
    for label, case, channels in (("25x5x64", SMALL, 64), ("32x32x48", EXPANDED, 16)):
        show(folder, f"{label} to {channels} two operators", with_sparse_pointwise(pair(case, channels, 0.75)))
        show(folder, f"{label} to {channels} fused", fused(pair(case, channels, 0.75)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
