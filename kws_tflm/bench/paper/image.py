"""The bench image: built once; for each run its blob is written into a copy."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile

from kws_tflm.errors import FirmwareError
from kws_tflm.firmware.boards import project_root
from kws_tflm.firmware.toolchain import cmake_build, exclusive

BLOB_SYMBOL = "kws_study_blob"


class BenchImage:
    """`path` is the image without jobs, `blob_address` where the jobs go."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            elf = ELFFile(file)
            symbol = elf.get_section_by_name(".symtab").get_symbol_by_name(BLOB_SYMBOL)[0]
            self.blob_address = int(symbol["st_value"])
            self._blob_bytes = int(symbol["st_size"])
            self._offset = next(
                int(s["p_offset"]) + self.blob_address - int(s["p_vaddr"])
                for s in elf.iter_segments()
                if s["p_type"] == "PT_LOAD" and s["p_vaddr"] <= self.blob_address < s["p_vaddr"] + s["p_filesz"]
            )

    def with_blob(self, data: bytes, path: Path) -> Path:
        """Write a copy of the image with `data` in place to `path`."""
        if len(data) > self._blob_bytes:
            raise FirmwareError(f"{self.path}: has room for {self._blob_bytes} bytes of jobs, not {len(data)}")
        content = bytearray(self.path.read_bytes())
        content[self._offset : self._offset + len(data)] = data
        path.write_bytes(content)
        return path


def build_image() -> BenchImage:
    """Build the image, or take the one that is up to date.

    Raises:
        FirmwareError, ToolMissingError: it cannot be built.
    """
    root = project_root()
    folder = root / "build" / "firmware" / "bench_paper"
    with exclusive(folder):
        cmake_build(root / "stm32f7_app" / "bench_paper", folder, {}, "bench image")
        return BenchImage(folder / "kws_bench_paper.elf")
