"""(being written)"""

import argparse

EXAMPLE = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the verb."""


def run(args: argparse.Namespace) -> int:
    """Not there yet."""
    raise NotImplementedError
