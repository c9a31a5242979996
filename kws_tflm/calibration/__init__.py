"""Evidence for the cycle model: what it predicts beside what others measured on Cortex-M7 boards.

`page.measure(...)` runs the groups (`page.GROUPS`) on the virtual board and `report.write(...)` makes
docs/calibration.md and its plot. Figures of others stand in the TOML files here, each with its source.
"""
