"""Layers and methods by name."""

from __future__ import annotations

from collections.abc import Sequence

from kws_tflm.bench.ops.layers import LAYERS, Layer
from kws_tflm.bench.ops.methods import DENSE, METHODS, Method
from kws_tflm.errors import KwsError


def layers(shape: str | None) -> Sequence[Layer] | None:
    """Those of that shape; None for all that the benchmark has.

    Raises:
        KwsError: there is none.
    """
    if shape is None:
        return None
    found = [layer for layer in LAYERS if layer.shape == shape]
    if not found:
        raise KwsError(f"no layer {shape}; choose {', '.join(layer.shape for layer in LAYERS)}")
    return found


def methods(names: Sequence[str] | None) -> Sequence[Method]:
    """The named ones and dense_m7, which ratios refer to; all for None.

    Raises:
        KwsError: there is none of that name.
    """
    if names is None:
        return METHODS
    known = [method.name for method in METHODS]
    for name in names:
        if name not in known:
            raise KwsError(f"no method {name}; choose {', '.join(known)}")
    return [method for method in METHODS if method.name in (*names, DENSE)]
