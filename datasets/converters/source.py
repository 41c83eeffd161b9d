"""What every converter says about its input: the cases to take, and what it cannot take.

A converter is a function that yields a `SourceCase` or a `Rejected` for each candidate it meets.
Nothing large is read before `load` is called, so that one case is in memory at a time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume

# Of a sha256 in hexadecimal: short enough for a table, and unlikely to meet another one.
_HASH_LENGTH = 16
_HASHED = "sha256:"
# In place of a name, for what is about no candidate alone.
_NO_CANDIDATE = "-"


class Labelled(NamedTuple):
    """A loaded case.

    Attributes:
        image: The image.
        label_map: Its labels in the numbers of the dataset, uint8, shape (Z, Y, X) of the image.
    """

    image: Volume
    label_map: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SourceCase:
    """A candidate for the dataset.

    Attributes:
        name: Name of the case in the dataset.
        patient: Whose case it is; folds and test cases keep a patient together.
        source: Where it comes from, as `conversion.csv` tells it; see `source_name`.
        files: What it is made from; a change of one makes the case again.
        load: Reads it. Raises `NothingToTakeError` if there is nothing to learn from in it, and
            another `ValueError` or an `OSError` if it is faulty.
    """

    name: str
    patient: str
    source: str
    files: tuple[Path, ...]
    load: Callable[[], Labelled]


@dataclass(frozen=True)
class Rejected:
    """A candidate that does not become a case.

    Attributes:
        name: What it would have been called.
        source: As for `SourceCase`.
        reason: What was found, what was expected and what to do.
        fault: Whether something is wrong with it; if not, it only shows nothing of use.
    """

    name: str
    source: str
    reason: str
    fault: bool = True

    @property
    def is_remark(self) -> bool:
        """Whether it is no candidate, but something to know about the conversion; see `remark`."""
        return self.name == _NO_CANDIDATE and not self.fault


class NothingToTakeError(ValueError):
    """A sound case that shows nothing the dataset is about."""


def remark(text: str) -> Rejected:
    """Gives something to know about a conversion, to be told among what is not taken."""
    return Rejected(_NO_CANDIDATE, _NO_CANDIDATE, text, fault=False)


def describe_unmet(names: Sequence[str]) -> str:
    """Says which names of a list of cases to leave out are not there."""
    are = "s of cases to leave out are" if len(names) > 1 else " of a case to leave out is"
    return (
        f"{len(names)} name{are} not here: {', '.join(names)}. A case that is called otherwise now "
        "is taken; --dry-run without --exclude shows the names."
    )


def reason_of(error: ValueError | OSError) -> str:
    """Gives the text of an error, without the path that an `OSError` holds.

    Folders may be named after patients.
    """
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror or type(error).__name__})."
    return str(error)


def source_name(path: Path, root: Path, *, keep: bool) -> str:
    """Names a file or folder without giving a patient's name away.

    The hash has no salt: the same path gives the same name in every run, and who can guess the path
    can check the guess.

    Args:
        path: The file or folder.
        root: The folder that was given to the converter.
        keep: Give the relative path itself.

    Returns:
        The path relative to `root` with `/`, or `sha256:` and the first 16 digits of its hash.
    """
    relative = path.relative_to(root).as_posix()
    return relative if keep else hashed_source(relative)


def hashed_source(source: str) -> str:
    """Gives a source as `source_name` hides it, whether it was hidden before or not."""
    if source.startswith(_HASHED):
        return source
    return _HASHED + hashlib.sha256(source.encode()).hexdigest()[:_HASH_LENGTH]
