"""Code, weights and arena in other memories: the image says so and computes the same."""

from __future__ import annotations

import pytest

from kws_tflm.errors import FirmwareError
from kws_tflm.firmware import Placement, build_profile, parse_placement
from kws_tflm.firmware.boards import read_board
from kws_tflm.profile import profile_model
from kws_tflm.virtual_board.elf_image import load

from .conftest import OUT

SEGMENTS = {"itcm": 0x00000400, "art": 0x00200000, "flash": 0x08000000, "dtcm": 0x20000000, "sram": 0x20020000}


def test_defaults_and_choices():
    assert parse_placement(None) == Placement()
    assert parse_placement("code=itcm,arena=sram") == Placement(code="itcm", arena="sram")
    assert Placement().suffix == ""
    assert parse_placement("weights=dtcm").suffix == "-weights_dtcm"


@pytest.mark.parametrize(
    ("text", "what"),
    [("heap=dtcm", "give code=MEMORY"), ("code=dtcm", "code can be in flash, art, itcm"), ("code", "code can be in")],
)
def test_what_cannot_be_placed(text, what):
    with pytest.raises(FirmwareError, match=what):
        parse_placement(text)


def test_an_arena_goes_to_sram_when_a_copied_model_leaves_no_room():
    board = read_board("nucleo_f767zi")

    assert Placement().resolved(board, 32768, 60000).arena == "dtcm"
    assert Placement(weights="dtcm").resolved(board, 32768, 60000).arena == "sram"
    assert Placement(arena="dtcm").largest_arena(board, 16384, 10) < Placement().largest_arena(board, 16384, 10)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["code=art,weights=dtcm", "code=itcm,arena=dtcm", "weights=sram,arena=sram"])
def test_the_same_result_from_another_memory(text, tiny_models, tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_models.sparse)
    placement = parse_placement(text)
    usual = profile_model(path, out_dir=OUT, progress=lambda line: None)

    moved = profile_model(path, placement=placement, out_dir=OUT, progress=lambda line: None)

    assert moved.output_crc == usual.output_crc
    assert moved.to_json()["placement"]["code"] == placement.code
    image = load(build_profile(path, placement=placement, out_dir=OUT, progress=lambda line: None).elf)
    kernel = next(f.start for f in image.functions if "RunSparseTile" in f.name)
    assert kernel - SEGMENTS[placement.code] in range(2 << 20)
    assert image.symbols["_model_start"] - SEGMENTS[placement.weights] in range(2 << 20)


@pytest.mark.slow
def test_what_does_not_fit_is_named(tiny_models, tmp_path):
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_models.sparse + bytes(128 * 1024))

    with pytest.raises(FirmwareError, match=r"no room for an arena \(code in flash, weights in dtcm, arena in dtcm\)"):
        build_profile(path, placement=parse_placement("weights=dtcm,arena=dtcm"), out_dir=OUT)
