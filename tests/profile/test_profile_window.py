"""A stretch of any image: where it begins and ends, and what is said when it does not."""

from __future__ import annotations

import json

import pytest

from kws_tflm.cli.main import main
from kws_tflm.errors import BoardError
from kws_tflm.profile import profile_window

INVOKE = "kws::ProfiledModel::Invoke"


def window(profiled, begin, end, **options):
    return profile_window(profiled.image.elf, begin, end, progress=lambda line: None, **options)


def test_the_second_inference_is_the_model_profile(profiled):
    total = profiled.profile.total
    # kws_tap: inference begin, two an operator, inference end; then the same for the second one.
    begin = 2 + 2 * len(profiled.profile.operators) + 1
    by_taps = window(profiled, "kws_tap", "_ZN3kws13ProfiledModel6InvokeEv", nth=begin)

    assert by_taps.total.instructions < 20
    assert by_taps.nth == begin
    between = window(profiled, INVOKE, INVOKE)
    assert between.total.instructions >= total.instructions


def test_functions_sum_to_the_window(profiled):
    profile = window(profiled, INVOKE, INVOKE)

    assert sum(f.instructions for f in profile.functions) == pytest.approx(profile.total.instructions, abs=200)
    assert sum(f.cycles for f in profile.functions) == pytest.approx(profile.total.cycles, rel=0.01)
    assert [f.cycles for f in profile.functions] == sorted((f.cycles for f in profile.functions), reverse=True)


def test_an_address_is_a_symbol_too(profiled):
    by_name = window(profiled, "kws_tap", "kws_tap")
    address = hex(profiled.image.elf and _address(profiled, "kws_tap"))

    assert window(profiled, address, address).total == by_name.total


def _address(profiled, symbol):
    from kws_tflm.virtual_board.elf_image import load

    return load(profiled.image.elf).require(symbol) & ~1


def test_unknown_symbol_names_the_nearest(profiled):
    with pytest.raises(BoardError, match=r"no symbol 'kws_tapp'; the nearest are kws_tap"):
        window(profiled, "kws_tapp", "main")


def test_a_begin_that_is_never_reached(profiled):
    with pytest.raises(BoardError, match=r"Fault_Handler is reached never before the run ends"):
        window(profiled, "Fault_Handler", "main")


def test_an_arrival_that_does_not_happen(profiled):
    with pytest.raises(BoardError, match=r"main is reached 1 times, not 2"):
        window(profiled, "main", INVOKE, nth=2)


def test_an_end_that_is_never_reached(profiled):
    with pytest.raises(BoardError, match=r"main is not reached after kws_tap"):
        window(profiled, "kws_tap", "main")


def test_the_limit_of_instructions(profiled):
    with pytest.raises(BoardError, match=r"within 5000 instructions.*--max-instructions"):
        window(profiled, INVOKE, INVOKE, max_instructions=5000)


def test_json_and_text(profiled, capsys):
    arguments = ["profile", "--symbols", str(profiled.image.elf), INVOKE, INVOKE]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {"instructions", "cycles", "ms", "stalls"} <= set(report["total"])
    assert {"name", "instructions", "cycles", "icache_misses"} <= set(report["functions"][0])

    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "CPI" in text
    assert max(len(line) for line in text.splitlines()) <= 200


def test_a_model_beside_symbols_is_refused(profiled, capsys):
    assert main(["profile", "model.tflite", "--symbols", str(profiled.image.elf), "a", "b"]) == 2
    assert "--symbols takes no MODEL" in capsys.readouterr().err
