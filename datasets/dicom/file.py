"""Opening of DICOM files, with or without the preamble and the file meta information.

Older exports of Siemens and GE scanners begin with the data set itself. Its encoding is then known
only from its bytes.
"""

from __future__ import annotations

from io import BufferedReader
from typing import TYPE_CHECKING

import pydicom
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.files import begins_with_data_set

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom import Dataset

_SYNTAX = {
    (True, True): ImplicitVRLittleEndian,
    (False, True): ExplicitVRLittleEndian,
    (False, False): ExplicitVRBigEndian,
}


def read_dataset(
    source: Path | BufferedReader, tags: Sequence[str] | None = None, *, pixels: bool = False
) -> Dataset:
    """Reads a DICOM file.

    Args:
        source: The file.
        tags: The tags to read; None for all.
        pixels: Whether to read the pixels and what comes after them.

    Returns:
        The data set. If the file does not state its transfer syntax, that of its encoding is
        filled in: without file meta information there is no compression.

    Raises:
        OSError: If the file cannot be opened.
        Exception: What pydicom raises on damaged files; `header_errors` turns it into words.
    """
    if not isinstance(source, BufferedReader):
        with source.open("rb") as stream:
            return read_dataset(stream, tags, pixels=pixels)
    with silence_dicom_libraries():
        dataset = pydicom.dcmread(
            source,
            force=begins_with_data_set(source),
            stop_before_pixels=not pixels,
            specific_tags=None if tags is None else list(tags),
        )
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        known = _SYNTAX.get((bool(implicit), bool(little)))
        if known is not None:
            dataset.file_meta.TransferSyntaxUID = known
    return dataset
