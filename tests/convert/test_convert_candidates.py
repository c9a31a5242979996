"""The table of forms, the cost model and the choice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_case import layer, pruned

from kws_tflm.convert import cost_model
from kws_tflm.convert.candidates import DENSE, FORMS, Candidate, candidates, features, form_of, sparse_forms
from kws_tflm.convert.cost_model import Coefficients, CostModel, UnmeasuredError
from kws_tflm.convert.layer import CONV, DEPTHWISE, FULLY_CONNECTED, Layer
from kws_tflm.convert.nonnegative import nonnegative_least_squares
from kws_tflm.convert.packing import unpack
from kws_tflm.convert.packing_depthwise import unpack_depthwise
from kws_tflm.convert.rule import SparsifyRule, choose
from kws_tflm.errors import ModelError


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    operator = draw(st.sampled_from([CONV, DEPTHWISE, FULLY_CONNECTED]))
    sides = [draw(st.integers(1, 9)), draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 11))]
    if operator == DEPTHWISE:
        sides[0] = 1
    if operator == FULLY_CONNECTED:
        sides[1] = sides[2] = 1
    weights = pruned(tuple(sides), draw(st.sampled_from([0.0, 0.2, 0.6, 1.0])), draw(st.integers(0, 99)))
    return layer(weights, operator, same=draw(st.booleans()))


@settings(max_examples=150, deadline=None)
@given(case=layers())
def test_every_form_that_suits_a_layer_stores_its_weights(case: Layer) -> None:
    for form in sparse_forms(case):
        if form.obstacle(case) is not None:
            continue
        packed = form.pack(case)
        assert form.bytes(case) == len(packed)
        assert 0.0 <= form.occupancy(case) <= 1.0
        assert all(value >= 0 for value in form.features(case).values())
        stored = (unpack_depthwise if case.operator == DEPTHWISE else unpack)(packed).weights
        np.testing.assert_array_equal(stored.ravel(), case.weights.ravel())


@settings(max_examples=50, deadline=None)
@given(case=layers())
def test_the_installed_cost_model_prices_every_form(case: Layer) -> None:
    forms = sparse_forms(case)
    found, refused = candidates(case, cost_model.installed(), forms)
    assert found[0].form is DENSE
    assert len(found) + len(refused) == 1 + len(forms)
    assert all(candidate.cycles >= 0 and candidate.bytes > 0 for candidate in found)
    assert not any("cost model" in reason for reason in refused.values())


def test_a_convolution_over_its_whole_input_takes_the_forms_of_a_fully_connected_layer() -> None:
    whole = layer(pruned((6, 7, 5, 4), 0.5), same=False)
    assert whole.is_single_position
    assert sparse_forms(whole) == FORMS[FULLY_CONNECTED]
    packed = unpack(form_of("block_1x4", whole).pack(whole))
    assert packed.weights.shape == (6, 1, 1, 140)
    assert not layer(pruned((6, 7, 5, 4), 0.5), same=True).is_single_position


def test_n_of_m_needs_its_pattern() -> None:
    weights = np.zeros((4, 1, 1, 8), np.int8)
    weights[..., ::4] = 3
    weights[..., 1::4] = 5
    assert form_of("n_of_m_2_4", layer(weights)).obstacle(layer(weights)) is None
    assert "1:4" in (form_of("n_of_m_1_4", layer(weights)).obstacle(layer(weights)) or "")


def test_fewer_stored_blocks_cost_less() -> None:
    found = [features("block_1x4", layer(pruned((16, 1, 1, 16), density)))["block"] for density in (0.05, 0.3, 1.0)]
    assert found == sorted(found)
    assert found[0] < found[-1]


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(ModelError, match=r"'block_4'.*block_1x4"):
        form_of("block_4", layer(pruned((4, 1, 1, 4), 1.0)))
    with pytest.raises(ModelError, match="DEPTHWISE_CONV_2D has no form 'index_list'"):
        form_of("index_list", layer(pruned((1, 3, 3, 4), 1.0), DEPTHWISE))


def candidate(method: str, cycles: int, size: int) -> Candidate:
    return Candidate(DENSE, method, 1.0, cycles, size)


@pytest.mark.parametrize(
    ("objective", "method"), [("cycles", "fast"), ("flash", "small"), ("balanced", "both")]
)  # fmt: skip
def test_each_objective_has_its_choice(objective: str, method: str) -> None:
    found = [candidate("dense_m7", 100, 100), candidate("fast", 40, 90), candidate("small", 90, 40),
             candidate("both", 50, 50)]  # fmt: skip
    assert choose(found, SparsifyRule(objective))[0].method == method


def test_dense_stays_within_the_margin_and_the_reason_says_what_was_given_up() -> None:
    found = [candidate("dense_m7", 100, 100), candidate("block_1x4", 98, 120)]
    chosen, reason = choose(found, SparsifyRule("cycles"))
    assert chosen.method == "dense_m7"
    assert reason == "block_1x4 would take 2% fewer cycles, 20% more bytes"
    assert choose(found, SparsifyRule("cycles", force=True))[0].method == "block_1x4"
    assert choose(found[:1], SparsifyRule())[1] == "no sparse form suits it"


def rows_of(coefficients: dict[str, float], count: int = 30, operator: str = "CONV_2D") -> list[dict[str, object]]:
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(count):
        values = {name: float(rng.integers(1, 10_000)) for name in coefficients}
        cycles = sum(coefficients[name] * value for name, value in values.items())
        rows.append({"operator": operator, "method": "block_1x4", "cycles": cycles, "features": values})
    return rows


def test_fit_finds_the_coefficients_behind_the_rows(tmp_path: Path) -> None:
    truth = {"call": 500.0, "block": 19.0, "output": 8.5}
    model = cost_model.fit([*rows_of(truth), {"operator": "CONV_2D", "method": "dense_cmsis_nn"}], CostModel())
    known = model.kernels["CONV_2D", "block_1x4"]
    assert known.rows == 30
    assert known.max_error < 1e-6
    assert known.cycles == pytest.approx(truth)
    cost_model.write(model, tmp_path / "model.toml")
    again = cost_model.load(tmp_path / "model.toml")
    assert again.cycles("KWS_SPARSE_CONV_2D", "block_1x4", {"block": 100.0}) == 1900
    assert "block_1x4" in (tmp_path / "model.toml").read_text().split("[")[0]


def test_a_fit_keeps_what_no_row_tells() -> None:
    prior = CostModel({("CONV_2D", "block_1x4"): Coefficients({"expand": 3.0}), ("CONV_2D", "x"): Coefficients({})})
    model = cost_model.fit(rows_of({"block": 19.0}), prior)
    assert model.cycles("CONV_2D", "block_1x4", {"expand": 2.0, "block": 1.0}) == 25
    assert ("CONV_2D", "x") in model.kernels


def test_what_was_not_measured_is_not_guessed() -> None:
    with pytest.raises(UnmeasuredError, match="no figures for new"):
        CostModel().cycles("CONV_2D", "new", {})
    with pytest.raises(UnmeasuredError, match="'expand' of block_1x4"):
        CostModel({("CONV_2D", "block_1x4"): Coefficients({})}).cycles("CONV_2D", "block_1x4", {"expand": 1.0})
    found, refused = candidates(layer(pruned((4, 1, 1, 4), 1.0)), _only_dense(), FORMS[CONV])
    assert [one.method for one in found] == ["dense_m7"]
    assert "cost model" in refused["block_1x4"]


def _only_dense() -> CostModel:
    return CostModel({key: value for key, value in cost_model.installed().kernels.items() if key[1] == "dense_m7"})


@pytest.mark.parametrize("content", [b"cycles = [", b"[A.b]\nrows = 1\n", b"A = 3\n", b"\xff"])
def test_a_damaged_cost_model_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged cost model"):
        cost_model.load(path)
    with pytest.raises(ModelError, match="no such cost model"):
        cost_model.load(tmp_path / "absent.toml")


def test_rows_without_features_are_refused() -> None:
    with pytest.raises(ModelError, match="no measured row"):
        cost_model.fit([])
    with pytest.raises(ModelError, match="no field 'cycles'"):
        cost_model.fit([{"operator": "CONV_2D", "method": "m", "features": {"call": 1.0}}])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), columns=st.integers(1, 7))
def test_least_squares_without_negative_coefficients(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    matrix, wanted = rng.normal(0, 1, (20, columns)), rng.normal(0, 1, 20)
    found = nonnegative_least_squares(matrix, wanted)
    assert found.min() >= 0
    # Karush-Kuhn-Tucker: no slope where a coefficient is free, none that could fall where it is zero.
    gradient = matrix.T @ (matrix @ found - wanted)
    np.testing.assert_allclose(gradient[found > 0], 0, atol=1e-8)
    assert gradient[found == 0].min(initial=0.0) > -1e-7
