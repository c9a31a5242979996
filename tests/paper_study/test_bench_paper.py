"""`kws-tflm bench paper`: the image, the numbers, the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kws_tflm.bench.paper import network, study
from kws_tflm.bench.paper.accuracy import SHIPPED, accuracies_of_sweep, read_accuracies
from kws_tflm.bench.paper.curves import curves, select
from kws_tflm.bench.paper.image import build_image
from kws_tflm.bench.paper.report import write_report
from kws_tflm.bench.paper.study import NETWORK, Row
from kws_tflm.cli.main import main
from kws_tflm.errors import DataError


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return study.run_study(build_image(), network.drawn(1), (0.0, 0.9))


def latency(rows: list[Row], element: str, method: str, sparsity: float) -> int:
    return next(
        r.cycles
        for r in rows
        if (r.layer, r.element, r.method, r.sparsity) == ("conv", element, method, sparsity)
        and r.pattern != "magnitude"
        and r.caches == "on"
    )


def test_every_method_is_measured_and_right(rows: list[Row]):
    """A wrong output ends the study with an error."""
    assert {row.element for row in rows} == {"float32", "int16", "int8"}
    assert {row.layer for row in rows} == {"conv", "fc1", "fc2", "fc3", "fc4", NETWORK}
    assert all(row.cycles > 0 and row.instructions > 0 and row.bytes > 0 for row in rows)


@pytest.mark.parametrize("element", ["float32", "int16", "int8"])
def test_order_of_the_methods_is_the_papers(rows: list[Row], element: str):
    dense = latency(rows, element, "dense", 0.0)
    assert latency(rows, element, "zero_skip", 0.9) > dense  # the loser that it is
    for method in ("index_list", "row_mask", "channels"):
        assert latency(rows, element, method, 0.9) < 0.5 * dense
    assert latency(rows, element, "weight_outer", 0.9) < dense
    assert latency(rows, element, "channels", 0.9) < latency(rows, element, "index_list", 0.9)


def test_caches_matter(rows: list[Row]):
    total = {c: sum(r.cycles for r in rows if r.layer == NETWORK and r.caches == c) for c in ("on", "off")}
    assert total["off"] > 1.5 * total["on"]


@pytest.mark.slow
def test_same_run_same_numbers(rows: list[Row]):
    again = study.run_study(build_image(), network.drawn(1), (0.0, 0.9))
    assert again == rows


def test_page_has_a_line_a_method(rows: list[Row], tmp_path: Path):
    accuracies = tmp_path / "accuracies.json"
    accuracies.write_text(
        json.dumps(
            {
                "facts": {"test clips": 750, "made": "yesterday"},
                "rows": [
                    {"granularity": "dense", "sparsity": 0.0, "accuracy": 0.9, "int8": 0.89},
                    {"granularity": "row", "sparsity": 0.9, "accuracy": 0.87, "int8": 0.86, "cycles": 123456},
                ],
            }
        )
    )
    written = write_report(rows, tmp_path / "page.md", {"made": "today"}, read_accuracies(accuracies))
    page = written[0].read_text(encoding="utf-8")
    assert "| int8 | row_mask_simd | magnitude | on |" in page
    assert "| kernel rows | float | 90.0% | 87.0% |" in page
    assert "| kernel rows | int8 | 89.0% | 86.0% |" in page
    assert "one standard error is 1.1 points" in page
    assert re.search(r"\| row_mask_simd \| 89.0%, \d\.\d{3} ms \| 86.0%, \d\.\d{3} ms \|", page)
    assert re.search(r"\| dense_simd \| 89.0%, \d\.\d{3} ms \| - \|", page)
    assert "| kernel rows | 90 % | 86.0% | 123,456 | 0.572 |" in page
    for image in written[1:]:
        assert f"(images/{image.name})" in page
        assert image.read_bytes().startswith(b"\x89PNG")


def test_break_even_is_interpolated():
    def point(sparsity: float, cycles: int, method: str = "index_list") -> Row:
        pattern = "random" if method == "index_list" else "none"
        return Row("conv", "int8", method, "weight", pattern, sparsity, "on", cycles=cycles)

    panel = select(
        curves([point(0.0, 150, "dense"), point(0.0, 200), point(0.5, 100), point(0.9, 50)]),
        layer="conv", element="int8", caches="on", pattern="random",
    )  # fmt: skip
    dense = panel["dense"].points[0]
    assert panel["index_list"].break_even(dense) == pytest.approx(0.25)
    assert panel["index_list"].break_even(point(0.0, 10)) is None
    assert panel["index_list"].break_even(point(0.0, 500)) == 0.0


def test_accuracies_come_from_a_sweep_of_the_papers_network(tmp_path: Path):
    def row(shape: str, sparsity: float, test: float, **more: object) -> dict[str, object]:
        accuracy = {stage: {"validation": 0.5, "test": test} for stage in ("float", "pruned", "int8")}
        plain = {"run": "r", "config": "c", "seed": 1, "filters": 186, "zeros": sparsity, "parameters": 119936}
        costs = {"cycles": 9, "instructions": 8, "model_bytes": 7, "arena_bytes": 6, "flash_bytes": 5, "epochs": 4}
        return {**plain, **costs, "shape": shape, "sparsity": sparsity, "accuracy": accuracy, "seconds": 1.0, **more}

    def sweep(*rows: dict[str, object]) -> Path:
        path = tmp_path / "sweep.json"
        told = {"name": "paper", "config": "c", "data": "/home/me", "clips": {"train": 2, "test": 3}, "complete": True}
        path.write_text(json.dumps({**told, "made": {"date": "today", "command": "/home/me"}, "rows": rows}))
        return path

    path = sweep(row("dense", 0.0, 0.9), row("1x1", 0.5, 0.8), row("1x1", 0.5, 0.7, seed=2), row("1x4", 0.9, 0.6))
    found = accuracies_of_sweep(path, "a subset")

    assert [(r.granularity, r.sparsity, r.int8) for r in found.rows] == [
        ("dense", 0.0, 0.9), ("weight", 0.5, 0.75), ("block_1x4", 0.9, 0.6),
    ]  # fmt: skip
    assert (found.facts["seeds"], found.facts["data"], found.facts["test clips"]) == ([1, 2], "a subset", 3)
    assert "/home" not in json.dumps(found.to_dict())
    with pytest.raises(DataError, match="not a sweep of the paper's network"):
        accuracies_of_sweep(sweep(row("dense", 0.0, 0.9, parameters=1)), "")


def test_the_projects_own_accuracies_can_be_read():
    own = read_accuracies(SHIPPED)

    assert own.find("dense", 0.0) is not None
    assert own.find("block_1x4", 0.75) is not None


@pytest.mark.parametrize("text", ["", "{}", '{"rows": [{"granularity": "blob", "sparsity": 0.1, "accuracy": 0.5}]}'])
def test_unusable_accuracies_are_one_line(tmp_path: Path, text: str):
    path = tmp_path / "accuracies.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"accuracies\.json"):
        read_accuracies(path)


@pytest.mark.slow
def test_command_prints_json(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "paper", "--quick", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    first = document["rows"][0]
    assert {"layer", "element", "method", "sparsity", "instructions", "cycles", "ms", "bytes"} <= first.keys()
    assert "Laplacian" in document["facts"]["weights"]


def test_unknown_benchmark_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "papr"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
