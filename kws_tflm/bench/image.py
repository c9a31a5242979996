"""Images with a region in flash that a benchmark fills: compiled once, written into a copy for each run."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile

from kws_tflm.errors import FirmwareError


class BlobImage:
    """`path` is the image as built, with an empty region; `blob_address` and `blob_bytes` say where that is."""

    def __init__(self, path: Path, symbol: str) -> None:
        self.path = path
        with path.open("rb") as file:
            elf = ELFFile(file)
            found = elf.get_section_by_name(".symtab").get_symbol_by_name(symbol)[0]
            self.blob_address = int(found["st_value"])
            self.blob_bytes = int(found["st_size"])
            self._offset = next(
                int(s["p_offset"]) + self.blob_address - int(s["p_vaddr"])
                for s in elf.iter_segments()
                if s["p_type"] == "PT_LOAD" and s["p_vaddr"] <= self.blob_address < s["p_vaddr"] + s["p_filesz"]
            )

    def with_blob(self, data: bytes, path: Path) -> Path:
        """Write a copy of the image with `data` in place to `path`.

        Raises:
            FirmwareError: the region is smaller than `data`.
        """
        if len(data) > self.blob_bytes:
            raise FirmwareError(f"{self.path}: has room for {self.blob_bytes} bytes, not {len(data)}")
        content = bytearray(self.path.read_bytes())
        content[self._offset : self._offset + len(data)] = data
        path.write_bytes(content)
        return path
