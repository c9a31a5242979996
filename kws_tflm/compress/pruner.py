"""Masks on the kernels of a Keras model: chosen by magnitude, applied after every update, asserted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kws_tflm._tf import keras, tf
from kws_tflm.compress.granularity import CHANNEL, prune_mask, zero_groups
from kws_tflm.compress.masks import Array
from kws_tflm.config import PruneConfig
from kws_tflm.errors import ConfigError, ModelError

POINTWISE, CONV, DENSE = "pointwise", "conv", "dense"


def prunable_kernels(model: Any, layers: Sequence[str] = (POINTWISE,)) -> dict[str, Any]:
    """Kernel variable of each layer that `layers` means (`PruneConfig.layers`), by layer name, in model order.

    Looks through QAT wrappers. A wrapper replaces its layer's `kernel` by a tensor and keeps the
    variable among its own weights, hence the search by name.

    Raises:
        ConfigError: `layers` has a word that is neither a kind nor the name of such a layer.
    """
    candidates = [(outer, layer) for outer in model.layers if _kind(layer := getattr(outer, "layer", outer))]
    names = [layer.name for _, layer in candidates]
    unknown = [word for word in layers if word not in (POINTWISE, CONV, DENSE, *names)]
    if unknown:
        raise ConfigError(
            f"'prune.layers': '{unknown[0]}' is no layer that can be pruned; give {POINTWISE}, {CONV}, {DENSE} "
            f"or names of this network ({', '.join(names)})"
        )
    return {
        layer.name: next(v for v in outer.trainable_weights if _last_name(v).startswith("kernel"))
        for outer, layer in candidates
        if layer.name in layers or _kind(layer) in layers
    }


def channel_parameters(model: Any, name: str) -> list[Any]:
    """Variables [output channels] that add to or scale the outputs of layer `name`: its bias, and gamma and beta of a
    batch normalisation behind it. A channel is not gone while they are there: it is a constant."""
    outer = next(layer for layer in model.layers if getattr(layer, "layer", layer).name == name)
    behind = [node.outbound_layer for node in outer.outbound_nodes]
    norms = [b for b in behind if isinstance(getattr(b, "layer", b), keras.layers.BatchNormalization)]
    found = [v for v in outer.trainable_weights if _last_name(v).startswith("bias")]
    return found + [v for norm in norms for v in norm.trainable_weights if _last_name(v).startswith(("gamma", "beta"))]


def _last_name(variable: Any) -> str:
    return str(variable.name.split("/")[-1])


def _kind(layer: Any) -> str | None:
    """What `PruneConfig.layers` calls a layer; None for one that has no blocks."""
    if type(layer) is keras.layers.Conv2D:
        return POINTWISE if tuple(layer.kernel_size) == (1, 1) else CONV
    return DENSE if type(layer) is keras.layers.Dense else None


class Pruner:
    """Masks for the layers of one model that `config.layers` names, zeroing what `config.granularity` says together.

    Masks start as ones. `update` chooses them anew, `apply` zeroes the weights outside them; call
    `apply` after every optimiser step (it may be inside a `tf.function`).
    """

    def __init__(self, model: Any, config: PruneConfig) -> None:
        """Raises ConfigError where the layers of `config` are not there, or are such that it cannot prune them."""
        self._config = config
        self._kernels = prunable_kernels(model, config.layers)
        last = list(prunable_kernels(model, (POINTWISE, CONV, DENSE)))[-1:]
        if config.granularity == CHANNEL and set(last) & set(self._kernels):
            raise ConfigError(
                f"'prune.layers': the output channels of '{last[0]}' are the classes and cannot be pruned; "
                f"name the other layers, or choose another 'prune.granularity' than '{CHANNEL}'"
            )
        whole = config.granularity == CHANNEL
        self._beside = {name: channel_parameters(model, name) if whole else [] for name in self._kernels}
        self._masks = {
            name: tf.Variable(tf.ones_like(kernel), trainable=False, name=f"{name}_mask")
            for name, kernel in self._kernels.items()
        }

    @property
    def layer_names(self) -> list[str]:
        """Names of the layers that have a mask."""
        return list(self._masks)

    def update(self, sparsity: float) -> None:
        """Choose each layer's mask for `sparsity` by magnitude, and apply it.

        Weights that are zero already score lowest, so masks only ever grow.
        """
        for name, kernel in self._kernels.items():
            self._masks[name].assign(prune_mask(kernel.numpy(), self._config, sparsity))
        self.apply()

    def apply(self) -> None:
        """Zero every weight outside its mask; of a channel that is gone bias and normalisation too."""
        for name, kernel in self._kernels.items():
            mask = self._masks[name]
            kernel.assign(kernel * mask)
            for parameter in self._beside[name]:
                parameter.assign(parameter * tf.reduce_max(mask, axis=list(range(len(mask.shape) - 1))))

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


def layer_sparsity(model: Any, config: PruneConfig) -> list[dict[str, Any]]:
    """For each layer that `config.layers` names: name, kernel shape, weights, fractions of zeros and zero groups."""
    rows: list[dict[str, Any]] = []
    for name, variable in prunable_kernels(model, config.layers).items():
        kernel = variable.numpy()
        rows.append(
            {
                "layer": name,
                "shape": list(kernel.shape),
                "weights": int(kernel.size),
                "sparsity": float(np.mean(kernel == 0.0)),
                "block_sparsity": zero_groups(kernel, config),
            }
        )
    return rows
