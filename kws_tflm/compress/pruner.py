"""Masks on the kernels of a Keras model: chosen by magnitude, applied after every update, asserted."""

from __future__ import annotations

from typing import Any

import numpy as np

from kws_tflm._tf import keras, tf
from kws_tflm.compress.masks import Array, block_mask, block_sparsity
from kws_tflm.config import PruneConfig
from kws_tflm.errors import ModelError


def prunable_kernels(model: Any) -> dict[str, Any]:
    """Kernel variable of each pointwise (1x1) convolution by layer name, in model order.

    Looks through QAT wrappers. A wrapper replaces its layer's `kernel` by a tensor and keeps the
    variable among its own weights, hence the search by name.
    """
    found: dict[str, Any] = {}
    for outer in model.layers:
        layer = getattr(outer, "layer", outer)
        if type(layer) is keras.layers.Conv2D and tuple(layer.kernel_size) == (1, 1):
            found[layer.name] = next(v for v in outer.trainable_weights if v.name.split("/")[-1].startswith("kernel"))
    return found


class Pruner:
    """Block masks for the pointwise convolutions of one model.

    Masks start as ones. `update` chooses them anew, `apply` zeroes the weights outside them; call
    `apply` after every optimiser step (it may be inside a `tf.function`).
    """

    def __init__(self, model: Any, config: PruneConfig) -> None:
        self._config = config
        self._kernels = prunable_kernels(model)
        self._masks = {
            name: tf.Variable(tf.ones_like(kernel), trainable=False, name=f"{name}_mask")
            for name, kernel in self._kernels.items()
        }

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers that have a mask."""
        return list(self._masks)

    def update(self, sparsity: float) -> None:
        """Choose each layer's mask for `sparsity` by block magnitude, and apply it.

        Weights that are zero already score lowest, so masks only ever grow.
        """
        for name, kernel in self._kernels.items():
            mask = block_mask(kernel.numpy(), self._config.block_shape, sparsity, self._config.norm)
            self._masks[name].assign(mask)
        self.apply()

    def apply(self) -> None:
        """Zero every weight outside its mask."""
        for name, kernel in self._kernels.items():
            kernel.assign(kernel * self._masks[name])

    def masks(self) -> dict[str, Array]:
        """Copies of the masks by layer name."""
        return {name: np.asarray(mask.numpy()) for name, mask in self._masks.items()}

    def set_masks(self, masks: dict[str, Array]) -> None:
        """Take masks of an earlier phase or checkpoint, and apply them."""
        if set(masks) != set(self._masks):
            raise ModelError("the stored masks name other layers than the model has; train again in a new run folder")
        for name, mask in masks.items():
            self._masks[name].assign(mask)
        self.apply()

    def check(self) -> None:
        """Assert that every weight outside a mask is exactly zero.

        Raises:
            ModelError: a pruned weight came back; the layer and the count are named.
        """
        for name, kernel in self._kernels.items():
            wrong = int(np.count_nonzero(kernel.numpy()[self._masks[name].numpy() == 0.0]))
            if wrong:
                raise ModelError(f"layer {name}: {wrong} pruned weights are not zero; this is a fault of the training")


def layer_sparsity(model: Any, block_shape: tuple[int, int]) -> list[dict[str, Any]]:
    """For each prunable layer: name, kernel shape, weights, zero fraction and zero-block fraction."""
    rows: list[dict[str, Any]] = []
    for name, variable in prunable_kernels(model).items():
        kernel = variable.numpy()
        rows.append(
            {
                "layer": name,
                "shape": list(kernel.shape),
                "weights": int(kernel.size),
                "sparsity": float(np.mean(kernel == 0.0)),
                "block_sparsity": block_sparsity(kernel, block_shape),
            }
        )
    return rows
