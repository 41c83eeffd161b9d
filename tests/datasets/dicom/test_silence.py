"""Libraries that quote headers say nothing while DICOM is read or written."""

from __future__ import annotations

import logging
import re
import warnings
from pathlib import Path

import pydicom
import pytest

from shoulderseg.datasets.dicom.silence import silence_dicom_libraries

ROOT = Path(__file__).parents[3]
# What opens, decodes or writes DICOM.
_USES = re.compile(r"\b(dcmread|dcmwrite|save_as|pixel_array|highdicom\.seg\.Segmentation\()")


@pytest.mark.parametrize(
    "name", ["pydicom", "pydicom.pixels.utils", "highdicom", "highdicom.seg.sop"]
)
def test_no_logger_of_theirs_is_heard(name: str, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger(name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with silence_dicom_libraries():
            with silence_dicom_libraries():
                logger.error("1.2.9988770 is odd")
            logger.error("1.2.9988770 is odd")
            pydicom.Dataset().StudyInstanceUID = "1.2.09988770"
    assert caplog.text == ""
    assert caught == []
    logger.error("heard again")
    assert "heard again" in caplog.text


def test_every_use_of_dicom_is_silenced() -> None:
    folders = ("datasets", "workflows", "evaluation", "cli", "nnunet_ext", "refine")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    using = [path for path in files if _USES.search(path.read_text(encoding="utf-8"))]
    assert len(using) >= 5
    loud = [
        path.relative_to(ROOT).as_posix()
        for path in using
        if "silence_dicom_libraries()" not in path.read_text(encoding="utf-8")
    ]
    assert loud == []


def test_silences_that_overlap_last_until_the_last_ends() -> None:
    """As those of two threads do."""
    loggers = [logging.getLogger(name) for name in ("pydicom", "highdicom")]
    before = [logger.disabled for logger in loggers]
    first, second = silence_dicom_libraries(), silence_dicom_libraries()
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)

    assert all(logger.disabled for logger in loggers)
    second.__exit__(None, None, None)
    assert [logger.disabled for logger in loggers] == before
