"""The built image: vectors, instruction set, sizes, reproducibility."""

from __future__ import annotations

import struct
import subprocess

import pytest
from elftools.elf.elffile import ELFFile

from kws_tflm.errors import FirmwareError, ToolMissingError
from kws_tflm.firmware import build, measure
from kws_tflm.firmware.boards import read_board

from .conftest import OUT

pytestmark = pytest.mark.slow
FLASH, DTCM = 0x08000000, 0x20000000
FLASH_LIMIT_WITHOUT_MODEL = 82 * 1024


def sections(elf):
    with elf.open("rb") as file:
        return {section.name: (section["sh_addr"], section.data()) for section in ELFFile(file).iter_sections()}


def symbols(elf):
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def tool(elf, name, *arguments):
    return subprocess.run(
        [f"arm-none-eabi-{name}", *arguments, str(elf)], capture_output=True, text=True, check=True
    ).stdout


def test_vectors_stand_at_the_start_of_flash(tiny_firmware):
    elf = tiny_firmware.image.elf
    address, data = sections(elf)[".vectors"]
    names = symbols(elf)
    stack, reset = struct.unpack_from("<II", data)

    assert address == FLASH
    assert len(data) == 4 * (16 + 110)
    assert stack == names["_stack_top"] == DTCM + 8192
    assert reset == names["Reset_Handler"] | 1
    assert struct.unpack_from("<I", data, 4 * (16 + 14))[0] == names["DMA1_Stream3_IRQHandler"]
    assert struct.unpack_from("<I", data, 4 * (16 + 39))[0] == names["USART3_IRQHandler"]


def test_no_double_precision_instruction(tiny_firmware):
    assert ".f64" not in tool(tiny_firmware.image.elf, "objdump", "-d")


def test_nothing_heavy_is_linked(tiny_firmware):
    names = tool(tiny_firmware.image.elf, "nm", "-C")

    for heavy in (
        "printf",
        "iostream",
        "malloc",
        "_sbrk",
        "__cxa_throw",
        "std::string",
        "AllOpsResolver",
        "Register_SVDF",
    ):
        assert heavy not in names


def test_only_used_kernels_are_linked(tiny_firmware):
    names = tool(tiny_firmware.image.elf, "nm", "-C")

    assert "SparseConv2d" in names
    for other in ("ops::micro::activations::Logistic", "ops::micro::conv::", "SparseConv2dReference"):
        assert other not in names


def test_memory_limits(tiny_firmware):
    image, size = tiny_firmware.image, measure(tiny_firmware.image.elf)

    assert size.flash_bytes == image.flash_bytes
    assert image.flash_bytes - image.model_bytes < FLASH_LIMIT_WITHOUT_MODEL
    assert image.flash_bytes == pytest.approx(image.bin.stat().st_size, abs=64)
    assert image.bss_bytes + image.data_bytes < 100 * 1024
    assert image.arena_used <= image.arena_bytes <= image.arena_used + 1024


def test_no_machine_path_is_in_the_image(tiny_firmware):
    for path in (OUT.parents[2], tiny_firmware.model_path.parent):
        assert str(path).encode() not in tiny_firmware.image.bin.read_bytes()


def test_building_again_changes_nothing(tiny_firmware):
    elf = tiny_firmware.image.elf
    before = elf.stat().st_mtime_ns

    again = build(tiny_firmware.model_path, out_dir=OUT, progress=lambda line: None)

    assert again == tiny_firmware.image
    assert elf.stat().st_mtime_ns == before


def build_other(tiny_firmware, arena_bytes):
    """For the other board: a folder of its own, TFLM shared."""
    return build(tiny_firmware.model_path, "nucleo_f746zg", OUT, arena_bytes, progress=lambda line: None)


def test_another_board_is_another_folder_only(tiny_firmware):
    image = build_other(tiny_firmware, 16384)

    board = read_board("nucleo_f746zg")
    assert symbols(image.elf)["_dma_end"] == 0x20010000 + board.sram_bytes
    assert DTCM <= sections(image.elf)[".arena"][0] < DTCM + board.dtcm_bytes
    assert b"nucleo_f746zg" in image.bin.read_bytes()


def test_a_large_arena_goes_to_sram(tiny_firmware):
    image = build_other(tiny_firmware, 200 * 1024)

    assert 0x20010000 <= sections(image.elf)[".arena"][0] < 0x2004C000


def test_an_arena_that_does_not_fit_is_one_line(tiny_firmware):
    with pytest.raises(FirmwareError) as caught:
        build_other(tiny_firmware, 1 << 20)
    assert "\n" not in str(caught.value)
    assert "SRAM" in str(caught.value)


def test_a_missing_compiler_gets_its_install_line(tiny_firmware, monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name, path=None: None if "arm-none" in name else f"/bin/{name}")

    with pytest.raises(ToolMissingError, match="apt-get install gcc-arm-none-eabi"):
        build(tiny_firmware.model_path, out_dir=tmp_path, progress=lambda line: None)
