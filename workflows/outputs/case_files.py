"""The files that one case is written as, each with what writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shoulderseg.workflows.outputs.bids import write_label_table, write_sidecar
from shoulderseg.workflows.outputs.formats import SURFACES, Format, file_suffix

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.labels import Label
    from shoulderseg.datasets.surfaces import Surface
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.outputs.plan import Case, OutputPlan


class Piece(NamedTuple):
    """One file to write.

    Attributes:
        form: what it counts as.
        part: which part of it; empty for the whole.
        path: the file.
        write: writes it; tells whether there was anything to write.
    """

    form: str
    part: str
    path: Path
    write: Callable[[], bool]


def pieces_of(
    plan: OutputPlan,
    case: Case,
    result: tuple[npt.NDArray[np.uint8], Volume],
    labels: Sequence[Label],
    said: dict[str, Any],
) -> Iterator[Piece]:
    """The files of a case in the formats it can have; nothing is written yet.

    Args:
        plan: where to, and as what.
        case: the case.
        result: labels, uint8 (Z, Y, X), and the image, for its grid.
        labels: the labels.
        said: of the run report; gets `surfaces`, their measures, as these are written.

    Raises:
        ValueError: if the case can have none of the formats, or BIDS cannot name it.
    """
    forms = plan.formats_of(case)
    for form in (form for form in forms if form not in SURFACES):
        path = plan.base(case, file_suffix(form))
        yield Piece(form, "", path, partial(_write_label_map, form, path, result, case, labels))
    surfaces = [form for form in forms if form in SURFACES]
    for label in labels if surfaces else []:
        build = cache(partial(_build, result, label))
        measures = said.setdefault("surfaces", {})
        for form in surfaces:
            path = plan.surface(case, label.name, form)
            write = partial(_write_surface, path, label, build, measures)
            yield Piece(form, label.name, path, write)


def side_files(
    plan: OutputPlan, case: Case, volume: Volume, labels: Sequence[Label]
) -> Iterator[Piece]:
    """What belongs beside a label map in a BIDS dataset; nothing is written yet."""
    table, sidecar = plan.base(case, ".tsv"), plan.base(case, ".json")

    def write_table() -> bool:
        write_label_table(table, labels)
        return True

    def write_metadata() -> bool:
        source = plan.source_uri(case)
        write_sidecar(sidecar, case.name, volume.spacing_mm, source, plan.model)
        return True

    yield Piece("tsv", "", table, write_table)
    yield Piece("json", "", sidecar, write_metadata)


def _write_label_map(
    form: Format,
    path: Path,
    result: tuple[npt.NDArray[np.uint8], Volume],
    case: Case,
    labels: Sequence[Label],
) -> bool:
    label_map, volume = result
    if form is Format.dicom:
        from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg

        options = SegOptions(frames=case.source_frames)
        write_dicom_seg(path, label_map, volume, case.source_files, labels, options)
    elif form is Format.slicer:
        from shoulderseg.datasets.seg_nrrd import write_seg_nrrd

        write_seg_nrrd(path, label_map, volume, labels)
    else:
        from shoulderseg.datasets.writer import write_label_map

        write_label_map(path, label_map, volume)
    return True


def _build(result: tuple[npt.NDArray[np.uint8], Volume], label: Label) -> Surface | None:
    from shoulderseg.datasets.surfaces import build_surface

    return build_surface(result[0] == label.value, result[1])


def _write_surface(
    path: Path, label: Label, build: Callable[[], Surface | None], measures: dict[str, Any]
) -> bool:
    """Writes a bone if it is there; notes how true its surface is to the mask."""
    from shoulderseg.datasets.surface_files import write_surface
    from shoulderseg.datasets.surfaces import SMOOTHING_MM

    surface = build()
    if surface is None:
        measures[label.name] = {"empty": True}
        return False
    write_surface(path, surface, label)
    measures[label.name] = {
        "watertight": surface.watertight,
        "volume_ml": round(surface.volume_ml, 4),
        "mask_volume_ml": round(surface.mask_volume_ml, 4),
        "deviation_mean_mm": round(surface.deviation_mean_mm, 4),
        "deviation_max_mm": round(surface.deviation_max_mm, 4),
        "smoothing_mm": SMOOTHING_MM,
    }
    return True
