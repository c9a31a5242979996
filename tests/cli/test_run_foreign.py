"""`kws-tflm run --elf` with an image that is no firmware of this project."""

import json
import subprocess
from pathlib import Path

import pytest

from kws_tflm.cli.main import main

IMAGES = Path(__file__).parents[1] / "virtual_board" / "images"
FLAGS = ["-O2", "-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "--specs=rdimon.specs"]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A newlib program that ends with the code in its name."""

    def make(code: int) -> str:
        target = tmp_path_factory.mktemp("foreign") / "program.elf"
        source, script = IMAGES / "newlib.c", IMAGES / "newlib.ld"
        command = ["arm-none-eabi-gcc", *FLAGS, f"-DEXIT_CODE={code}", str(source), "-T", str(script)]
        done = subprocess.run([*command, "-o", str(target)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return str(target)

    return make


def test_output_and_exit_code_are_those_of_the_program(program, capsys):
    assert main(["run", "--elf", program(0)]) == 0
    out = capsys.readouterr().out
    assert "arguments 1 program.elf\n" in out
    assert "ended with code 0" in out.splitlines()[-1]
    assert main(["run", "--elf", program(3)]) == 3
    assert main(["run", "--elf", program(256)]) == 1


def test_json_has_the_output(program, capsys):
    assert main(["run", "--elf", program(0), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["reason"], result["exit_code"]) == ("exit", 0)
    assert "heap 1" in result["output"]


def test_a_program_that_does_not_end_is_stopped(program, capsys):
    assert main(["run", "--elf", program(0), "--seconds", "0.001"]) == 0
    assert "still runs" in capsys.readouterr().out


def test_one_line_for_what_cannot_be(program, capsys):
    assert main(["run", "--elf", program(0), "--console", "USART9"]) == 2
    assert "no USART9" in capsys.readouterr().err
    assert main(["run", "--elf", program(0), "--seconds", "0"]) == 2
    assert "give more than 0" in capsys.readouterr().err
