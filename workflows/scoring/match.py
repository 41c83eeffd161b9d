"""Which predicted label map is compared with which reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Comparison:
    """One case to score.

    Attributes:
        case: its name, that of the reference.
        predictions: files of the predicted label map, the same one in several formats; empty if
            there is none.
        references: as the predictions, of the reference; never empty.
    """

    case: str
    predictions: tuple[Path, ...]
    references: tuple[Path, ...]


def match_files(
    predictions: Path, references: Path, names: Path | None = None
) -> tuple[Comparison, ...]:
    """Pairs predictions with references.

    Args:
        predictions: a label map, or a folder of them.
        references: as the predictions. Two files are one pair, whatever they are called; otherwise
            case names are compared, without regard to capitals and forms of accents where that
            leaves one.
        names: CSV file without or with the header `prediction,reference`, a row of two case or
            file names for each pair that is called differently; others are matched by name.

    Returns:
        A comparison for each reference, in order of its name.

    Raises:
        ValueError: if a side holds no label map, or the file of names has another form or names
            what is not there.
        FileNotFoundError: if a path does not exist.
    """
    found, wanted = by_case(predictions), by_case(references)
    if not wanted or not found:
        msg = f"no label maps in {references if not wanted else predictions}"
        raise ValueError(msg)
    if names is None and predictions.is_file() and references.is_file():
        (case,) = wanted
        return (Comparison(case, tuple(*found.values()), tuple(*wanted.values())),)
    called = {} if names is None else _read_names(names, found, wanted)
    # A prediction that is another's is not also that of the reference of its name.
    by_name = {case: files for case, files in found.items() if case not in called.values()}
    by_name |= _alike(by_name, wanted)
    return tuple(
        Comparison(
            case,
            tuple(found[called[case]] if case in called else by_name.get(case, ())),
            tuple(files),
        )
        for case, files in wanted.items()
    )


def _alike(
    predictions: dict[str, list[Path]], references: Collection[str]
) -> dict[str, list[Path]]:
    """Predictions of references that are called so but for capitals or the form of accents.

    A Mac writes accents in another form than others do. Only where one of each is called so.
    """
    from shoulderseg.datasets.disk_names import as_on_disk

    left = {case: files for case, files in predictions.items() if case not in references}
    by_disk = {as_on_disk(case): files for case, files in left.items()}
    several = Counter(map(as_on_disk, left)), Counter(map(as_on_disk, references))
    keys = {case: as_on_disk(case) for case in references if case not in predictions}
    return {
        case: by_disk[key]
        for case, key in keys.items()
        if all(count[key] == 1 for count in several)
    }


def by_case(path: Path) -> dict[str, list[Path]]:
    """Finds the files of each case; one label map may lie there in several formats.

    Args:
        path: a label map, or a folder of them.

    Raises:
        FileNotFoundError: if there is no such path.
    """
    from shoulderseg.datasets.files import case_name, find_volumes

    files: dict[str, list[Path]] = {}
    for file in find_volumes(path):
        files.setdefault(case_name(file), []).append(file)
    return files


def _read_names(
    path: Path, found: dict[str, list[Path]], wanted: dict[str, list[Path]]
) -> dict[str, str]:
    """Case of the reference to case of the prediction."""
    from shoulderseg.datasets.csv_file import read_csv

    rows = read_csv(path)
    if rows and [cell.strip().lower() for cell in rows[0]] == ["prediction", "reference"]:
        rows = rows[1:]
    called: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            msg = f"{path.name}: row {number} has {len(row)} cells, expected PREDICTION,REFERENCE"
            raise ValueError(msg)
        prediction, reference = (
            _called_so(f"{path.name}: row {number}", cell.strip(), side, kind)
            for cell, side, kind in zip(
                row, (found, wanted), ("prediction", "reference"), strict=True
            )
        )
        if reference in called:
            msg = f"{path.name}: reference {reference} comes twice"
            raise ValueError(msg)
        if prediction in called.values():
            msg = f"{path.name}: prediction {prediction} comes twice"
            raise ValueError(msg)
        called[reference] = prediction
    return called


def _called_so(where: str, cell: str, side: dict[str, list[Path]], kind: str) -> str:
    """The case that a cell names, also where our own tables put a quote before its name."""
    from shoulderseg.datasets.csv_file import bare_cell
    from shoulderseg.datasets.disk_names import as_on_disk
    from shoulderseg.datasets.files import case_name

    try:
        named = list(dict.fromkeys(case_name(Path(text)) for text in (cell, bare_cell(cell))))
    except ValueError as error:
        msg = f"{where}: {error}" if cell else f"{where} names no {kind}; fill in its cell"
        raise ValueError(msg) from None
    case = next((name for name in named if name in side), None)
    if case is None:
        # People type names with other capitals or forms of accents than files have.
        alike = [name for name in side if as_on_disk(name) in map(as_on_disk, named)]
        case = alike[0] if len(alike) == 1 else None
    if case is None:
        msg = f"{where} names {named[0]}, and no {kind} is called so"
        raise ValueError(msg)
    return case
