"""Options that the converters share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.options import split_list

if TYPE_CHECKING:
    from shoulderseg.workflows.conversion.conversion import Target

OutArgument = Annotated[
    Path, typer.Argument(help="Where DatasetNNN_Name goes, usually nnUNet_raw.")
]
MapOption = Annotated[
    list[str],
    typer.Option(
        "--map",
        metavar="VALUE=NAME",
        help="What each value in the label maps is: --map 3=humerus,5=glenoid, or --map 3=humerus "
        "--map 5=glenoid. The humerus, or else the first structure, gets label 1 in the dataset "
        "and is what the humerus U-Net learns; the other one gets label 2, for the glenoid U-Net.",
    ),
]
IdOption = Annotated[int, typer.Option(min=1, max=999, help="Number of the dataset.")]
NameOption = Annotated[str, typer.Option(help="Name of the dataset.")]
PatientsArgument = Annotated[Path, typer.Argument(help="Folder with one folder a patient.")]
KeepNamesOption = Annotated[
    bool,
    typer.Option(
        "--keep-source-names",
        help="Name files and folders in conversion.csv instead of hashes of their names.",
    ),
]


@dataclass(frozen=True)
class ConversionOptions:
    """Options of every converter, one a field; see `as_command`."""

    test_cases: Annotated[
        str,
        typer.Option(
            metavar="NAMES|N",
            help="Cases kept for test: names, comma-separated, or how many patients.",
        ),
    ] = ""
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Folds of the cross-validation.",
            show_default="5, or as many as there are patients",
        ),
    ] = None
    seed: Annotated[int, typer.Option(help="For the folds and a random test set.")] = 12345
    overwrite: Annotated[bool, typer.Option(help="Replace an existing dataset.")] = False
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Read all, show what would be taken, write nothing."),
    ] = False
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Take cases in which a structure has no voxel; otherwise they are rejected.",
        ),
    ] = False
    as_stored: Annotated[
        bool,
        typer.Option(
            "--as-stored",
            help="Keep the orientation of the files; otherwise volumes are stored head up or "
            "front up, as scanners store slices.",
        ),
    ] = False
    exclude: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Leave out the cases of this list, such as qc_fail.yml of the report page; their "
            "names are those that --dry-run shows.",
        ),
    ] = None

    def target(
        self, out: Path, dataset_id: int, name: str | None, *, keep_source_names: bool = False
    ) -> Target:
        """Gives the dataset that is asked for.

        Raises:
            ValueError: if the list of cases to leave out is none.
            OSError: if it cannot be read.
        """
        from shoulderseg.workflows.conversion.conversion import Target
        from shoulderseg.workflows.report.verdicts import read_case_list

        return Target(
            out,
            dataset_id,
            name,
            test_cases=read_test_cases(self.test_cases),
            folds=self.folds,
            seed=self.seed,
            overwrite=self.overwrite,
            allow_missing=self.allow_missing,
            as_stored=self.as_stored,
            keep_source_names=keep_source_names,
            exclude=frozenset() if self.exclude is None else read_case_list(self.exclude),
        )


def read_test_cases(text: str) -> Sequence[str] | int:
    """Reads `--test-cases`: a number, or names; 003 is a name."""
    return int(text) if text.isdecimal() and str(int(text)) == text else split_list(text)


def read_spacing(text: str) -> tuple[float, float, float]:
    """Reads `--spacing-mm`.

    Raises:
        ValueError: if it does not hold three numbers.
    """
    try:
        z, y, x = (float(item) for item in text.split(","))
    except ValueError:
        msg = f"--spacing-mm is {text!r}, expected three numbers Z,Y,X in mm as in 3.5,0.4,0.4"
        raise ValueError(msg) from None
    return z, y, x
