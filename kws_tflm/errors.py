"""One tree of exceptions, caught in one place (`kws_tflm.cli.main`).

Every message is one line that says what is wrong, where, and what to do. The command line prints it
after ``kws-tflm: error:`` and leaves with `exit_code`; a traceback is shown only on request.
"""

from __future__ import annotations


class KwsError(Exception):
    """Base of every error that a user can cause or cure.

    `message` must be a single line: *what*, *where*, *what to do*.
    """

    exit_code = 2


class ConfigError(KwsError):
    """A configuration file is missing, unreadable, or has a wrong key or value."""


class MismatchError(KwsError):
    """Two artefacts that must come from the same configuration do not."""


class DataError(KwsError):
    """A data set folder is missing, incomplete or malformed."""


class AudioError(DataError):
    """A recording cannot be used: missing, truncated, wrong rate, not mono, too short."""


class TrainingError(KwsError):
    """Training cannot go on: the loss is not finite, a class is empty, the disk is full."""


class ModelError(KwsError):
    """A model file is corrupt, of the wrong type, or has operators that are not supported."""


class FormatError(ModelError):
    """A packed sparse-weight buffer violates its format."""


class FirmwareError(KwsError):
    """The firmware could not be generated, built or sized."""


class ToolMissingError(KwsError):
    """An external program is needed and absent; the message has the line that installs it."""


class BoardError(KwsError):
    """The virtual board met something it does not model, or the firmware faulted."""


class ConsoleError(KwsError):
    """The serial transport failed: no such port, port gone, not permitted."""


class ParityError(KwsError):
    """Two stages that must agree byte for byte differ."""
