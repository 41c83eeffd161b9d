"""What can be said of a bundle without loading it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Summary:
    """One bundle in a list.

    Attributes:
        name: what `predict --model` calls it.
        where: `default` or `imported`.
        path: its folder.
        mebibytes: size of its files.
        folds: folds of its U-Nets; empty where it is not sound.
        refiner: whether it has an edge refiner; None where it is not sound.
        sha256: the digest that run reports give as `model_sha256`; None where it is not sound.
        problem: what is wrong with it, or None.
    """

    name: str
    where: str
    path: str
    mebibytes: float
    folds: list[str]
    refiner: bool | None
    sha256: str | None
    problem: str | None


def summarise(name: str, where: str, folder: Path) -> Summary:
    """Describes a bundle and compares its files with their fingerprints."""
    from shoulderseg.workflows.bundles.manifest import (
        MANIFEST,
        sha256_of,
        verified_manifest,
        visible_files,
    )

    size = sum(path.stat().st_size for path in visible_files(folder) if path.is_file()) / 2**20
    summary = Summary(name, where, str(folder), round(size, 3), [], None, None, None)
    try:
        manifest = verified_manifest(folder)
        return replace(
            summary,
            folds=manifest["folds"],
            refiner=manifest["refiner"] is not None,
            sha256=sha256_of(folder / MANIFEST),
        )
    except (ValueError, OSError, RecursionError) as error:
        return replace(summary, problem=str(error))


def summarise_all() -> list[Summary]:
    """Describes the default bundle, where there is one, and the imported ones."""
    from shoulderseg.workflows.bundles.store import DEFAULT, DEFAULT_FOLDER, imported_bundles

    summaries = [summarise(name, "imported", path) for name, path in imported_bundles().items()]
    if DEFAULT_FOLDER.is_dir():
        summaries.insert(0, summarise(DEFAULT, "default", DEFAULT_FOLDER))
    return summaries
