"""What came out for one image: labels, probabilities, predicted quality, files."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import SimpleITK

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.segment import Segmentation


@dataclass(frozen=True, eq=False)
class Result:
    """What came out for one image; of a failed one only `name` and `error` can be had.

    Attributes:
        name: of the case; never a patient's that a DICOM header names.
        error: why it failed; empty if it did not.
        label_values: the voxel value of each bone in `labels`.
        volume: the image.
        segmentation: all that the networks and the vote gave.
        source_files: the DICOM file of each slice, in their order; empty for anything else.
        source_frames: number of each slice's frame in its file, from 1; empty for single-frame
            files.
        source: the image's file, which a result may not replace; None for DICOM, an image from
            memory and one out of a zip file.
        seconds: time of each stage.
    """

    name: str
    error: str = ""
    label_values: Mapping[str, int] = field(default_factory=dict)
    volume: Volume | None = field(default=None, repr=False)
    segmentation: Segmentation | None = field(default=None, repr=False)
    source_files: tuple[Path, ...] = ()
    source_frames: tuple[int, ...] = ()
    source: Path | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> npt.NDArray[np.uint8]:
        """The label map, uint8 (Z, Y, X), on the image's own grid; 0 is background."""
        return self.segmented()[1].label_map

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """From voxel indices (x, y, z) to RAS mm, float64 (4, 4), as nibabel has it.

        The voxel (x, y, z) is `labels[z, y, x]`.
        """
        from shoulderseg.datasets.volume import ras_affine

        return ras_affine(self.segmented()[0])

    @property
    def names(self) -> dict[int, str]:
        """What each value of `labels` means."""
        return {value: name for name, value in self.label_values.items()}

    @property
    def probabilities(self) -> dict[str, npt.NDArray[np.float32]]:
        """Probability of each U-Net's target, float32 (Z, Y, X): humerus, glenoid, whole."""
        return self.segmented()[1].probabilities

    @property
    def quality(self) -> dict[str, float | None]:
        """Predicted Dice of each bone; None where the bundle was not calibrated."""
        measured = self.segmented()[1].measures["quality"]
        return {name: measured[name] for name in self.label_values}

    @property
    def flags(self) -> list[str]:
        """Reasons to look at the result; empty if none is known, which is no promise."""
        flags: list[str] = self.segmented()[1].measures["quality"]["flags"]
        return list(flags)

    @property
    def volumes_ml(self) -> dict[str, float]:
        """Volume of each bone in millilitres, by its voxels."""
        volume, segmentation = self.segmented()
        voxel_ml = math.prod(volume.spacing_mm) / 1000.0
        counts = np.bincount(segmentation.label_map.ravel(), minlength=256)
        return {name: float(counts[value] * voxel_ml) for name, value in self.label_values.items()}

    def to_sitk(self) -> SimpleITK.Image:
        """The label map as a SimpleITK image."""
        import SimpleITK

        volume, segmentation = self.segmented()
        image = SimpleITK.GetImageFromArray(segmentation.label_map)
        image.SetSpacing(volume.spacing_mm[::-1])
        image.SetOrigin(volume.origin_mm)
        image.SetDirection(volume.direction)
        return image

    def save(
        self, out: Path | str, formats: str | Sequence[str] = (), *, bids: bool = False
    ) -> list[Path]:
        """Writes the label map as `shoulderseg predict` does.

        Args:
            out: the folder; it is made where it is not there.
            formats: nii.gz, nrrd, mha, seg.nrrd, dicom-seg, stl, ply; by default nii.gz, and for
                DICOM files dicom-seg beside it.
            bids: whether to lay the files out as a BIDS derivative.

        Returns:
            The files.

        Raises:
            ValueError: if there is no such format, the case failed, a file would replace the image
                itself, or the result cannot have one of the formats; those that it can have are
                written.
            OSError: if a file cannot be written.
        """
        from shoulderseg.workflows.outputs.formats import parse_formats
        from shoulderseg.workflows.outputs.plan import OutputPlan

        plan = OutputPlan(Path(out), parse_formats(formats), bids)
        self.segmented()
        plan.start()
        written = self.write(plan)
        if "error" in written:
            raise ValueError(written["error"])
        return [plan.out / name for name in written["outputs"]]

    def write(self, plan: OutputPlan, others: Iterable[str] = (), file: str = "") -> dict[str, Any]:
        """Writes the files that a plan asks for.

        Args:
            plan: where to, and as what.
            others: files, below the folder, of other cases of the run.
            file: name of the image in its folder; empty for DICOM, whose files archives name.

        Returns:
            As `write_outputs`.

        Raises:
            ValueError: if nothing of what was asked for can be written, the case failed, or a file
                would replace the image itself.
            OSError: if no file can be written.
        """
        from shoulderseg.workflows.outputs.plan import Case
        from shoulderseg.workflows.outputs.write import write_outputs

        volume, segmentation = self.segmented()
        case = Case(self.name, self.source_files, file, self.source_frames)
        if self.source is not None:
            plan.check_source(case, self.source, self.label_values)
        return write_outputs(
            plan, case, segmentation.label_map, volume, self.label_values, list(others)
        )

    def segmented(self) -> tuple[Volume, Segmentation]:
        """The image and its segmentation.

        Raises:
            ValueError: if the case failed; says why.
        """
        if self.volume is None or self.segmentation is None:
            msg = f"{self.name} was not segmented: {self.error}"
            raise ValueError(msg)
        return self.volume, self.segmentation
