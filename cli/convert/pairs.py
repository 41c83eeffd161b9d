"""`shoulderseg convert pairs`: a folder of images and one of label maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.convert.options import (
    AllowMissingOption,
    DryRunOption,
    FoldsOption,
    IdOption,
    KeepNamesOption,
    MapOption,
    OutArgument,
    OverwriteOption,
    SeedOption,
    TestOption,
    number_labels,
    parse_label_map,
    read_test_cases,
)
from shoulderseg.cli.convert.output import show_survey, tell_report
from shoulderseg.cli.failure import reported


def pairs(
    images: Annotated[Path, typer.Argument(help="Folder with one image a case.")],
    labels: Annotated[Path, typer.Argument(help="Folder with one label map a case, same names.")],
    out: OutArgument,
    label_map: MapOption,
    dataset_id: IdOption = 1,
    name: Annotated[str, typer.Option(help="Name of the dataset.")] = "Shoulder",
    test_cases: TestOption = "",
    patient_pattern: Annotated[
        str | None, typer.Option(help="Regular expression; its group is the patient of a case.")
    ] = None,
    folds: FoldsOption = 5,
    seed: SeedOption = 12345,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    allow_missing: AllowMissingOption = False,
    keep_source_names: KeepNamesOption = False,
) -> None:
    """Convert a folder of images and a folder of label maps with the same file names.

    All pairs are taken, or nothing is written.
    """
    import numpy as np

    from shoulderseg.datasets.converters.convert import Order
    from shoulderseg.datasets.nnunet_raw import DatasetSpec
    from shoulderseg.datasets.pairs import convert_pairs, survey_pairs

    with reported():
        mapping = parse_label_map(label_map)
        spec = DatasetSpec(dataset_id, name, labels=number_labels(mapping))
        wanted = read_test_cases(test_cases)
        if dry_run:
            outcomes = survey_pairs(
                images,
                labels,
                spec,
                mapping,
                patient_pattern=patient_pattern,
                keep_source_names=keep_source_names,
                allow_missing=allow_missing,
            )
            order = Order(
                out, spec, {}, (images, labels), wanted, folds, seed=seed, overwrite=overwrite
            )
            show_survey(outcomes, order)
            return
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
            keep_source_names=keep_source_names,
            allow_missing=allow_missing,
        )
        tell_report(report)
