"""Exception entry and return, priorities, masks, stacks, SysTick and sleep, in images that run on the board."""

import pytest
from board_results import finished, results, run_image

from kws_tflm.virtual_board import Board


def test_priorities_masks_and_float_context(build):
    board = run_image(build("exceptions"))

    order, floats_kept, services, masked, ipsr, control = results(board, 6)
    assert order == 13452  # 1 pre-empts 0; 2, of equal priority, waits for 1; then 0 ends
    assert floats_kept == 1
    assert services == 67  # SVC before the PendSV that it asks for
    assert masked == 85985  # PRIMASK, then BASEPRI, hold interrupt 2 back until they are lifted
    assert ipsr == 14
    assert control & 4  # FPCA: the interrupted thread uses the FPU again


def test_thread_on_the_process_stack(build):
    board = run_image(build("process_stack"))

    spsel_in_handler, on_main_stack, psp_kept, control_after, psp_balanced = results(board, 5)
    assert (spsel_in_handler, on_main_stack, psp_kept) == (0, 1, 1)
    assert control_after & 3 == 2
    assert psp_balanced == 1


def test_systick_period_is_exact(build):
    board = run_image(build("systick"))

    cycles, ticks, value_in_range = results(board, 3)
    assert ticks == 50
    assert 50_000 <= cycles < 50_100  # the 50th tick plus the way out of the loop
    assert value_in_range


def test_sleep_takes_no_instructions(build):
    board = run_image(build("systick", "-DSLEEP"))

    awake_cycles, _, _ = results(board, 3)
    assert awake_cycles < 1000  # the cycle counter stands still in WFI
    assert board.virtual_seconds == pytest.approx(1000 * 1000 / 16e6, rel=1e-3)
    assert board.instructions < 20_000


def test_two_runs_are_the_same(build):
    runs = [run_image(build("systick", "-DSLEEP")) for _ in range(2)]

    assert runs[0].instructions == runs[1].instructions
    assert runs[0].handler_instructions == runs[1].handler_instructions
    assert runs[0].virtual_seconds == runs[1].virtual_seconds


def test_instructions_are_counted_exactly(build):
    # 3 + 1000 * 4 + ... counted by hand in the image; the result does not depend on where slices end.
    whole = Board(build("counting"))
    whole.run(stop=lambda: finished(whole), max_seconds=1)
    sliced = Board(build("counting"))
    while not finished(sliced):
        sliced.run(max_instructions=7)

    taken = results(whole, 2)
    assert taken[1] == 4 * 1000 + 5
    assert results(sliced, 2) == taken
    assert sliced.instructions == whole.instructions


def test_asleep_for_ever_is_reported(build):
    board = Board(build("systick"))
    assert board.run(max_seconds=1).reason == "asleep"
    assert finished(board)
    assert board.virtual_seconds < 0.1
