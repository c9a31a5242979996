"""What is measured, how it is pruned, and that one row comes out right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_tflm.bench.break_even import break_even
from kws_tflm.bench.image import BlobImage
from kws_tflm.bench.ops import layers, methods, selection, study
from kws_tflm.bench.ops.blob import blob_bytes, make_blob
from kws_tflm.bench.ops.cache import Cache
from kws_tflm.bench.ops.fitting import fit_cost_model
from kws_tflm.bench.ops.layers import CONV, LAYERS, find
from kws_tflm.bench.ops.measure import Measured
from kws_tflm.bench.ops.methods import METHODS
from kws_tflm.bench.ops.plots import write_plots
from kws_tflm.bench.ops.report import write_report
from kws_tflm.bench.ops.study import Row, Study
from kws_tflm.bench.ops.weights import blocks, draw, filter_rows, n_of_m, without_channels
from kws_tflm.cli import main
from kws_tflm.convert import cost_model
from kws_tflm.convert.packing import blocks_of
from kws_tflm.errors import KwsError

POINTWISE = "1x1x64x64@25x5"


def row(method: str, sparsity: float, cycles: int, shape: str = POINTWISE) -> Row:
    return Row(CONV, shape, sparsity, method, 2 * cycles, cycles, cycles - 1, 4000, 0.5, None, sparsity, 512000, 9000,
               {}, {"output": 8000.0})  # fmt: skip


@given(st.floats(0, 1), st.sampled_from([(1, 4), (2, 2), (4, 1)]))
def test_exactly_the_asked_share_of_blocks_is_zero(sparsity: float, block: tuple[int, int]) -> None:
    tensors = draw(find(POINTWISE))

    keep = blocks(tensors, sparsity, np.random.default_rng(1), block, False)

    occupied = np.any(blocks_of(tensors.pruned(keep).weights, block, False) != 0, axis=(2, 3))
    assert occupied.sum() == occupied.size - round(sparsity * occupied.size)


def test_the_other_groups_are_pruned_whole() -> None:
    tensors, rng = draw(find(POINTWISE)), np.random.default_rng(2)
    assert np.all(n_of_m(tensors, rng, 1, 4).reshape(-1, 4).sum(axis=1) == 1)
    depthwise = draw(find("3x3x64x64@25x5", layers.DEPTHWISE))
    rows = filter_rows(depthwise, 0.5, rng)
    assert np.all(rows.all(axis=2) == rows.any(axis=2))
    assert rows.mean() == 0.5
    assert without_channels(tensors, 0.75).weights.shape == (16, 1, 1, 64)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: f"{layer.name}-{layer.shape}")
def test_every_layer_is_reproducible_and_has_several_methods(layer: layers.Layer) -> None:
    first, second = (draw(layer, 3) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)
    assert first.zeros == 0
    assert sum(method.applies(layer) for method in METHODS) >= 4


def test_break_even_is_where_the_curve_stays_below() -> None:
    points = [(0.0, 30.0), (0.2, 10.0), (0.4, 20.0), (0.6, 10.0)]
    assert break_even(points, 15.0) == pytest.approx(0.5)
    assert break_even(points, 40.0) == 0.0
    assert break_even(points, 5.0) is None


def test_models_lie_on_cache_lines_where_the_header_says() -> None:
    models, address = [b"a" * 33, b"b" * 64], 0x08020000

    blob = make_blob(models, address)

    count, entries = np.frombuffer(blob, "<u4", 2)
    table = np.frombuffer(blob, "<u4", 2 * count, int(entries) - address).reshape(-1, 2)
    assert len(blob) == blob_bytes(models)
    for (start, size), model in zip(table, models, strict=True):
        assert start % 32 == 0
        assert blob[start - address : start - address + size] == model


def test_an_interrupted_cache_keeps_whole_lines(tmp_path: Path) -> None:
    path, result = tmp_path / "measured.jsonl", Measured(10, 20, 18, {"mac": 3}, 4096, "00c0ffee")
    Cache(path).put("key", result)
    path.write_text(path.read_text() + '{"key": "other", "instr')

    cache = Cache(path)
    assert cache.get("key") == result
    assert cache.get("other") is None
    cache.put("other", result)
    assert Cache(path).get("other") == result


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(KwsError, match="1x1x64x64@25x5"):
        selection.layers("3x3")
    with pytest.raises(KwsError, match="block_1x4"):
        selection.methods(["csr"])
    assert [method.name for method in selection.methods(["block_1x4"])] == ["dense_m7", "block_1x4"]


def test_page_and_plots_show_every_row(tmp_path: Path) -> None:
    rows = [row("dense_m7", s, 400_000) for s in layers.SWEEP]
    rows += [row("block_1x4", s, round(500_000 * (1 - s)) + 10_000) for s in layers.SWEEP]

    written = write_report(Study(rows, ["index_list is absent"]), tmp_path / "page.md")

    page = written[0].read_text()
    assert f"| {CONV} | {POINTWISE} | block_1x4 | 22 % | - |" in page
    assert "index_list is absent" in page
    assert all(path.stat().st_size for path in written)
    assert len(write_plots(rows, tmp_path / "plots")) == 1


def test_the_cost_model_is_fitted_to_the_rows(tmp_path: Path) -> None:
    path = fit_cost_model([row("block_1x4", 0.5, 80_000), row("structured", 0.5, 16_000)], tmp_path / "model.toml")

    model = cost_model.load(path)
    assert model.cycles(CONV, "block_1x4", {"output": 4000.0}) == pytest.approx(40_000, rel=0.01)
    assert model.kernels[CONV, "dense_m7"].rows == 1


def test_one_layer_on_the_board(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMSIS_NN_ROOT", raising=False)

    code = main.main(["bench", "ops", "--layer", "1x1x64x12@1x1", "--quick", "--json",
                      "--method", "block_1x4", "--method", "index_list"])  # fmt: skip

    found = json.loads(capsys.readouterr().out)["rows"]
    assert code == 0
    cells = {(entry["method"], entry["sparsity"]): entry for entry in found}
    assert set(cells) == {(m, s) for m in ("dense_m7", "block_1x4", "index_list") for s in layers.QUICK}
    pruned = cells["block_1x4", 0.75]
    assert pruned["operator"] == "FULLY_CONNECTED"
    assert pruned["shape"] == "1x1x64x12@1x1"
    assert pruned["ratio_to_dense"] == pytest.approx(pruned["cycles"] / cells["dense_m7", 0.75]["cycles"], abs=1e-4)
    assert pruned["cycles"] < cells["block_1x4", 0.0]["cycles"]
    assert pruned["bytes"] < cells["dense_m7", 0.75]["bytes"]


def test_a_wrong_output_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(study, "build_image", lambda kernels, progress: BlobImage.__new__(BlobImage))
    monkeypatch.setattr(Cache, "key", lambda self, image, model: "key")
    wrong = Measured(1, 1, 1, {}, 1, "00000000")
    monkeypatch.setattr(study, "measure", lambda image, models, done: [done(i, wrong) for i in range(len(models))])

    with pytest.raises(KwsError, match="dense_m7 of FULLY_CONNECTED 1x1x64x12@1x1 gives a wrong output"):
        study.run_study(layers=[find("1x1x64x12@1x1")], methods=METHODS[:1], quick=True,
                        progress=lambda line: None, cache=Cache(tmp_path / "none"))  # fmt: skip


def test_every_sparse_form_of_the_converter_is_measured() -> None:
    from kws_tflm.convert.candidates import FORMS

    known = {method.name for method in methods.METHODS}
    assert {form.method for forms in FORMS.values() for form in forms} <= known
