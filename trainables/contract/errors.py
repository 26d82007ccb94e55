"""Why a trial fails. Each message is written for the user and names the file or value at fault."""

from __future__ import annotations


class TrialError(Exception):
    """A fault that a retry cannot mend; the trial fails at once and other trials go on."""


class DataError(TrialError):
    """An image or label that cannot be read, an empty folder, a label id outside the classes."""


class NonFiniteLossError(TrialError):
    """The loss became NaN or infinite."""


class OutOfMemoryError(TrialError):
    """The trial does not fit into the memory of its GPU, or of its machine."""


class RealRatioError(TrialError):
    """The share of real images that was trained on is not the one that was asked for."""
