"""The table of forms, and what each would cost for a layer: the rows of "dense or sparse, and why"."""

from __future__ import annotations

from dataclasses import dataclass

from kws_tflm.convert.cost_model import CostModel, UnmeasuredError
from kws_tflm.convert.forms import ConvBlocks, Dense, Features, Form, RowBlocks
from kws_tflm.convert.forms_nonzero import ConvIndexList, ConvNOfM, RowIndexList
from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.errors import FormatError, ModelError

DENSE = Dense()
BLOCK_SHAPES = ((1, 2), (1, 4), (2, 2), (4, 1), (2, 4), (4, 4))

ROW_FORMS: tuple[Form, ...] = (*(RowBlocks(*shape) for shape in BLOCK_SHAPES), RowIndexList())
CONV_FORMS: tuple[Form, ...] = (
    *(ConvBlocks(*shape) for shape in BLOCK_SHAPES),
    ConvIndexList(),
    ConvNOfM(2),
    ConvNOfM(1),
)
DEPTHWISE_FORMS: tuple[Form, ...] = ()

FORMS: dict[str, tuple[Form, ...]] = {
    CONV: CONV_FORMS,
    DEPTHWISE: DEPTHWISE_FORMS,
    FULLY_CONNECTED: ROW_FORMS,
}
"""The sparse forms of each built-in operator. A new form is one class and one entry here."""


@dataclass(frozen=True)
class Candidate:
    """A form of one layer with what it costs."""

    form: Form
    method: str
    occupancy: float
    """Stored units over all units of the form."""
    cycles: int
    """Estimate of the cost model."""
    bytes: int
    """Flash of the constants, bias left out."""


def sparse_forms(layer: Layer) -> tuple[Form, ...]:
    """The sparse forms to try: a convolution over a single position is taken as a fully connected layer."""
    return ROW_FORMS if layer.is_single_position else FORMS[layer.operator]


def form_of(method: str, layer: Layer) -> Form:
    """The form named `method` for such a layer.

    Raises:
        ModelError: there is none.
    """
    for form in (DENSE, *sparse_forms(layer)):
        if form.method == method:
            return form
    names = ", ".join(form.method for form in (DENSE, *sparse_forms(layer)))
    raise ModelError(f"{layer.operator} has no form '{method}'; it has {names}")


def features(method: str, layer: Layer) -> Features:
    """The cost model's features of `layer` in the form `method`; measured rows carry them."""
    return form_of(method, layer).features(layer)


def candidates(layer: Layer, model: CostModel, extra: tuple[Form, ...] = ()) -> tuple[list[Candidate], dict[str, str]]:
    """Dense first, then every sparse form that suits `layer`; and why the others do not, by method.

    Args:
        layer: what to compute.
        model: estimates the cycles.
        extra: forms beside the table's, as an experiment's own block shape.
    """
    found, refused = [_candidate(DENSE, layer, model)], {}
    for form in dict.fromkeys((*sparse_forms(layer), *extra)):
        try:
            obstacle = form.obstacle(layer)
            if obstacle is None:
                found.append(_candidate(form, layer, model))
                continue
        except (FormatError, UnmeasuredError) as error:
            obstacle = str(error)
        refused[form.method] = obstacle
    return found, refused


def _candidate(form: Form, layer: Layer, model: CostModel) -> Candidate:
    cycles = model.cycles(form.kernel or layer.operator, form.method, form.features(layer))
    return Candidate(form, form.method, form.occupancy(layer), cycles, form.bytes(layer))
