"""Label maps and images of cases that were segmented before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.report.noted import Noted

# Those that hold a label map on the image's own grid.
_LABEL_MAPS = (".nii.gz", ".nrrd", ".mha")


class Images:
    """The images of a run, to be read again."""

    def __init__(self, cases: Mapping[str, CaseInput] | None) -> None:
        """Takes what was found.

        Args:
            cases: by name; None where no images were given.
        """
        self._cases = cases

    def of(self, noted: Noted, record: Mapping[str, Any], label_map: Volume) -> Volume | None:
        """Reads the image of a case.

        Args:
            noted: what the run noted, with which the image must agree.
            record: of the case in the run report.
            label_map: of the case, whose grid the image must have.

        Returns:
            The image; None where no images were given.

        Raises:
            ValueError: if it is not there, cannot be read, or is another image.
            OSError: if it cannot be read.
        """
        from shoulderseg.datasets.volume import describe_grid_difference

        if self._cases is None:
            return None
        case = record["case"]
        if case not in self._cases:
            msg = "no image of this name in the folder that --images gives"
            raise ValueError(msg)
        image = self._cases[case].load()
        difference = describe_grid_difference(image, label_map)
        if difference:
            msg = f"the image of this name is not that of the label map: {difference}"
            raise ValueError(msg)
        # Another exam of the same protocol has the same grid.
        noted.check_image(record, self._cases)
        return image


@contextmanager
def found_images(images: Path | None) -> Iterator[Images]:
    """Finds images as `predict` does; a zip file stays unpacked until the block ends.

    Args:
        images: what `predict` was given; None for none.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if a zip file cannot be unpacked.
    """
    from shoulderseg.workflows.inputs.discover import find_inputs
    from shoulderseg.workflows.inputs.zip_archive import unpacked

    if images is None:
        yield Images(None)
        return
    with unpacked(images) as folder:
        inputs = find_inputs(folder, from_archive=folder != images)
        yield Images({case.name: case for case in inputs.cases})


def label_map_of(noted: Noted, record: Mapping[str, Any]) -> Volume:
    """Reads the label map of a case.

    Args:
        noted: what the run noted, with which the file must agree.
        record: of the case in the run report.

    Raises:
        ValueError: if no file of it is there that can be read, or it is another one.
        OSError: if it cannot be read.
    """
    from shoulderseg.datasets.reader import read_label_map

    out, names = noted.out, [str(name) for name in record.get("outputs", [])]
    for name in names:
        path = out / name
        if not name.endswith(_LABEL_MAPS) or not path.is_file():
            continue
        if not path.resolve().is_relative_to(out.resolve()):
            msg = f"{name} leads out of the folder of the results"
            raise ValueError(msg)
        label_map = read_label_map(path)
        if list(label_map.array.shape) != list(record["shape"]):
            msg = f"{name} has another size than the run report says; run `predict` again"
            raise ValueError(msg)
        noted.check_file(record, name)
        return label_map
    kinds = ", ".join(_LABEL_MAPS)
    msg = f"none of its files that a page can show is there (one of {kinds})"
    raise ValueError(msg)
