"""The cycle model against the published measurements: what the page says must stay true."""

from __future__ import annotations

import pytest

from kws_tflm.calibration import dsp, micro
from kws_tflm.calibration.rows import Row, summarise


@pytest.fixture(scope="module")
def sequences(tmp_path_factory) -> list[Row]:
    return micro.run(tmp_path_factory.mktemp("micro"))


def test_sequences_come_out_as_boards_measured_them(sequences):
    summary = summarise(sequences)

    assert summary is not None
    assert summary.mean_absolute < 0.03
    assert summary.within_10 >= 0.95 * summary.rows


def test_each_sequence_runs_the_instructions_that_it_names(sequences):
    count = {row.name: row.instructions for row in sequences}

    assert count["two independent eor pair"] == 2
    assert count["loop of 40 instructions, predicted"] == 40


def test_the_same_image_gives_the_same_cycles_twice(sequences, tmp_path):
    again = micro.run(tmp_path)

    assert [row.predicted for row in again] == [row.predicted for row in sequences]


@pytest.mark.slow
def test_dsp_functions_are_near_published_counts(tmp_path):
    # Other compiler and library versions: half of the rows within a fifth is what can be asked.
    rows = [row for row in dsp.run(tmp_path) if row.scored]

    assert sorted(abs(row.error) for row in rows)[len(rows) // 2] < 0.20
