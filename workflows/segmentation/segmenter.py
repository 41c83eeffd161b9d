"""Segments images with one bundle, whose weights are loaded once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.bundles.store import DEFAULT
from shoulderseg.workflows.inputs.arguments import (
    IN_MEMORY,
    check_case_name,
    existing_path,
    named_path,
    several_images,
)
from shoulderseg.workflows.segmentation.many import segment_each, segment_path
from shoulderseg.workflows.segmentation.options import Options, Voters, folds_of, settings_of
from shoulderseg.workflows.segmentation.result import Result

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.nnunet_ext.engines.choice import EngineChoice, PrecisionChoice
    from shoulderseg.refine.voting import Rule
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.segmentation.segment import OnProgress, Segment
    from shoulderseg.workflows.segmentation.settings import Settings


class Segmenter:
    """Segments humerus and glenoid with one bundle. Research use only.

    The weights are loaded once, when the object is made. A copy in another process (by pickle)
    loads them there again.

    Examples:
        >>> segmenter = Segmenter("default", device="cpu")  # doctest: +SKIP
        >>> segmenter("scan.nii.gz").save("out/")  # doctest: +SKIP
        [PosixPath('out/scan.nii.gz')]

    Attributes:
        bundle: the loaded bundle.
        settings: how it is used.
        label_values: the voxel value of each bone.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT,
        *,
        device: str = "auto",
        folds: Sequence[str] | Sequence[int] | None = None,
        mirroring: bool = True,
        vote: Rule = "majority",
        voters: Voters = "unets",
        refine: bool | None = None,
        as_stored: bool = False,
        engine: EngineChoice = "auto",
        precision: PrecisionChoice = "auto",
        crop: bool | None = None,
        three_planes: bool | None = None,
        slice_context: bool | None = None,
    ) -> None:
        """Verifies and loads a bundle.

        Args:
            model: `default`, an imported bundle's name, a folder, or a 2d model of stock nnU-Net.
            device: see `Options`, as for the others.
            folds: of the U-Nets.
            mirroring: over mirror images.
            vote: majority, mean or staple.
            voters: unets or all.
            refine: whether edges are refined.
            as_stored: whether volumes stay as they lie.
            engine: of the U-Nets on a CPU.
            precision: of their arithmetic.
            crop: whether the U-Nets see the surroundings of the bones alone.
            three_planes: whether volumes of many thin slices are seen in all three planes.
            slice_context: whether slices are corrected by their neighbours.

        Raises:
            FileNotFoundError: if there is no such bundle.
            ValueError: if the bundle is damaged, or it or the device cannot do what is asked.
        """
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.workflows.bundles.bundle import read_bundle
        from shoulderseg.workflows.bundles.opened import opened_bundle

        seen = (as_stored, engine, precision, crop, three_planes, slice_context)
        self._options = Options(device, folds_of(folds), mirroring, vote, voters, refine, *seen)
        self.settings = self._settings_of(self._options)
        with opened_bundle(os.fspath(model)) as (folder, self._model):
            self.bundle = read_bundle(folder)
        self._segment = self._prepare()
        self._lock = threading.Lock()  # Engines keep images and weights of one call at a time.
        self.label_values = foreground_labels(self.bundle.unets.dataset_json)

    @property
    def elsewhere(self) -> bool:
        """Whether others segment, with settings of their own for what was left open."""
        return False

    @property
    def recipe(self) -> tuple[str, Options]:
        """What finds the bundle from another working folder, and how it is used."""
        return self._model, self._options

    def _settings_of(self, options: Options) -> Settings:
        return settings_of(options)

    def _prepare(self) -> Segment:
        from shoulderseg.workflows.segmentation.segment import prepare

        return prepare(self.bundle, self.settings)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles how it was made, not the weights."""
        return _again, (self._model, asdict(self._options))

    def __call__(self, image: object, *, name: str = IN_MEMORY) -> Result:
        """Segments one image.

        Args:
            image: a path of an image, of a folder of one DICOM series or of a zip of one; or from
                memory a SimpleITK image, a nibabel image, or `(array, affine)` with an array of
                shape (Z, Y, X) and nibabel's affine.
            name: what a case from memory is called; paths name their own.

        Returns:
            The result. That of a zip file knows no DICOM files: they are gone.

        Raises:
            FileNotFoundError: if there is no such path.
            TypeError: if it is none of these.
            ValueError: if it holds no image or several, or one that cannot be used; says which and
                why. Or if the name cannot be that of a file.
        """
        if isinstance(image, str | os.PathLike):
            return self._at_path(named_path(image))
        from shoulderseg.datasets.in_memory import image_from
        from shoulderseg.datasets.plausible import check_plausible

        check_case_name(name)
        volume = image_from(image)
        check_plausible(name, volume)
        return self._result(volume, name)

    def many(self, images: str | os.PathLike[str] | Iterable[object]) -> Iterator[Result]:
        """Segments image after image.

        Args:
            images: a path as `shoulderseg predict` takes it (a folder of images, a DICOM folder
                tree, a zip of one, an image), or several images as a call takes them.

        Returns:
            A result for each image, by name, where it is ready. That of a failed or refused one
            has an `error`. DICOM files of a zip can be used until the next one is asked for.

        Raises:
            FileNotFoundError: if there is no such path.
            TypeError: if it is one image; call the segmenter with it.
            ValueError: when the first result is asked for: if nothing is found in the path, or a
                zip file cannot be unpacked.
        """
        if isinstance(images, str | os.PathLike):
            return segment_path(self.segment_case, existing_path(images))
        return segment_each(lambda image, name: self(image, name=name), several_images(images))

    def segment_case(self, case: CaseInput, on_progress: OnProgress | None = None) -> Result:
        """Reads and segments one case that `find_inputs` found.

        Args:
            case: the case.
            on_progress: is told which share of the networks' work is done.

        Raises:
            ValueError: if it cannot be read or segmented.
            OSError: if it cannot be read.
        """
        started = time.perf_counter()
        volume = case.load()
        read = round(time.perf_counter() - started, 4)
        result = self._result(volume, case.name, read, on_progress)
        return replace(
            result,
            source_files=case.source_files,
            source_frames=case.source_frames,
            source=None if case.source_files else case.path,
        )

    def _at_path(self, path: Path) -> Result:
        from shoulderseg.workflows.inputs.discover import find_inputs
        from shoulderseg.workflows.inputs.zip_archive import unpacked

        with unpacked(path) as folder:
            inputs = find_inputs(folder, from_archive=folder != path)
            if not inputs.cases:
                reasons = [f"{item.name}: {item.reason}" for item in inputs.skipped]
                told = f" ({'; '.join(reasons[:3])})" if reasons else ""
                msg = f"no image to segment in {path}{told}"
                raise ValueError(msg)
            refused = [item for item in inputs.skipped if item.refused]
            if refused:
                # Nobody knows whether the refused one was meant.
                msg = (
                    f"{path} holds {inputs.cases[0].name} and {refused[0].name}, which is refused: "
                    f"{refused[0].reason}; use many() for all that can be used"
                )
                raise ValueError(msg)
            if len(inputs.cases) > 1:
                names = [case.name for case in inputs.cases]
                shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
                msg = f"{path} holds {len(names)} images ({shown}); use many() for all of them"
                raise ValueError(msg)
            result = self.segment_case(inputs.cases[0])
            if folder == path:
                return result
            return replace(result, source_files=(), source_frames=(), source=None)

    def _result(
        self,
        volume: Volume,
        name: str,
        read_seconds: float = 0.0,
        on_progress: OnProgress | None = None,
    ) -> Result:
        with self._lock:
            found = self._segment(volume, on_progress)
        seconds = {"read": read_seconds, **found.seconds}
        return Result(name, "", dict(self.label_values), volume, found, seconds=seconds)


def _again(model: str, options: dict[str, Any]) -> Segmenter:
    return Segmenter(model, **options)
