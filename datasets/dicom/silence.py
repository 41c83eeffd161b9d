"""Libraries that quote headers in their warnings, kept silent while DICOM is read or written."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shoulderseg.datasets.shared_silence import SharedSilence

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIBRARIES = ("pydicom", "highdicom")


@contextmanager
def silence_dicom_libraries() -> Iterator[None]:
    """Keeps pydicom and highdicom from warning and logging: they quote odd header values.

    A patient's name may stand in any of them, even in a UID. What matters is checked by ourselves.
    Every read and write of DICOM is to happen within this, and so is every use of a data set, since
    pydicom converts values when they are first asked for.
    """
    with _SILENCE.kept():
        yield


# Loggers that are silent now, and whether they were before.
_silent: dict[logging.Logger, bool] = {}


def _silence_loggers() -> None:
    # Modules of the libraries log under names of their own, which a parent does not stop.
    for name in [*logging.root.manager.loggerDict, *_LIBRARIES]:
        if name.partition(".")[0] in _LIBRARIES:
            logger = logging.getLogger(name)
            _silent.setdefault(logger, logger.disabled)
            logger.disabled = True


@contextmanager
def _silence() -> Iterator[None]:
    _silence_loggers()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in _silent.items():
            logger.disabled = disabled
        _silent.clear()


_SILENCE = SharedSilence(_silence, _silence_loggers)
