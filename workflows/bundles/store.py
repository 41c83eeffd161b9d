"""Where bundles lie: the default one inside the package, the imported ones in the user's store."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoulderseg.workflows.bundles.manifest import MANIFEST

VARIABLE = "SHOULDERSEG_MODELS"
DEFAULT = "default"
DEFAULT_FOLDER = Path(__file__).parent / "default_bundle"
# Folders of unfinished work in the store begin with this; the dot hides them from listings.
TEMPORARY = ".work-"
LOCK_SECONDS = 60.0

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_STALE_SECONDS = 86400.0


def store_folder() -> Path:
    """Folder of the imported bundles, which need not exist yet.

    Raises:
        ValueError: if it lies in the home folder of a user who has none.
    """
    from platformdirs import user_data_path

    chosen = os.environ.get(VARIABLE)
    folder = Path(chosen) if chosen else user_data_path("shoulderseg", appauthor=False) / "models"
    try:
        return folder.expanduser().absolute()
    except RuntimeError:
        user = folder.parts[0].removeprefix("~")
        whose = f"of a user {user!r}" if user else "of yours"
        where = f"{VARIABLE} is {chosen!r}" if chosen else f"{VARIABLE} is not set"
        msg = f"{where}, and no home folder {whose} is known; set it to the whole path of a folder"
        raise ValueError(msg) from None


def made_store() -> Path:
    """Folder of the imported bundles, which is there afterwards and can be written to.

    Raises:
        OSError: if it cannot be made or written to; says so at once.
    """
    store = store_folder()
    try:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store, prefix=TEMPORARY):
            return store
    except OSError as error:
        blocked = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a file is in the way" if blocked else error.strerror
        msg = (
            f"bundles cannot be kept in {store}: {reason}; set {VARIABLE} to a folder that you can "
            "write to"
        )
        raise OSError(msg) from error


def checked_name(name: str) -> str:
    """Returns the name if an imported bundle may be called so.

    Raises:
        ValueError: if it may not.
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        msg = (
            f"{name!r} cannot name a bundle; expected 1 to 64 letters, digits, dots, dashes and "
            "underscores, no dot or dash first and no dot last; choose another with --name"
        )
        raise ValueError(msg)
    if name.casefold() == DEFAULT:
        msg = f"{name!r} is kept for the bundle inside the package; choose another with --name"
        raise ValueError(msg)
    return name


def imported_bundles() -> dict[str, Path]:
    """The folder of each imported bundle by its name, sorted."""
    store = store_folder()
    if not store.is_dir():
        return {}
    names = sorted(path.name for path in store.iterdir() if path.is_dir())
    return {name: store / name for name in names if _NAME.fullmatch(name)}


def find_bundle(model: str = DEFAULT) -> Path:
    """The folder of a bundle.

    Args:
        model: `default`, the name of an imported bundle, or the path of a folder.

    Raises:
        FileNotFoundError: if there is no such bundle.
        ValueError: if a folder and another bundle go by this name.
    """
    folder = Path(model)
    if model == DEFAULT:
        if (folder / MANIFEST).is_file():
            refuse_default_here(folder)
        return _default_folder()
    imported = imported_bundles()
    if model in imported and folder.is_dir() and not folder.samefile(imported[model]):
        msg = (
            f"{model} is a folder here and an imported bundle too; write {Path.cwd() / model} for "
            f"the folder or {imported[model]} for the imported one"
        )
        raise ValueError(msg)
    if model in imported:
        return imported[model]
    if folder.is_dir():
        return folder
    if folder.is_file():
        msg = f"{model} is a file; import it first: shoulderseg models import {model}"
        raise FileNotFoundError(msg)
    msg = (
        f"no bundle {model}: it is neither a folder nor imported; imported are: "
        f"{', '.join(imported) or 'none'}; see `shoulderseg models`"
    )
    raise FileNotFoundError(msg)


def refuse_default_here(folder: Path) -> None:
    """Refuses to take the packaged bundle where a folder with models is called as it.

    Args:
        folder: of the models here.

    Raises:
        ValueError: if it is not the packaged one itself.
    """
    if DEFAULT_FOLDER.is_dir() and folder.samefile(DEFAULT_FOLDER):
        return
    msg = (
        f"{folder} is a folder with models here and the bundle inside the package too; write "
        f"{Path.cwd() / folder} for the folder or {DEFAULT_FOLDER} for the packaged one"
    )
    raise ValueError(msg)


def _default_folder() -> Path:
    if not DEFAULT_FOLDER.is_dir():
        msg = (
            "this installation has no default bundle; give one with --model FOLDER, or import one "
            "with `shoulderseg models import FILE.zip` and give --model NAME"
        )
        raise FileNotFoundError(msg)
    return DEFAULT_FOLDER


@contextmanager
def locked_store() -> Iterator[Path]:
    """Gives the store to one process at a time, so that two imports do not clash.

    Raises:
        TimeoutError: if another process keeps it longer than `LOCK_SECONDS`.
        OSError: if it cannot be made or written to.
    """
    from shoulderseg.workflows.lock import locked

    store = made_store()
    msg = f"another import has been at work in {store} for {LOCK_SECONDS:g} s; wait for its end"
    with locked(store / ".lock", LOCK_SECONDS, TimeoutError(msg)):
        _sweep(store)
        yield store


def _sweep(store: Path) -> None:
    """Removes what killed imports left behind; younger folders may be downloads at work."""
    for folder in store.glob(f"{TEMPORARY}*"):
        try:
            stale = time.time() - folder.stat().st_mtime > _STALE_SECONDS
        except FileNotFoundError:
            # A download that has just ended.
            continue
        if stale:
            shutil.rmtree(folder, ignore_errors=True)
