"""`shoulderseg convert`: other people's folders into nnU-Net datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.options import split_list

convert_app = typer.Typer(help="Turn images with label maps into an nnU-Net dataset.")


@convert_app.callback()
def converters() -> None:
    """Turn images with label maps into an nnU-Net dataset."""


@convert_app.command()
def pairs(
    images: Annotated[Path, typer.Argument(help="Folder with one image a case.")],
    labels: Annotated[Path, typer.Argument(help="Folder with one label map a case, same names.")],
    out: Annotated[Path, typer.Argument(help="Where DatasetNNN_Name goes, usually nnUNet_raw.")],
    label_map: Annotated[
        list[str],
        typer.Option("--map", help="VALUE=NAME in the label maps, in order: 3=humerus 5=glenoid."),
    ],
    dataset_id: Annotated[int, typer.Option(min=1, max=999, help="Number of the dataset.")] = 1,
    name: Annotated[str, typer.Option(help="Name of the dataset.")] = "Shoulder",
    test_cases: Annotated[
        str, typer.Option(help="Cases kept for test: names, comma-separated, or how many.")
    ] = "",
    patient_pattern: Annotated[
        str | None, typer.Option(help="Regular expression; its group is the patient of a case.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="For the folds and a random test set.")] = 12345,
    overwrite: Annotated[bool, typer.Option(help="Replace an existing dataset.")] = False,
) -> None:
    """Convert a folder of images and a folder of label maps with the same file names."""
    import numpy as np

    from shoulderseg.datasets.nnunet_raw import DatasetSpec
    from shoulderseg.datasets.pairs import convert_pairs

    with reported():
        mapping = parse_label_map(label_map)
        numbered = {name: value for value, name in enumerate(["background", *mapping.values()])}
        spec = DatasetSpec(dataset_id=dataset_id, name=name, labels=numbered)
        wanted = int(test_cases) if test_cases.isdecimal() else split_list(test_cases)
        report = convert_pairs(
            images,
            labels,
            out,
            spec,
            mapping,
            test_cases=wanted,
            patient_pattern=patient_pattern,
            folds=folds,
            rng=np.random.default_rng(seed),
            overwrite=overwrite,
        )
        typer.echo(
            f"{report.folder}: {len(report.training_cases)} training cases of "
            f"{report.training_patients} patients in {report.folds} folds, "
            f"{len(report.test_cases)} test cases"
        )


def parse_label_map(entries: list[str]) -> dict[int, str]:
    """Reads `VALUE=NAME` entries.

    Raises:
        ValueError: if an entry has another form, or a value or name comes twice.
    """
    mapping: dict[int, str] = {}
    for entry in entries:
        value, _, name = entry.partition("=")
        if not value.isdecimal() or int(value) == 0 or not name:
            msg = f"--map is {entry!r}; expected VALUE=NAME with a value above 0, as in 3=humerus"
            raise ValueError(msg)
        if int(value) in mapping or name in mapping.values():
            msg = f"--map {entry!r} repeats a value or name of {mapping}"
            raise ValueError(msg)
        mapping[int(value)] = name
    return mapping
