"""Firmware images: generated sources, cross compilation, measured arena, flashing."""

from kws_tflm.firmware.boards import DEFAULT_BOARD, board_names
from kws_tflm.firmware.build import FirmwareImage, build
from kws_tflm.firmware.flash import FLASHERS, flash, flash_command
from kws_tflm.firmware.kernels import KERNELS
from kws_tflm.firmware.placement import Placement
from kws_tflm.firmware.placement import parse as parse_placement
from kws_tflm.firmware.profile_image import ProfileImage, build_profile
from kws_tflm.firmware.size import FirmwareSize, measure

__all__ = [
    "DEFAULT_BOARD",
    "FLASHERS",
    "KERNELS",
    "FirmwareImage",
    "FirmwareSize",
    "Placement",
    "ProfileImage",
    "board_names",
    "build",
    "build_profile",
    "flash",
    "flash_command",
    "measure",
    "parse_placement",
]
