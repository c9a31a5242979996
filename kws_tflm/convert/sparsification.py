"""Rewrite the layers of an int8 model in the forms that the rule chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kws_tflm.convert.candidates import Candidate, candidates, forms_to_try
from kws_tflm.convert.cost_model import CostModel, installed
from kws_tflm.convert.forms import CONV_OPERATOR
from kws_tflm.convert.graph_edit import add_constant
from kws_tflm.convert.layer import Layer
from kws_tflm.convert.layer_reading import is_weighted, layer_name, operands, read_layer
from kws_tflm.convert.model import constant, drop_unused, parse, serialize
from kws_tflm.convert.rule import SparsifyRule, choose
from kws_tflm.convert.schema import operator_name, schema, text

OPERATOR_NAME = CONV_OPERATOR
OPERATOR_VERSION = 1


@dataclass(frozen=True)
class CandidateCost:
    """A row of the table "dense or sparse, and why"."""

    method: str
    occupancy: float
    """Stored units (weights, blocks, groups) over all units."""
    cycles: int
    """Estimate of the cost model."""
    bytes: int
    """Flash of the constants, bias left out."""


@dataclass(frozen=True)
class LayerDecision:
    """What became of one layer with weights, and why."""

    operator: int
    """Index in execution order."""
    type: str
    """The built-in operator."""
    name: str
    shape: str
    """`kernel_h x kernel_w x in x out @ output h x w`, as `1x1x64x64@25x5`; empty where nothing was considered."""
    sparsity: float
    """Zero weights over all weights."""
    method: str
    """The chosen form."""
    reason: str
    candidates: tuple[CandidateCost, ...]
    """Dense first; empty where nothing was considered."""
    refused: dict[str, str]
    """The forms that do not suit the layer, and why."""

    @property
    def sparse(self) -> bool:
        """Whether the layer was rewritten."""
        return self.method != DENSE_METHOD

    def cost(self, method: str | None = None) -> CandidateCost:
        """The row of `method`, of the chosen form if left out."""
        return next(row for row in self.candidates if row.method == (method or self.method))


DENSE_METHOD = "dense_m7"


def sparsify(
    model: bytes, rule: SparsifyRule | None = None, where: str = "model", costs: CostModel | None = None
) -> tuple[bytes, list[LayerDecision]]:
    """Apply `rule` to every layer with weights; the same bytes come back when nothing is rewritten.

    Raises:
        ModelError: `model` cannot be read, or the rule names an unknown form.
    """
    rule, costs = rule or SparsifyRule(), costs or installed()
    edited = parse(model, where)
    decisions = []
    for index, op in enumerate(edited.subgraphs[0].operators):
        if is_weighted(edited, op):
            decision, layer, chosen = _decide(edited, index, op, rule, costs)
            decisions.append(decision)
            if layer is not None and chosen is not None and chosen.form.operator is not None:
                _rewrite(edited, op, layer, chosen)
    if not any(decision.sparse for decision in decisions):
        return model, decisions
    drop_unused(edited)
    return serialize(edited), decisions


def _decide(
    model: Any, index: int, op: Any, rule: SparsifyRule, costs: CostModel
) -> tuple[LayerDecision, Layer | None, Candidate | None]:
    builtin, name = operator_name(model.operatorCodes[op.opcodeIndex]), layer_name(model, op)
    layer, obstacle = read_layer(model, op)
    if layer is None:
        return LayerDecision(index, builtin, name, "", 0.0, DENSE_METHOD, obstacle, (), {}), None, None
    found, refused = candidates(layer, costs, forms_to_try(rule.methods, rule.also, layer))
    chosen, reason = choose(found, rule)
    rows = tuple(CandidateCost(one.method, one.occupancy, one.cycles, one.bytes) for one in found)
    decision = LayerDecision(
        index, builtin, name, layer.shape, layer.sparsity, chosen.method, reason, rows, refused
    )  # fmt: skip
    return decision, layer, chosen


def _rewrite(model: Any, op: Any, layer: Layer, chosen: Candidate) -> None:
    """Turn `op` into the form's custom operator; its activations keep their tensor indices."""
    graph = model.subgraphs[0]
    use = operands(op)
    packed = chosen.form.pack(layer)
    name = text(graph.tensors[use.kernel].name)
    weights = add_constant(model, f"{name}/packed", np.frombuffer(packed, np.uint8), schema().TensorType.UINT8)
    bias = use.bias
    if bias < 0 or constant(model, graph.tensors[bias]) is None:
        bias = add_constant(model, f"{name}/bias", layer.bias.astype("<i4"), schema().TensorType.INT32)
    op.inputs = np.array([use.source, weights, bias], np.int32)
    op.opcodeIndex = custom_opcode(model, str(chosen.form.operator))
    op.builtinOptionsType = schema().BuiltinOptions.NONE
    op.builtinOptions = None


def custom_opcode(model: Any, operator: str) -> int:
    """Index of a custom operator's code, added at its first use."""
    for index, code in enumerate(model.operatorCodes):
        if text(code.customCode) == operator:
            return index
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
    code.customCode = operator
    code.version = OPERATOR_VERSION
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
