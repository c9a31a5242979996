"""The cross compiler and CMake, run with progress and one-line errors."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_tflm.errors import FirmwareError, ToolMissingError

COMPILER = "arm-none-eabi-g++"
COMPILER_LINE = (
    "sudo apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib"  # Debian, Ubuntu
)
CMAKE_LINE = "sudo apt-get install cmake"
JOBS = 2

Progress = Callable[[str], None]
"""Takes one short line about what is going on."""

_STEP = re.compile(r"^\[\s*(\d+)(?:/(\d+)|%)\]")
_DIAGNOSTIC = re.compile(r"(?:fatal )?error: |undefined reference|region `\w+' overflowed|will not fit in region")


def show(line: str) -> None:
    """The default `Progress`: one line on stderr, rewritten in place on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def find_tool(name: str, install_line: str) -> str:
    """Path of a program on PATH or beside the running Python.

    Raises:
        ToolMissingError: with `install_line`.
    """
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise ToolMissingError(f"{name} is not installed; install it: {install_line}")
    return found


def cmake_build(source: Path, build: Path, settings: dict[str, str], title: str, progress: Progress = show) -> None:
    """Configure and build a CMake project for the target; nothing is compiled twice.

    Args:
        source: folder of its CMakeLists.txt.
        build: build folder; the complete output of the last run is in its `build.log`.
        settings: cache variables.
        title: what is being built, for progress and errors.

    Raises:
        ToolMissingError: CMake or the cross compiler is absent.
        FirmwareError: the first diagnostic of a build that failed.
    """
    cmake = find_tool("cmake", CMAKE_LINE)
    compiler_folder = str(Path(find_tool(COMPILER, COMPILER_LINE)).parent)
    build.mkdir(parents=True, exist_ok=True)
    configure = [cmake, "-S", str(source), "-B", str(build)]
    if not (build / "CMakeCache.txt").is_file():
        toolchain = source / "cmake" / "arm-none-eabi.cmake"
        if not toolchain.is_file():
            toolchain = source.parent / "cmake" / "arm-none-eabi.cmake"
        configure.append(f"-DCMAKE_TOOLCHAIN_FILE={toolchain}")
        ninja = shutil.which("ninja") or shutil.which("ninja", path=str(Path(sys.executable).parent))
        if ninja:
            configure += ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    configure += [f"-D{key}={value}" for key, value in settings.items()]
    environment = os.environ | {"PATH": f"{compiler_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    with (build / "build.log").open("w", encoding="utf-8") as log:
        for command in (configure, [cmake, "--build", str(build), "--parallel", str(JOBS)]):
            output = []
            for line in _run(command, environment):
                log.write(line)
                output.append(line.rstrip())
                step = _STEP.match(line)
                if step:
                    progress(f"{title}: {step[1]}{'/' + step[2] if step[2] else ' %'}")
            if output and output[-1].startswith("\0"):
                raise FirmwareError(f"{title}: {_first_diagnostic(output)}; see {build / 'build.log'}")
    progress("")


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keep other processes out of `folder` meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    """Lines of output; a last one that starts with NUL when the command failed."""
    with subprocess.Popen(
        command, env=environment, text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode != 0:
        yield f"\0{command[0]} ended with code {process.returncode}\n"


def _first_diagnostic(output: list[str]) -> str:
    for line in output:
        if _DIAGNOSTIC.search(line):
            return line.strip()
    cmake_error = next((i for i, line in enumerate(output) if line.startswith("CMake Error")), None)
    if cmake_error is not None:
        return " ".join(part.strip() for part in output[cmake_error : cmake_error + 3] if part.strip())
    return output[-1].lstrip("\0")
