"""Summaries and the page."""

from __future__ import annotations

import pytest

from kws_tflm.calibration import report
from kws_tflm.calibration.page import Section
from kws_tflm.calibration.rows import Row, summarise


def _row(predicted: float, published: float, **kwargs) -> Row:
    return Row("g", f"r{predicted}", predicted, published, "someone's board", "measured", **kwargs)


def test_summary_counts_scored_rows_only():
    rows = [_row(110, 100), _row(95, 100), _row(88, 100), _row(300, 100, scored=False)]

    summary = summarise(rows)

    assert summary is not None
    assert (summary.rows, summary.within_10, summary.within_15) == (3, 2, 3)
    assert summary.median == pytest.approx(-0.05)
    assert summary.mean_absolute == pytest.approx((0.10 + 0.05 + 0.12) / 3)
    assert summary.worst.predicted == 88


def test_no_scored_row_no_summary():
    assert summarise([_row(1, 2, scored=False)]) is None


def test_page_has_every_row_with_its_error_and_the_plot(tmp_path):
    rows = (_row(12_000, 10_000), _row(5, 5), _row(1, 2, scored=False, note="another compiler"))
    page = tmp_path / "docs" / "calibration.md"

    report.write([Section("micro", "Sequences", "How.", rows)], page, "kws-tflm calibrate", "2026-11-21")

    text = page.read_text(encoding="utf-8")
    assert "| g | r12000 | 12,000 | 10,000 | +20.0 % |" in text
    assert "| g | r5 | 5 | 5 | 0.0 % |" in text
    assert "**not scored**; another compiler" in text
    assert "2026-11-21" in text
    assert (page.parent / "images" / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_json_holds_rows_and_summary():
    value = report.as_json([Section("dsp", "DSP", "", (_row(90, 100),))])

    assert value["dsp"]["rows"][0]["error"] == pytest.approx(-0.1)
    assert value["dsp"]["summary"]["worst"] == "r90"
