"""Segments humerus and glenoid in shoulder MRI. Research use only.

>>> import shoulderseg as ss
>>> segmenter = ss.Segmenter("default")  # doctest: +SKIP
>>> segmenter("scan.nii.gz").save("out/")  # doctest: +SKIP

`Segmenter` loads a bundle once and segments images from files or from memory; `Result` is what it
gives; `write_report` builds the page to look at a run. All are imported when they are first asked
for, and torch when a bundle is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.report.write import write_report
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.segmenter import Segmenter

    __version__: str

__all__ = ["Result", "Segmenter", "__version__", "write_report"]


def __getattr__(name: str) -> object:
    """Imports what is asked for (PEP 562), so that `import shoulderseg` answers at once."""
    if name == "Segmenter":
        from shoulderseg.workflows.segmentation.segmenter import Segmenter

        return Segmenter
    if name == "Result":
        from shoulderseg.workflows.segmentation.result import Result

        return Result
    if name == "write_report":
        from shoulderseg.workflows.report.write import write_report

        return write_report
    if name == "__version__":
        from importlib.metadata import version

        return version("shoulderseg")
    msg = f"module 'shoulderseg' has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    """Names for completion."""
    return sorted(__all__)
