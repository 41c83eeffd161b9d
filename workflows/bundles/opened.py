"""A bundle to load once, which a model of stock nnU-Net is made into for that while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoulderseg.workflows.bundles.store import (
    DEFAULT,
    find_bundle,
    imported_bundles,
    refuse_default_here,
)


@contextmanager
def opened_bundle(model: str) -> Iterator[tuple[Path, str]]:
    """Finds a bundle, or makes one of a 2d model of stock nnU-Net in a temporary folder.

    Args:
        model: `default`, the name of an imported bundle, the path of a folder, or of a folder or
            zip file that nnU-Net takes.

    Yields:
        The bundle's folder, and what finds it from another working folder.

    Raises:
        FileNotFoundError: if there is no such bundle.
        ValueError: if a folder and another bundle go by this name, or nnU-Net's model cannot be
            used.
    """
    from shoulderseg.datasets.temporary_folder import temporary_folder
    from shoulderseg.workflows.bundles.stock_model import fill_from_stock, is_stock_model

    path = Path(model)
    if model == DEFAULT and is_stock_model(path):
        refuse_default_here(path)
    if model != DEFAULT and model not in imported_bundles() and is_stock_model(path):
        with temporary_folder() as root:
            folder = root / "bundle"
            folder.mkdir()
            fill_from_stock(path, folder)
            yield folder, str(path.absolute())
        return
    folder = find_bundle(model)
    named = model != DEFAULT and path.is_dir()
    yield folder, str(folder.absolute()) if named else model
