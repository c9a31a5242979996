"""The cycle model: what it says of short sequences, and that it changes nothing that a program computes."""

from pathlib import Path

import pytest
from board_results import finished, results

from kws_tflm.errors import BoardError
from kws_tflm.virtual_board import Board
from kws_tflm.virtual_board.pipeline import table
from kws_tflm.virtual_board.pipeline.decode import Decoder
from kws_tflm.virtual_board.pipeline.structures import OperationFlag
from kws_tflm.virtual_board.timing import TimingOptions


def _window(elf: Path, caches: str = "firmware"):
    board = Board(elf, timing=TimingOptions(caches))
    begins, ends = [], []
    board.add_marker(board.image.symbols["window_begin"], begins.append)
    board.add_marker(board.image.symbols["window_end"], ends.append)
    board.run(stop=lambda: finished(board), max_seconds=1)
    assert finished(board)
    return ends[-1] - begins[-1]


def _cycles_each(build, sequence: str) -> float:
    short, long = 8, 24
    counts = [_window(build("pipeline", f"-DCOUNT={n}", f'-DSEQUENCE="{sequence}"')).cycles for n in (short, long)]
    return (counts[1] - counts[0]) / (long - short)


# Published rules (sources: pipeline/cortex_m7.toml), cycles an execution of the sequence.
@pytest.mark.parametrize(
    ("sequence", "cycles"),
    [
        ("add.w r0, r1, r2\\n eor.w r3, r1, r2", 1),
        ("add.w r0, r0, r2\\n add.w r0, r0, r2", 2),
        ("smlad r0, r1, r2, r0\\n smlad r3, r1, r2, r3", 2),
        ("smlad r0, r1, r2, r0\\n ldr.w r3, [r8]", 1),
        ("ldr.w r0, [r8]\\n ldr.w r1, [r9]", 1),
        ("ldr.w r0, [r8]\\n ldr.w r1, [r8, #8]", 2),
        ("smlad r0, r1, r2, r0\\n str.w r3, [r8]", 2),
        ("str.w r0, [r8]\\n str.w r1, [r9]", 2),
        ("ldr.w r0, [r8]\\n nop.w\\n add.w r1, r0, r2\\n nop.w", 2),
        ("uxtb.w r0, r1\\n uxtb.w r2, r3", 2),
        ("ldrd r0, r1, [r8]\\n nop.w\\n nop.w", 2),
        ("add.w r0, r1, r2, lsl #3\\n add.w r3, r1, r2, lsl #3", 2),
        ("str.w r0, [r8]\\n ldr.w r0, [r8]", 4),
        ("strb.w r0, [r8]\\n ldrh.w r0, [r8]", 4),
        ("str.w r0, [r8]\\n ldr.w r0, [r8, #4]", 1),
        ("str.w r0, [r8]\\n ldrd r0, r1, [r8]", 5),
        ("uxtb.w r1, r2\\n ldr.w r0, [r8, #1]", 5),
        ("ssat r0, #8, r0", 3),
    ],
)
def test_sequences(build, sequence, cycles):
    assert _cycles_each(build, sequence) == pytest.approx(cycles, abs=0.13)


def test_a_dependent_load_takes_longer_than_an_independent_one(build):
    independent = _cycles_each(build, "ldr.w r0, [r8]\\n nop.w\\n mul r1, r2, r3\\n nop.w")
    dependent = _cycles_each(build, "ldr.w r0, [r8]\\n nop.w\\n mul r1, r0, r3\\n nop.w")

    assert dependent > independent


def test_a_loaded_offset_takes_longer_than_a_loaded_base(build):
    base = _cycles_each(build, "ldr.w r0, [r8]\\n nop.w\\n and.w r0, r0, #0\\n nop.w\\n ldr.w r1, [r8, r0]\\n nop.w")
    offset = _cycles_each(build, "ldr.w r0, [r8]\\n nop.w\\n ldr.w r1, [r8, r0]\\n nop.w")

    assert offset == pytest.approx(4, abs=0.13)
    assert base == pytest.approx(4, abs=0.13)


