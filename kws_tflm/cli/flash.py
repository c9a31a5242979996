"""Build the firmware and write it to a connected board.

The first of st-flash, openocd and pyocd that is installed is used, or the one named with --tool.
"""

from __future__ import annotations

EXAMPLE = "example: kws-tflm flash runs/ten_words-0123456789ab --tool openocd --dry-run"
