"""Taking bundles into the store, and out of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from shoulderseg.workflows.bundles.store import (
    DEFAULT,
    TEMPORARY,
    checked_name,
    imported_bundles,
    locked_store,
    store_folder,
)


def import_bundle(source: Path, name: str | None = None, *, overwrite: bool = False) -> Path:
    """Copies a bundle into the store once all of it has been verified.

    Of a 2d model of stock nnU-Net a bundle is made.

    Args:
        source: a zip file, or a folder.
        name: what the bundle will be called; None takes the name of the source.
        overwrite: replace an imported bundle of this name. One of the same models that has been
            calibrated stays, unless the source brings a calibration.

    Returns:
        The bundle's folder in the store.

    Raises:
        ValueError: if the source is not a sound bundle; nothing of it is kept. Or if what would
            be replaced holds more than a bundle.
        FileExistsError: if the name is taken.
        FileNotFoundError: if the source is not there.
    """
    from shoulderseg.workflows.bundles.replace import atomic_replace, has_calibration, is_current
    from shoulderseg.workflows.bundles.stock_model import fill_from_stock, is_stock_model
    from shoulderseg.workflows.bundles.unpack import copy_folder, unpack_zip

    if not source.is_dir() and not source.is_file():
        msg = f"{source} does not exist; expected a bundle, as a zip file or a folder"
        raise FileNotFoundError(msg)
    name = checked_name(name or source_name(source.resolve().name))
    with locked_store() as store:
        refuse_taken(name, overwrite=overwrite)
        with tempfile.TemporaryDirectory(dir=store, prefix=TEMPORARY) as work:
            folder = Path(work) / name
            folder.mkdir()
            if is_stock_model(source):
                fill_from_stock(source, folder)
            else:
                (copy_folder if source.is_dir() else unpack_zip)(source, folder)
            _verify(folder)
            target = store / name
            brings = has_calibration(folder) or not has_calibration(target)
            if brings or not is_current(target, folder):
                atomic_replace(folder, target)
    return target


def source_name(file: str) -> str:
    """Name of a bundle by that of its file or folder."""
    return file[:-4] if file.lower().endswith(".zip") else file


def refuse_taken(name: str, *, overwrite: bool) -> None:
    """Ends an import before its work is done in vain.

    Raises:
        FileExistsError: if the store has something of this name and it is not to be replaced.
        ValueError: if it is to be replaced and is no bundle, or holds more than one.
    """
    from shoulderseg.workflows.bundles.manifest import MANIFEST
    from shoulderseg.workflows.bundles.replace import refuse_foreign

    target = store_folder() / name
    if not target.exists():
        return
    if not overwrite:
        msg = f"{name} is imported already; choose another --name or give --overwrite"
        raise FileExistsError(msg)
    if not (target / MANIFEST).is_file():
        msg = (
            f"{target} is no bundle: it has no {MANIFEST}. It is not replaced; move it away or "
            "choose another --name"
        )
        raise ValueError(msg)
    refuse_foreign(target)


def remove_bundle(name: str) -> None:
    """Removes an imported bundle.

    Raises:
        ValueError: if it is the default bundle, which belongs to the package.
        FileNotFoundError: if no imported bundle has this name.
    """
    if name.casefold() == DEFAULT:
        msg = "the default bundle belongs to the package and is removed with it"
        raise ValueError(msg)
    with locked_store() as store:
        imported = imported_bundles()
        if name not in imported:
            msg = f"no bundle {name} is imported; imported are: {', '.join(imported) or 'none'}"
            raise FileNotFoundError(msg)
        # Out of sight at once; a bundle half removed would be found and called damaged.
        with tempfile.TemporaryDirectory(dir=store, prefix=TEMPORARY) as work:
            imported[name].rename(Path(work) / name)


def _verify(folder: Path) -> None:
    from shoulderseg.workflows.bundles.bundle import read_bundle

    try:
        read_bundle(folder)
    except (ValueError, OSError):
        raise
    except Exception as error:
        # A file from outside may set off anything in the libraries that load it.
        msg = f"bundle {folder.name} cannot be loaded: {error!r}; get it from where it was made"
        raise ValueError(msg) from error
