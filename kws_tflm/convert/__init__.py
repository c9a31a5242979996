"""Keras -> dense int8 `.tflite` -> the same with pruned convolutions as a sparse operator, verified."""

from kws_tflm.convert.foreign import ForeignOptions, convert_foreign
from kws_tflm.convert.inspection import ModelInfo, inspect
from kws_tflm.convert.keras_export import to_dense_tflite
from kws_tflm.convert.metadata import ModelMetadata, embed_metadata, read_metadata
from kws_tflm.convert.prune import PruneRequest
from kws_tflm.convert.result import ConvertResult
from kws_tflm.convert.rule import SparsifyRule
from kws_tflm.convert.run import convert_model, convert_run
from kws_tflm.convert.sparsification import LayerDecision, sparsify
from kws_tflm.convert.verification import VerifyReport, verify

__all__ = [
    "ConvertResult",
    "ForeignOptions",
    "LayerDecision",
    "ModelInfo",
    "ModelMetadata",
    "PruneRequest",
    "SparsifyRule",
    "VerifyReport",
    "convert_foreign",
    "convert_model",
    "convert_run",
    "embed_metadata",
    "inspect",
    "read_metadata",
    "sparsify",
    "to_dense_tflite",
    "verify",
]
