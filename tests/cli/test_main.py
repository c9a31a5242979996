"""The one place where errors become one line and an exit code."""

import errno
import os
import subprocess
import sys

import pytest

import kws_tflm
from kws_tflm.cli import main as cli
from kws_tflm.errors import BoardError, KwsError


def outcome(monkeypatch, capsys, error, *extra):
    """Let the verb `info` raise `error`."""

    def fail(_args):
        raise error

    monkeypatch.setattr("kws_tflm.cli.info.run", fail)
    code = cli.main(["info", *extra])
    return code, capsys.readouterr().err


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_with_an_example(verb, capsys):
    assert cli.main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"example: kws-tflm {verb}" in text
    assert "--traceback" in text


@pytest.mark.parametrize("verb", [v for v in cli.VERBS if v not in ("flash",)])
def test_every_verb_that_reports_has_json(verb, capsys):
    cli.main([verb, "--help"])
    assert "--json" in capsys.readouterr().out


def test_help_without_a_verb_lists_all(capsys):
    assert cli.main([]) == 2
    text = capsys.readouterr().out
    assert all(f"  {verb} " in text for verb in cli.VERBS)


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert kws_tflm.__version__ in capsys.readouterr().out


@pytest.mark.parametrize(("typo", "meant"), [("trian", "train"), ("convrt", "convert"), ("monitr", "monitor")])
def test_unknown_verb_names_the_nearest(typo, meant, capsys):
    assert cli.main([typo, "--config", "x"]) == 2
    assert f"did you mean '{meant}'" in capsys.readouterr().err


def test_unknown_option_names_the_nearest(capsys):
    assert cli.main(["monitor", "--prot", "/dev/x"]) == 2
    assert "did you mean --port?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KwsError("wrong"), 2, "error: wrong"),
        (BoardError("line one\nline two"), 2, "error: line one"),
        (KeyboardInterrupt(), 130, "interrupted; run the same command again"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/a"), 74, "disk full while writing runs/a"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 74, "disk full"),
        (OSError("1088000 requested and 903104 written"), 74, "disk full"),
        (RuntimeError("HDF5: write failed: No space left on device"), 74, "disk full"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), 74, "runs: permission denied"),
        (MemoryError(), 74, "out of memory"),
        (ZeroDivisionError("division by zero"), 70, "internal error: ZeroDivisionError: division by zero"),
    ],
)
def test_errors_are_one_line(monkeypatch, capsys, error, code, words):
    got, text = outcome(monkeypatch, capsys, error)
    assert got == code
    assert text.startswith("kws-tflm: ")
    assert text.count("\n") == 1
    assert words in text


def test_disk_full_is_seen_through_a_library_error(monkeypatch, capsys):
    wrapped = ValueError("could not save")
    wrapped.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert outcome(monkeypatch, capsys, wrapped)[0] == 74


@pytest.mark.parametrize("arguments", [("--traceback",)])
def test_traceback_on_request(monkeypatch, capsys, arguments):
    code, text = outcome(monkeypatch, capsys, KwsError("wrong"), *arguments)
    assert code == 2
    assert "Traceback" in text
    assert text.rstrip().endswith("kws-tflm: error: wrong")


def test_a_reader_that_goes_away_is_no_error():
    script = (
        "import sys; from kws_tflm.cli import main as cli\n"
        "def run(args):\n"
        "    for i in range(100000): print('line', i)\n"
        "    return 0\n"
        "import kws_tflm.cli.info as info; info.run = run\n"
        "sys.exit(cli.main(['info']))\n"
    )
    read_end, write_end = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", script], stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    os.read(read_end, 100)
    os.close(read_end)
    assert process.communicate(timeout=20)[1] == b""
    assert process.returncode == cli.EXIT_BROKEN_PIPE


def test_starting_up_imports_nothing_heavy():
    script = (
        "import sys; from kws_tflm.cli.main import build_parser; build_parser(); "
        "print([m for m in ('numpy', 'tensorflow', 'unicorn', 'matplotlib', 'serial') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"
