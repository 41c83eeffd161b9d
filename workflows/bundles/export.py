"""Export: a bundle from nnU-Net's results folder and the trained edge refiner."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shoulderseg.workflows.bundles.fill import Contents, Traits, fill_refined, fill_trained
from shoulderseg.workflows.bundles.replace import (
    atomic_replace,
    has_calibration,
    is_current,
    refuse_foreign,
)
from shoulderseg.workflows.bundles.store import find_bundle


@dataclass(frozen=True)
class Exported:
    """What an export did.

    Attributes:
        folder: of the bundle.
        contents: what was written; None where the bundle held the same models and was kept.
        lost_calibration: whether an earlier bundle's calibration does not hold for this one.
    """

    folder: Path
    contents: Contents | None
    lost_calibration: bool = False


def export_trained(
    dataset: str,
    out: Path,
    plans_name: str,
    *,
    folds: Sequence[str] = (),
    traits: Traits | None = None,
    overwrite: bool = False,
    synthetic: bool = False,
    shared: bool = False,
) -> Exported:
    """Puts the trained U-Nets and the edge refiner of a dataset into one folder.

    Args:
        dataset: a number or DatasetNNN_Name.
        out: folder of the bundle.
        plans_name: nnU-Net's identifier of the plans.
        folds: which folds; empty for all that are finished.
        traits: what is to be said of the bundle.
        overwrite: replace an existing bundle, unless it is the same.
        synthetic: take the U-Nets that `train --synthetic` trained.
        shared: take all three from the one network that `train --synthetic` trained for them.

    Raises:
        FileExistsError: if something else lies in the bundle's place.
        FileNotFoundError: if a training is missing.
        ValueError: if the trainings do not belong together.
    """
    bundle_traits = traits or Traits()
    return _export(
        out,
        lambda folder: fill_trained(
            folder,
            dataset,
            plans_name,
            list(folds) or None,
            bundle_traits,
            synthetic=synthetic,
            shared=shared,
        ),
        overwrite=overwrite,
    )


def export_refined(dataset: str, out: Path, bundle: str, *, overwrite: bool = False) -> Exported:
    """Puts the U-Nets of a bundle and the refiner that learned on them into one folder.

    Args:
        dataset: a number or DatasetNNN_Name; what the refiner was trained on.
        out: folder of the new bundle.
        bundle: whose U-Nets: `default`, an imported one, or a folder.
        overwrite: replace an existing bundle, unless it is the same.

    Raises:
        FileExistsError: if something else lies in the bundle's place.
        FileNotFoundError: if there is no such bundle or refiner.
        ValueError: if the refiner learned on other U-Nets, or the bundle is damaged.
    """
    return _export(
        out,
        lambda folder: fill_refined(folder, dataset, bundle),
        overwrite=overwrite,
        source=bundle,
    )


def _export(
    out: Path,
    fill: Callable[[Path], Contents],
    *,
    overwrite: bool,
    source: str | None = None,
) -> Exported:
    """Makes a bundle beside its place and moves it there."""
    _check_target(out, overwrite=overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".bundle-") as work:
        folder = Path(work) / "bundle"
        folder.mkdir()
        contents = fill(folder)
        if out.exists() and is_current(out, folder):
            return Exported(out, None)
        lost = has_calibration(out) or (source is not None and has_calibration(find_bundle(source)))
        atomic_replace(folder, out)
    return Exported(out, contents, lost)


def _check_target(out: Path, *, overwrite: bool) -> None:
    """Refuses to replace anything that was not asked for, or is more than a bundle."""
    if not out.exists():
        return
    if not overwrite:
        msg = f"{out} exists; choose another folder or give --overwrite"
        raise FileExistsError(msg)
    if not (out / "bundle.json").is_file():
        msg = f"{out} is not a bundle; it is not replaced"
        raise FileExistsError(msg)
    refuse_foreign(out)
