"""Segments images with one bundle, whose weights are loaded once."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shoulderseg.workflows.bundles.store import DEFAULT, find_bundle
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.segmentation.result import Result

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.voting import Rule
    from shoulderseg.workflows.inputs.discover import CaseInput
    from shoulderseg.workflows.segmentation.segment import OnProgress

_LOGGER = logging.getLogger(__name__)
# What an image in memory is called where nothing names it.
IN_MEMORY = "image"


@dataclass(frozen=True)
class Options:
    """How a bundle is used; the defaults are those of `shoulderseg predict`.

    Attributes:
        device: cuda, mps or cpu; auto takes the first of these that is there.
        folds: folds of the U-Nets, None for all.
        mirroring: whether the U-Nets average over mirror images.
        vote: how the voters of a bone are fused.
        voters: the three U-Nets, or all: with the AlexNet as the fourth.
        refine: whether the AlexNet decides the edges; None asks the bundle whether that helps.
        as_stored: whether volumes keep the orientation of their files.
    """

    device: str = "auto"
    folds: tuple[str, ...] | None = None
    mirroring: bool = True
    vote: Rule = "majority"
    voters: Literal["unets", "all"] = "unets"
    refine: bool | None = None
    as_stored: bool = False


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
        folds: Sequence[str] | None = None,
        mirroring: bool = True,
        vote: Rule = "majority",
        voters: Literal["unets", "all"] = "unets",
        refine: bool | None = None,
        as_stored: bool = False,
    ) -> None:
        """Verifies and loads a bundle.

        Args:
            model: `default`, the name of an imported bundle, or the folder of one.
            device: see `Options`, as the others.
            folds: folds of the U-Nets.
            mirroring: whether the U-Nets average over mirror images.
            vote: majority, mean or staple.
            voters: unets or all.
            refine: whether the AlexNet decides the edges.
            as_stored: whether volumes keep the orientation of their files.

        Raises:
            FileNotFoundError: if there is no such bundle.
            ValueError: if the bundle is damaged, or it or the device cannot do what is asked.
        """
        from shoulderseg.nnunet_ext.regions import foreground_labels
        from shoulderseg.workflows.bundles.bundle import read_bundle
        from shoulderseg.workflows.device import resolve_device
        from shoulderseg.workflows.segmentation.segment import Settings, prepare

        chosen = None if folds is None else tuple(folds)
        self._model = os.fspath(model)
        self._options = Options(device, chosen, mirroring, vote, voters, refine, as_stored)
        self.settings = Settings(
            device=resolve_device(device),
            folds=list(chosen) if chosen else None,
            mirroring=mirroring,
            vote=vote,
            refine=refine,
            all_voters=voters == "all",
            as_stored=as_stored,
        )
        self.bundle = read_bundle(find_bundle(self._model))
        self._segment = prepare(self.bundle, self.settings)
        if refine and self.bundle.refiner is None:
            _LOGGER.warning("the bundle has no edge refiner; the vote is the result")
        self.label_values = foreground_labels(self.bundle.unets.dataset_json)

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
                why.
        """
        if isinstance(image, str | os.PathLike):
            return self._at_path(Path(image))
        from shoulderseg.datasets.in_memory import image_from

        return self._result(image_from(image), name)

    def many(self, images: str | os.PathLike[str] | Iterable[object]) -> Iterator[Result]:
        """Segments image after image.

        Args:
            images: a path as `shoulderseg predict` takes it (a folder of images, a DICOM folder
                tree, a zip of one, an image), or several images as a call takes them.

        Yields:
            A result for each image, by name, where it is ready. That of a failed or refused one
            has an `error`. DICOM files of a zip can be used until the next one is asked for.

        Raises:
            FileNotFoundError: if there is no such path.
        """
        if not isinstance(images, str | os.PathLike):
            for number, image in enumerate(images, start=1):
                yield self._or_error(image, f"{IN_MEMORY}_{number}")
            return
        from shoulderseg.workflows.inputs.discover import find_inputs
        from shoulderseg.workflows.inputs.zip_archive import unpacked

        with unpacked(Path(images)) as folder:
            inputs = find_inputs(folder)
            for item in inputs.skipped:
                if item.refused:
                    yield Result(item.name, error=f"{item.name}: {item.reason}")
            for case in inputs.cases:
                try:
                    yield self.segment_case(case)
                except Exception as error:
                    _LOGGER.debug("traceback", exc_info=True)
                    yield Result(case.name, error=failure_of(case, error))

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
        return self._result(volume, case.name, case.source_files, read, on_progress)

    def _at_path(self, path: Path) -> Result:
        from dataclasses import replace

        from shoulderseg.workflows.inputs.discover import find_inputs
        from shoulderseg.workflows.inputs.zip_archive import unpacked

        with unpacked(path) as folder:
            inputs = find_inputs(folder)
            if not inputs.cases:
                reasons = [f"{item.name}: {item.reason}" for item in inputs.skipped]
                told = f" ({'; '.join(reasons[:3])})" if reasons else ""
                msg = f"no image to segment in {path}{told}"
                raise ValueError(msg)
            if len(inputs.cases) > 1:
                names = [case.name for case in inputs.cases]
                shown = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
                msg = f"{path} holds {len(names)} images ({shown}); use many() for all of them"
                raise ValueError(msg)
            result = self.segment_case(inputs.cases[0])
            return result if folder == path else replace(result, source_files=())

    def _or_error(self, image: object, name: str) -> Result:
        try:
            return self(image, name=name)
        except Exception as error:
            _LOGGER.debug("traceback", exc_info=True)
            reason = reason_of(error)
            return Result(name, error=reason if name in reason else f"{name}: {reason}")

    def _result(
        self,
        volume: Volume,
        name: str,
        source_files: tuple[Path, ...] = (),
        read_seconds: float = 0.0,
        on_progress: OnProgress | None = None,
    ) -> Result:
        found = self._segment(volume, on_progress)
        seconds = {"read": read_seconds, **found.seconds}
        return Result(
            name, "", dict(self.label_values), volume, found, tuple(source_files), seconds
        )


def failure_of(case: CaseInput, error: Exception) -> str:
    """Why a case failed, with the name that may be shown for it."""
    reason = reason_of(error)
    return reason if reason.startswith(case.shown) else f"{case.shown}: {reason}"


def _again(model: str, options: dict[str, Any]) -> Segmenter:
    return Segmenter(model, **options)
