"""`shoulderseg measure`: lengths, areas and angles of the bones in label maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shoulderseg.cli.failure import SOME_CASES_FAILED, WRONG_USE, complain, reported
from shoulderseg.cli.label_map import parse_label_map
from shoulderseg.cli.options import Side, known_side
from shoulderseg.cli.terminal import echo

if TYPE_CHECKING:
    from shoulderseg.workflows.measure.folder import MeasuredCase


def measure(
    labels: Annotated[
        Path, typer.Argument(metavar="LABELS", help="A label map, or a folder of them.")
    ],
    out: Annotated[Path, typer.Argument(help="Folder for measures.csv and a JSON file a case.")],
    side: Annotated[
        Side,
        typer.Option(
            help="Which shoulders these are; axes trusts the directions in each header. What needs "
            "to know where the front is is refused for unknown ones.",
        ),
    ] = Side.unknown,
    label_map: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="VALUE=NAME",
            help="What each value is: --map 3=humerus,5=glenoid.",
            show_default="1=humerus,2=glenoid",
        ),
    ] = None,
) -> None:
    """Measure humerus and glenoid in label maps; research use only.

    The label maps are taken as true: each uncertainty is that of the voxels alone. `predict
    --measure` adds that of the segmentation, where the bundle predicts a Dice.
    """
    from shoulderseg.workflows.measure.folder import measure_folder

    with reported():
        mapping = parse_label_map(label_map or ["1=humerus,2=glenoid"])
        values = {name: value for value, name in mapping.items()}
        cases = measure_folder(labels, out, values, known_side(side), _tell)
    failed = sum(bool(case.error) for case in cases)
    echo(f"{len(cases) - failed} of {len(cases)} label maps measured: {out / 'measures.csv'}")
    if failed:
        raise typer.Exit(SOME_CASES_FAILED if failed < len(cases) else WRONG_USE)


def _tell(case: MeasuredCase) -> None:
    from shoulderseg.datasets.printable import one_line
    from shoulderseg.morphometry.catalogue import DEFINITIONS

    if case.error:
        complain(case.error)
        return
    # Without those that two bones can never give.
    given = sum(one["name"] in DEFINITIONS and one["value"] is not None for one in case.measures)
    echo(one_line(f"{case.case}: {given} of {len(DEFINITIONS)} measures"))
