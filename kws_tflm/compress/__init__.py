"""Pruning by blocks, rows, channels or patterns and prune-preserving quantisation-aware training."""

from kws_tflm.compress.granularity import own_sparsity, prune_mask
from kws_tflm.compress.masks import block_mask, expand_mask
from kws_tflm.compress.pqat import calibrate, quantization_aware
from kws_tflm.compress.pruner import Pruner, layer_sparsity, prunable_kernels
from kws_tflm.compress.schedule import polynomial_sparsity

__all__ = [
    "Pruner",
    "block_mask",
    "calibrate",
    "expand_mask",
    "layer_sparsity",
    "own_sparsity",
    "polynomial_sparsity",
    "prunable_kernels",
    "prune_mask",
    "quantization_aware",
]
