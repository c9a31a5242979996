"""The published figures as data: complete, sourced, and turned into code that says what they mean."""

from __future__ import annotations

import pytest

from kws_tflm.calibration import dsp, integer, micro, same_code


def test_sequences_have_a_source_a_figure_and_a_name_of_their_own():
    sequences = micro.load()

    assert len(sequences) >= 60
    assert len({(s.group, s.name) for s in sequences}) == len(sequences)
    assert all(s.cycles > 0 and s.basis in micro.BASES and len(s.source) > 10 for s in sequences)
    assert {"ALU", "MAC", "load", "store", "multiple", "branch", "FPU", "bit field"} <= {s.group for s in sequences}


@pytest.mark.parametrize("loop", [False, True])
def test_assembly_holds_each_body_in_two_lengths(loop):
    closing = "\nsubs.w r12, r12, #1\nbne.w 9b" if loop else ""
    lengths = (100, 1100) if loop else (4, 14)
    sequence = micro.Sequence(
        "ALU", "x", "eor.w r0, r1, r2" + closing, 1.0, "rule", "someone", loop=loop, lengths=lengths
    )

    text = micro.assembly([sequence])

    for which, length in enumerate(lengths):
        body = text.split(f"seq_0_body_{which}_begin:")[1].split(f"seq_0_body_{which}_end:")[0]
        assert body.count("eor.w r0, r1, r2") == (1 if loop else length)
        assert body.rstrip().endswith("isb")


def test_a_baseline_is_a_second_variant():
    sequence = micro.Sequence("branch", "x", "nop.w\nnop.w", 1.0, "rule", "someone", baseline="nop.w")

    text = micro.assembly([sequence])

    assert "seq_0_base_0_begin:" in text
    assert "seq_0_base_1_end:" in text


def test_dsp_cases_name_their_source_and_compiler():
    cases, sources = dsp.load()

    assert {case.source for case in cases} <= set(sources)
    assert all({"text", "board", "compiler", "placement"} <= set(source) for source in sources.values())
    assert all(case.note for case in cases if not case.scored)


def test_dsp_program_measures_each_call_once_however_many_sources_it_has():
    cases, _ = dsp.load()

    program = dsp.program(cases)

    assert program.count("void case_arm_cfft_f32_1024_points(void)") == 1
    assert "{n}" not in program
    assert program.count("case_end();") == len({case.label for case in cases})


def test_integer_benchmarks_without_their_images_show_what_was_recorded(monkeypatch):
    monkeypatch.delenv(integer.IMAGES_VARIABLE, raising=False)

    rows = integer.run()

    assert rows
    assert all("built aside" in row.note and row.instructions > 0 and row.predicted > 0 for row in rows)


def test_the_measured_machine_code_covers_every_published_call(monkeypatch):
    monkeypatch.delenv(integer.IMAGES_VARIABLE, raising=False)

    rows = same_code.run()

    published = [case for case in dsp.load()[0] if case.source == "kv58" and "cmplx_mag_f32" not in case.name]
    assert [row.name for row in rows] == [case.name for case in published]
    assert all(row.note for row in rows if not row.scored)


def test_unscored_rows_say_why():
    assert all(entry.get("note") for entry in integer.load()["benchmark"] if not entry.get("scored", True))
