"""Where `predict` puts a case, and in which formats."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from shoulderseg.workflows.outputs.bids import bids_stem
from shoulderseg.workflows.outputs.bids_dataset import source_link, start_dataset
from shoulderseg.workflows.outputs.formats import SR_SUFFIX, SURFACES, Format, file_suffix

REPORT_FILE = "shoulderseg_report.json"
CASES_FILE = "shoulderseg_cases.csv"
RUN_LOG_FILE = "shoulderseg_run.jsonl"
NEEDS_DICOM = "a DICOM SEG needs DICOM input to refer to; choose another --format"


@dataclass(frozen=True)
class Case:
    """A case to write.

    Attributes:
        name: from its file or folder.
        source_files: of DICOM input, in the order of the slices; empty for anything else.
        file: name of the image in its folder; empty for DICOM, whose files archives name.
        source_frames: number of each slice's frame in its DICOM file; empty for single-frame files.
    """

    name: str
    source_files: Sequence[Path] = ()
    file: str = ""
    source_frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class OutputPlan:
    """Where the cases of a run go, and as what.

    Attributes:
        out: the folder.
        formats: asked for; empty for the default.
        bids: whether to lay them out as a BIDS derivative.
        source: folder of the images, where a BIDS dataset may tell it.
        model: sha256 of the bundle, for the same; empty if unknown.
    """

    out: Path
    formats: tuple[Format, ...] = ()
    bids: bool = False
    source: Path | None = None
    model: str = ""

    def start(self) -> None:
        """Makes the folder, with what a BIDS dataset needs at its top."""
        self.out.mkdir(parents=True, exist_ok=True)
        if self.bids:
            start_dataset(self.out, self.source)

    def stem(self, case: Case) -> str:
        """Path of a case's files below the folder, without suffix.

        Raises:
            ValueError: if BIDS cannot name the case.
        """
        return bids_stem(case.name) if self.bids else case.name

    def formats_of(self, case: Case) -> tuple[Format, ...]:
        """Formats of a case.

        A BIDS dataset is made to be passed on, so no DICOM goes there unless asked for.

        Raises:
            ValueError: if nothing but a DICOM SEG was asked for and there is no DICOM to refer to.
        """
        asked = tuple(form for form in self.formats if form not in self.refused(case))
        if self.formats and not asked:
            raise ValueError(NEEDS_DICOM)
        if self.bids:
            return tuple(dict.fromkeys((Format.nifti, *asked)))
        default = (Format.nifti, Format.dicom) if case.source_files else (Format.nifti,)
        return asked or default

    def check_possible(self, *, dicom: bool) -> None:
        """Refuses before any work formats that no case can have.

        Args:
            dicom: whether a case is DICOM.

        Raises:
            ValueError: if nothing but a DICOM SEG is asked for, and no case is DICOM.
        """
        if self.formats and set(self.formats) <= {Format.dicom} and not dicom:
            raise ValueError(NEEDS_DICOM)

    def refused(self, case: Case) -> dict[Format, str]:
        """Formats that were asked for and that a case cannot have, with the reasons."""
        lacks = Format.dicom in self.formats and not case.source_files
        return {Format.dicom: NEEDS_DICOM} if lacks else {}

    def base(self, case: Case, suffix: str = "") -> Path:
        """Path of a case's file; a case's name may have dots of its own.

        Raises:
            ValueError: if BIDS cannot name the case.
        """
        path = self.out / self.stem(case)
        return path.with_name(path.name + suffix)

    def surface(self, case: Case, bone: str, form: Format) -> Path:
        """Path of a bone's surface.

        Raises:
            ValueError: if BIDS cannot name the case.
        """
        return self.base(case, f"_{re.sub(r'[^A-Za-z0-9]+', '-', bone)}{file_suffix(form)}")

    def check_folders(self, case: Case, others: Iterable[str] = ()) -> None:
        """Refuses, before minutes are spent on it, a case whose files would lie elsewhere.

        Args:
            case: the case.
            others: names of further folders that get a file of it.

        Raises:
            ValueError: if a folder is a link; names it. Or if BIDS cannot name the case.
        """
        from shoulderseg.datasets.output_file import refuse_links

        for folder in [self.base(case).parent, *(self.out / name for name in others)]:
            refuse_links(folder, self.out)

    def check_clash(self, case: Case, others: Mapping[str, str], bones: Collection[str]) -> None:
        """Refuses a case whose files another of the run also has.

        Args:
            case: the case.
            others: files below the folder, each with its owner.
            bones: names of the labels.

        Raises:
            ValueError: if a file is another's; names both.
        """
        for path in map(self.below, self.paths(case, bones)):
            if path in others:
                msg = f"{others[path]} is also written to {path}; rename one of the inputs"
                raise ValueError(msg)

    def check_source(self, case: Case, image: Path, bones: Collection[str]) -> None:
        """Refuses a case one of whose files would replace its image.

        Args:
            case: the case.
            image: its file.
            bones: names of the labels.

        Raises:
            ValueError: if a file is the image itself, through a link perhaps; names it.
        """
        for path in self.paths(case, bones):
            if path.exists() and image.exists() and path.samefile(image):
                msg = f"{self.below(path)} is the image itself; choose another folder for results"
                raise ValueError(msg)

    def make_folder(self, case: Case) -> None:
        """Makes the folder of a case, below that of the output and through no link.

        Raises:
            ValueError: as `check_folders`.
            OSError: if it cannot be made.
        """
        self.check_folders(case)
        self.base(case).parent.mkdir(parents=True, exist_ok=True)

    def below(self, path: Path) -> str:
        """A path as it stands in the run report, below the folder."""
        return path.relative_to(self.out).as_posix()

    def paths(self, case: Case, bones: Collection[str]) -> list[Path]:
        """All files of a case in the formats asked for, also in those it cannot have.

        A report of measures counts as belonging to the DICOM SEG, which it refers to.

        Args:
            case: the case.
            bones: names of the labels.

        Raises:
            ValueError: if BIDS cannot name the case, or none of the formats can be had.
        """
        forms = dict.fromkeys([*self.formats_of(case), *self.refused(case)])
        plain = [self.base(case, file_suffix(form)) for form in forms if form not in SURFACES]
        plain += [self.base(case, SR_SUFFIX)] if Format.dicom in forms else []
        meshes = [
            self.surface(case, bone, form) for form in forms if form in SURFACES for bone in bones
        ]
        return plain + meshes

    def source_uri(self, case: Case) -> str:
        """BIDS URI of a case's image; empty where the dataset does not link its folder."""
        link = source_link(self.out, self.source) if self.source and case.file else ""
        return f"bids:{link}:{quote(case.file)}" if link else ""

    def owners(self, cases: Iterable[Case], bones: Collection[str]) -> dict[str, str]:
        """Whose each file below the folder will be; where two cases want one, the first's.

        Args:
            cases: all of a run. Those that cannot be named or written own nothing, nor do those
                that another stands in the way of.
            bones: names of the labels.
        """
        owners: dict[str, str] = {}
        for case in cases:
            with contextlib.suppress(ValueError):
                wanted = [self.below(path) for path in self.paths(case, bones)]
                if owners.keys().isdisjoint(wanted):
                    owners |= dict.fromkeys(wanted, case.name)
        return owners

    def left_over(self, case: Case, known: Collection[str]) -> list[str]:
        """Names of files in a case's place, of whatever format, that are of earlier runs.

        Args:
            case: the case.
            known: files below the folder that this run has written, or that are of other cases.
        """
        try:
            return self._files_of(case, known)
        except (ValueError, OSError):
            return []

    def _files_of(self, case: Case, known: Collection[str]) -> list[str]:
        base = self.base(case)
        self.check_folders(case)
        if not base.parent.is_dir():
            return []
        endings = [SR_SUFFIX, *map(file_suffix, Format)]
        suffixes = "|".join(map(re.escape, endings))
        # The name of a bone in that of its surface has no underscore.
        own = re.compile(rf"{re.escape(base.name)}(?:{suffixes}|_[A-Za-z0-9-]+\.(?:stl|ply))")
        with os.scandir(base.parent) as entries:
            # The beginning first: a folder may hold the files of ten thousands of cases.
            names = [entry.name for entry in entries if entry.name.startswith(base.name)]
        found = [name for name in names if own.fullmatch(name)]
        return sorted(name for name in found if self.below(base.parent / name) not in known)
