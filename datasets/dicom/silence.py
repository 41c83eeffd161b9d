"""Libraries that quote headers in their warnings, kept silent while DICOM is read or written."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
    # Modules of the libraries log under names of their own, which a parent does not stop.
    loggers = [
        logging.getLogger(name)
        for name in [*logging.root.manager.loggerDict, *_LIBRARIES]
        if name.partition(".")[0] in _LIBRARIES
    ]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
