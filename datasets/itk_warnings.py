"""ITK's own warnings kept off the terminal."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import SimpleITK

from shoulderseg.datasets.shared_silence import SharedSilence

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def silence_itk_warnings() -> Iterator[None]:
    """Silences ITK, which writes warnings to stderr with full paths; readers check what matters."""
    with _SILENCE.kept():
        yield


@contextmanager
def _silence() -> Iterator[None]:
    before = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        SimpleITK.ProcessObject.SetGlobalWarningDisplay(before)


_SILENCE = SharedSilence(_silence)
