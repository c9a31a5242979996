"""Memory of a firmware image, from its ELF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from kws_tflm.errors import FirmwareError


@dataclass(frozen=True)
class FirmwareSize:
    """Bytes. `bss_bytes` holds everything in RAM without initial contents: stack, arena and DMA buffer too."""

    text_bytes: int
    """Code and constants, the model among them."""
    data_bytes: int
    """Initialised variables: in flash and in RAM."""
    bss_bytes: int

    @property
    def flash_bytes(self) -> int:
        """What the image takes in flash."""
        return self.text_bytes + self.data_bytes

    @property
    def ram_bytes(self) -> int:
        """What the image takes in RAM."""
        return self.data_bytes + self.bss_bytes


def measure(elf: Path) -> FirmwareSize:
    """Sizes of the allocated sections of `elf`.

    Raises:
        FirmwareError: no such file, or not an ELF.
    """
    text = data = bss = 0
    try:
        with elf.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                if not section["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                    continue
                if section["sh_type"] == "SHT_NOBITS":
                    bss += section["sh_size"]
                elif section["sh_flags"] & SH_FLAGS.SHF_WRITE:
                    data += section["sh_size"]
                else:
                    text += section["sh_size"]
    except OSError as error:
        raise FirmwareError(
            f"{elf}: cannot be read ({(error.strerror or 'unreadable').lower()}); build it first"
        ) from None
    except ELFError as error:
        raise FirmwareError(f"{elf}: not an ELF image ({error}); build it again") from None
    return FirmwareSize(text, data, bss)
