"""Images that tell of somebody, and all that a run says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from tests.datasets.dicom.writing import series, write

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def everything(run: Run, source: Path, out: Path, bundle: Path, *options: object) -> str:
    """What `predict` prints and writes, but the DICOM SEG."""
    words = ["predict", source, out, "--model", bundle, "--device", "cpu", *options]
    outcome = run(*words)
    texts = [path.read_text() for path in out.rglob("*") if path.suffix in (".json", ".csv")]
    names = [path.relative_to(out).as_posix() for path in out.rglob("*")]
    return "\n".join([outcome.output, *texts, *names]).casefold()


def one_file(folder: Path, name: str, **tags: Any) -> None:  # noqa: ANN401
    """A single image, called so."""
    write(folder / "written", series(SpecificCharacterSet="ISO_IR 192", **tags)[:1])
    (path,) = (folder / "written").iterdir()
    path.rename(folder / name)
    path.parent.rmdir()


def raw_element(tag: str, text: str) -> RawDataElement:
    """A value that breaks the rules of its kind."""
    data = text.encode() + b" " * (len(text) % 2)
    return RawDataElement(Tag(tag), dictionary_VR(tag), len(data), data, 0, False, True)
