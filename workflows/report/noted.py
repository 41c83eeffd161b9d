"""What `predict` noted of results: which images they were made of, and what their files held."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.fragment import Fragment, read_fragments
from shoulderseg.workflows.report.parts import result_digest

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput


class Noted:
    """The notes in the folder of a run."""

    def __init__(self, out: Path) -> None:
        """Reads nothing yet.

        Args:
            out: folder of the run.
        """
        self.out = out
        self._fingerprints: dict[str, str] = {}

    @cached_property
    def _notes(self) -> dict[str, tuple[str, Fragment]]:
        """By results, the name under which each is noted, and the note."""
        return {
            result_digest(record): (name, fragment)
            for name, fragment in read_fragments(self.out).items()
            for record in fragment.records
        }

    def check_file(self, record: Mapping[str, Any], name: str) -> None:
        """Sees that a file of a result is as it was written.

        Args:
            record: of the case in the run report.
            name: of the file below the folder.

        Raises:
            ValueError: if it holds something else than was noted.
            OSError: if it cannot be read.
        """
        from shoulderseg.workflows.bundles.manifest import sha256_of

        _, fragment = self._notes.get(result_digest(record), ("", None))
        # Nobody knows what a file held that a run was about to write.
        digest = fragment.files.get(name) if fragment is not None else ""
        if digest and sha256_of(self.out / name) != digest:
            msg = (
                f"{name} is not the file that `predict` wrote: it was changed or replaced; "
                "run `predict` again, which keeps it under another name"
            )
            raise ValueError(msg)

    def check_image(self, record: Mapping[str, Any], cases: Mapping[str, CaseInput]) -> None:
        """Sees that an image is the one that a result was made of, wherever it lies now.

        The series of an examination were noted together, and are compared together.

        Args:
            record: of the case in the run report.
            cases: the images at hand, by the names of their cases.

        Raises:
            ValueError: if it is another one, or one of its examination is or is missing.
        """
        name, fragment = self._notes.get(result_digest(record), ("", None))
        if fragment is None or not fragment.fingerprint:
            return
        series = [one["case"] for one in fragment.records]
        missing = [one for one in series if one not in cases]
        if missing:
            msg = (
                "whether the image is the one that was segmented cannot be told without the other "
                f"series of its examination: {', '.join(missing)} not found where --images says"
            )
            raise ValueError(msg)
        if self._fingerprint_of(name, [cases[one] for one in series]) != fragment.fingerprint:
            others = " or the others of its examination are" if len(series) > 1 else " is"
            msg = f"the image of this name{others} not what was segmented: the content differs"
            raise ValueError(msg)

    def _fingerprint_of(self, name: str, sources: list[CaseInput]) -> str:
        from shoulderseg.workflows.cohort.fingerprint import fingerprint

        if name not in self._fingerprints:
            # All files are read for it: once for all series.
            self._fingerprints[name] = fingerprint(sources)
        return self._fingerprints[name]
