"""Unicorn translates each block of code once; stores to data do not make it translate code again."""

import pytest
from board_results import finished
from unicorn import UC_HOOK_EDGE_GENERATED

from kws_tflm.virtual_board import Board


@pytest.mark.parametrize("memory", [0x00000000, 0x20000000, 0x20020000, 0x2007C000])
def test_stores_do_not_invalidate_code(build, memory):
    # With the memories mapped in another order a store to DTCM+x invalidated the code at flash+x.
    board = Board(build("stores", f"-DMEMORY=0x{memory:08x}"))
    translations = []
    engine = board._machine.cpu.engine
    engine.hook_add(UC_HOOK_EDGE_GENERATED, lambda engine, block, previous, user: translations.append(block.pc))

    board.run(stop=lambda: finished(board), max_seconds=1)

    assert finished(board)
    assert len(translations) == len(set(translations))