def test_window_counts_instructions_exactly_and_stalls_by_cause(build):
    window = _window(build("pipeline", "-DCOUNT=16", '-DSEQUENCE="ldr.w r0, [r8]\\n mul r1, r0, r3"'))

    assert window.instructions == 33  # and the branch to the end
    assert window.stalls["load_use"] > 0
    assert window.cycles >= sum(window.stalls.values())


def test_without_caches_fetching_from_flash_waits(build):
    elf = build("pipeline", "-DCOUNT=64", '-DSEQUENCE="add.w r0, r1, r2"')

    assert _window(elf, "off").cycles > 1.5 * _window(elf, "on").cycles


@pytest.mark.parametrize("count", [20, 150])
def test_banks_are_known_to_a_marker_inside_a_block_and_beyond_its_64th_operation(build, count):
    same = _window(build("pipeline", f"-DCOUNT={count}", '-DSEQUENCE="ldr.w r0, [r8]\\n ldr.w r1, [r8, #8]"'))
    other = _window(build("pipeline", f"-DCOUNT={count}", '-DSEQUENCE="ldr.w r0, [r8]\\n ldr.w r1, [r8, #4]"'))

    assert same.cycles - other.cycles == pytest.approx(count, abs=2)


def test_markers_inside_a_block_add_up(build):
    elf = build("pipeline", "-DCOUNT=40", '-DSEQUENCE="ldr.w r0, [r8, #1]\\n ldr.w r1, [r9]"')
    board = Board(elf, timing=TimingOptions())
    seen = []
    begin = board.image.symbols["window_begin"]
    for address in (begin, begin + 8 * 10, begin + 8 * 35, board.image.symbols["window_end"]):
        board.add_marker(address, seen.append)
    board.run(stop=lambda: finished(board), max_seconds=1)

    cycles = [after.cycles - before.cycles for before, after in zip(seen[-4:], seen[-3:], strict=False)]
    assert cycles == pytest.approx([50, 125, 25], abs=2)


@pytest.mark.parametrize("image", ["conditional", "stores", "counting"])
def test_the_program_computes_the_same_with_and_without_the_model(build, image):
    # Hooked accesses in IT blocks once made Unicorn skip what followed the block.
    elf = build(image, "-DMEMORY=0x20020000") if image == "stores" else build(image)
    boards = [Board(elf), Board(elf, timing=TimingOptions())]
    for board in boards:
        board.run(stop=lambda board=board: finished(board), max_seconds=1)

    assert all(finished(board) for board in boards)
    assert boards[0].instructions == boards[1].instructions
    if image == "conditional":
        assert results(boards[0], 1) == results(boards[1], 1)


def test_the_same_image_gives_the_same_count_twice(build):
    elf = build("pipeline", "-DCOUNT=16", '-DSEQUENCE="ldr.w r0, [r8]\\n mul r1, r0, r3"')

    assert _window(elf) == _window(elf)


def test_an_instruction_without_timing_is_named():
    decoder = Decoder(table.load())

    with pytest.raises(BoardError, match=r"0x08000000: .* not an instruction"):
        decoder.block(0x08000000, bytes.fromhex("ffffffff"))
    with pytest.raises(BoardError, match=r"no timing for `mcr.* at 0x08000000"):
        decoder.block(0x08000000, bytes.fromhex("07eef50f"))


def test_decoding_knows_reads_writes_and_branches():
    decoder = Decoder(table.load())
    # push {r4, lr}; ldr r0, [r4, r0]; beq .; bx lr
    operations = decoder.block(0x08000000, bytes.fromhex("10b52058fed07047"))

    push, load, branch, leave = operations
    assert push.accesses == 2
    assert push.flags & OperationFlag.STORE
    assert {source.reg for source in load.sources[: load.source_count]} == {0, 4}
    assert [load.destinations[i].reg for i in range(load.destination_count)] == [0]
    assert branch.flags & OperationFlag.CONDITIONAL
    assert leave.flags & OperationFlag.RETURN


def test_counting_alone_knows_no_blocks(build):
    board = Board(build("counting"))

    with pytest.raises(BoardError, match="only counts instructions"):
        board.block_profile()


def test_caches_is_one_of_three():
    with pytest.raises(BoardError, match="must be firmware, on or off"):
        TimingOptions(caches="maybe")
