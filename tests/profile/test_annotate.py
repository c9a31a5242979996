"""`annotate`: what each instruction of a function did."""

from pathlib import Path

import pytest

from kws_tflm.cli.main import main
from kws_tflm.errors import BoardError
from kws_tflm.profile.annotate import annotate, text

_SOURCE = """
.syntax unified
.cpu cortex-m7
.thumb
.section .vectors, "a"
.word 0x20020000, start
.text
.global start, loop, unused
.thumb_func
.type start, %function
start: ldr r1, =0x20000000
 mov r0, #100
 bl loop
1: wfi
 b 1b
.size start, . - start
.pool
.thumb_func
.type loop, %function
loop: ldr.w r2, [r1]
 mul r3, r2, r2
 subs r0, r0, #1
 bne.w loop
 bx lr
.size loop, . - loop
.thumb_func
.type unused, %function
unused: bx lr
.size unused, . - unused
"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import subprocess

    folder = tmp_path_factory.mktemp("annotate")
    source = folder / "loop.s"
    source.write_text(_SOURCE)
    target = folder / "loop.elf"
    subprocess.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-m7", "-mthumb", "-nostdlib", "-Wl,--section-start=.vectors=0x08000000",
         "-Wl,-Ttext=0x08000100", "-Wl,-e,start", str(source), "-o", str(target)],
        check=True, capture_output=True,
    )  # fmt: skip
    return target


def test_lines_tell_executions_pairing_and_waits(elf):
    annotation = annotate(elf, "loop")

    load, multiply, subtract, branch, leave = annotation.lines
    assert [line.executions for line in annotation.lines] == [100, 100, 100, 100, 1]
    assert load.text.startswith("ldr")
    assert leave.text.startswith("bx")
    assert multiply.stalls["load_use"] == pytest.approx(1)  # a multiplicand waits one cycle more than an addend
    assert subtract.paired + branch.paired >= 1
    assert "load-use 1.00" in text(annotation)


def test_a_function_that_does_not_run_and_one_that_is_not_there(elf, capsys):
    with pytest.raises(BoardError, match="unused was not executed"):
        annotate(elf, "unused")

    assert main(["annotate", str(elf), "lop"]) == 2
    assert "the nearest are loop" in capsys.readouterr().err
