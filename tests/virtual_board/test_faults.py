"""Faults reach the firmware's handler and the host's report; what is not modelled is named."""

import pytest
from board_results import results

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board

FORCED, DEBUGEVT = 1 << 30, 1 << 31


@pytest.fixture
def faulting(build):
    """Runs images/faults.c; returns (board, result)."""

    def run(number, *options):
        board = Board(build("faults", f"-DFAULT={number}", *options))
        board.on_fault = lambda report: None
        return board, board.run(max_seconds=1.0)

    return run


@pytest.mark.parametrize(
    ("number", "cfsr", "hfsr", "what"),
    [
        (1, 1 << 9 | 1 << 15, FORCED, "access to 0x60000000"),
        (2, 1 << 16, FORCED, "undefined instruction 0xde07"),
        (3, 1 << 17, FORCED, "not Thumb"),
        (4, 1 << 9 | 1 << 15, FORCED, "access to 0x08001000 (flash+0x1000)"),
        (5, 1 << 19, FORCED, "FPU is off"),
        (6, 1 << 16, FORCED, "double-precision"),
        (7, 1 << 0, FORCED, "never executable"),
        (8, 0, DEBUGEVT, "breakpoint"),
        (9, 1 << 9 | 1 << 12 | 1 << 15, FORCED, "stack overflow"),
    ],
)
def test_fault_is_delivered_and_reported(faulting, number, cfsr, hfsr, what):
    _, result = faulting(number)

    assert result.reason == "fault"
    assert what in result.fault.what
    assert (result.fault.cfsr, result.fault.hfsr) == (cfsr, hfsr)
    assert "main+" in result.fault.called_from
    if number not in (3, 7):  # those two are elsewhere when they fault
        assert result.fault.where.startswith("culprit+")


def test_handler_of_the_firmware_sees_the_fault_status(faulting):
    board, result = faulting(1)

    assert results(board, 4) == [0xFA, result.fault.cfsr, result.fault.hfsr, 0x60000000]


def test_enabled_fault_has_its_own_handler(faulting):
    board, result = faulting(2, "-DENABLE")

    assert results(board, 1) == [0x05]
    assert result.fault.hfsr == 0


def test_fault_in_the_handler_locks_up(faulting):
    with pytest.raises(BoardError, match=r"locks up.*0x60000004.*report"):
        faulting(1, "-DAGAIN")


def test_report_prints_registers_status_and_function(faulting, capsys, build):
    board = Board(build("faults", "-DFAULT=1"))
    board.run(max_seconds=1.0)

    text = capsys.readouterr().err
    for part in ("culprit+", "main+", "r12", "xpsr", "PRECISERR BFARVALID", "FORCED", "Reset_Handler+"):
        assert part in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-DADDRESS=0x40000024"], "write of TIM2.0x24 is not modelled"),
        (["-DADDRESS=0x40000024", "-DREAD"], "read of TIM2.0x24 is not modelled"),
        (["-DADDRESS=0x40023894"], "RCC.0x94 is not modelled"),
        (["-DADDRESS=0x40026000"], "write of DMA1_LISR while the clock of DMA1 is off"),
        (["-DADDRESS=0x40023830", "-DVALUE=0", "-DREAD"], None),
        (["-DADDRESS=0xE0000000"], "ITM.0x00"),
        (["-DADDRESS=0x40002C00"], "WWDG.0x00"),
        (["-DADDRESS=0xE000ED14", "-DVALUE=0x40210"], "SCB_CCR = 0x00040210: bits 0x10 are not modelled"),
        (["-DADDRESS=0xE000ED10", "-DVALUE=4"], "SLEEPDEEP"),
        (["-DADDRESS=0x40023804", "-DVALUE=0x24003010"], None),
    ],
)
def test_access_that_is_not_modelled_is_named(build, options, message):
    board = Board(build("access", *options))

    if message is None:
        assert board.run(max_seconds=0.1).reason == "asleep"
        return
    with pytest.raises(BoardError, match=message) as caught:
        board.run(max_seconds=0.1)
    assert "; at touch+" in str(caught.value)
    assert "\n" not in str(caught.value)
