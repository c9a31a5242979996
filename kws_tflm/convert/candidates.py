"""The table of forms, and what each would cost for a layer: the rows of "dense or sparse, and why"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kws_tflm.convert.cost_model import CostModel, UnmeasuredError
from kws_tflm.convert.forms import Features, Form, is_rows
from kws_tflm.convert.forms_blocks import BLOCK_SHAPES, ConvBlocks, RowBlocks
from kws_tflm.convert.forms_dense import Dense
from kws_tflm.convert.forms_depthwise import RowPruned
from kws_tflm.convert.forms_nonzero import ConvIndexList, ConvNOfM, RowIndexList
from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.errors import FormatError, ModelError

DENSE = Dense()
_BLOCK_NAME = re.compile(r"block_(\d{1,2})x(\d{1,2})")

ROW_FORMS: tuple[Form, ...] = (*(RowBlocks(*shape) for shape in BLOCK_SHAPES), RowIndexList())
CONV_FORMS: tuple[Form, ...] = (
    *(ConvBlocks(*shape) for shape in BLOCK_SHAPES),
    ConvIndexList(),
    ConvNOfM(2),
    ConvNOfM(1),
)
DEPTHWISE_FORMS: tuple[Form, ...] = (RowPruned(),)
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
    return ROW_FORMS if is_rows(layer) else FORMS[layer.operator]


def forms_to_try(methods: Sequence[str] | None, also: Sequence[str], layer: Layer) -> tuple[Form, ...]:
    """The forms of `layer` called `methods` (None: all of the table) or `also`.

    Raises:
        ModelError: a name that no operator has.
    """
    named = sparse_forms(layer) if methods is None else forms_named(methods, layer)
    return tuple(dict.fromkeys((*named, *forms_named(also, layer))))


def forms_named(methods: Sequence[str], layer: Layer) -> tuple[Form, ...]:
    """The forms of `layer` with these names, any `block_RxC` among them; those of other operators are left out.

    Raises:
        ModelError: a name that no operator has.
    """
    known = {form.method: form for form in sparse_forms(layer)}
    every = sorted({form.method for forms in FORMS.values() for form in forms})
    found = []
    for method in methods:
        block = _BLOCK_NAME.fullmatch(method)
        if method in known:
            found.append(known[method])
        elif block is not None:
            shape = int(block[1]), int(block[2])
            if layer.operator != DEPTHWISE:
                found.append(RowBlocks(*shape) if is_rows(layer) else ConvBlocks(*shape))
        elif method not in every:
            raise ModelError(f"no sparse form is called '{method}'; choose among {', '.join(every)}")
    return tuple(found)


def form_of(method: str, layer: Layer) -> Form:
    """The form named `method` for such a layer.

    Raises:
        ModelError: there is none.
    """
    found = (DENSE,) if method == DENSE.method else forms_named((method,), layer)
    if not found:
        raise ModelError(f"{layer.operator} has no form '{method}'")
    return found[0]


def features(method: str, layer: Layer) -> Features:
    """The cost model's features of `layer` in the form `method`; measured rows carry them."""
    return form_of(method, layer).features(layer)


def candidates(layer: Layer, model: CostModel, forms: Sequence[Form]) -> tuple[list[Candidate], dict[str, str]]:
    """Dense first, then those of `forms` that suit `layer`; and why the others do not, by method."""
    found, refused = [_candidate(DENSE, layer, model)], {}
    for form in forms:
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
    cycles = model.cycles(form.kernel or layer.operator, form.figures, form.features(layer))
    return Candidate(form, form.method, form.occupancy(layer), cycles, form.bytes(layer))
