"""TFLM_ROOT, the prefix of a built TFLM: what CMake and Python say about one that is incomplete.

Whether the glue gives the same bytes with such a TFLM is the matter of all other tests of this folder, which link
what TFLM_ROOT names when it is set.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from host_library import ROOT

from kws_tflm.errors import ToolMissingError
from kws_tflm.firmware.kernels import choose
from kws_tflm.firmware.toolchain import CMAKE_LINE, find_tool

HEADER = "tensorflow/lite/micro/micro_log.h"
LIBRARY = "libtensorflow-microlite.a"
SHOW = """
foreach(_name TFLM_LIBRARY TFLM_INCLUDE_DIRS TFLM_SOURCES)
  message(STATUS "${_name}=${${_name}}")
endforeach()
"""


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def complete(root: Path, headers: str = "include", library: str = "lib") -> Path:
    touch(root / headers / HEADER)
    touch(root / library / LIBRARY)
    touch(root / "third_party" / "flatbuffers" / "include" / "flatbuffers" / "flatbuffers.h")
    return root


def configure(folder: Path, root: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "tflm_root.cmake"
    module = ROOT / "third_party" / "tflm" / "tflm.cmake"
    script.write_text(f'set(TFLM_ROOT "{root}" CACHE PATH "")\ninclude("{module}")\n{SHOW}', encoding="utf-8")
    command = [find_tool("cmake", CMAKE_LINE), "-P", str(script)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("headers", "library"), [("include", "lib"), (".", ".")])
def test_both_layouts_are_found(tmp_path: Path, headers: str, library: str) -> None:
    root = complete(tmp_path / "prefix", headers, library)
    output = configure(tmp_path, root).stdout
    found = dict(re.findall(r"^-- (\w+)=(.*)$", output, re.MULTILINE))
    assert Path(found["TFLM_LIBRARY"]).samefile(root / library / LIBRARY)
    folders = [Path(folder) for folder in found["TFLM_INCLUDE_DIRS"].split(";")]
    assert (folders[0] / HEADER).is_file()
    assert (folders[1] / "flatbuffers" / "flatbuffers.h").is_file()
    assert found["TFLM_SOURCES"] == ""
    assert choose("m7", {"TFLM_ROOT": str(root)}).tflm_root == root


@pytest.mark.parametrize("missing", [f"include/{HEADER}", f"lib/{LIBRARY}"])
def test_an_incomplete_prefix_is_named(tmp_path: Path, missing: str) -> None:
    root = complete(tmp_path / "prefix")
    (root / missing).unlink()
    result = configure(tmp_path, root)
    message = " ".join(result.stderr.split())
    assert result.returncode != 0
    assert "TFLM_ROOT must hold the headers of a current TensorFlow Lite Micro" in message
    assert f"it is '{root}'" in message
    with pytest.raises(ToolMissingError, match=rf"TFLM_ROOT=\S+ has no {re.escape(missing.split('/', 1)[1])}; it must"):
        choose("m7", {"TFLM_ROOT": str(root)})


def test_the_crate_is_the_default() -> None:
    linkage = choose("m7", {})
    assert linkage.tflm_root is None
    assert linkage.suffix == ""
    assert choose("m7", {"TFLM_ROOT": ""}).tflm_root is None
