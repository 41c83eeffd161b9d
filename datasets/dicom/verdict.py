"""What becomes of a group of DICOM slices: used, skipped or refused, and why."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from shoulderseg.datasets.dicom.grouping import owner_of, planes_of_series
from shoulderseg.datasets.dicom.identity import join
from shoulderseg.datasets.dicom.incomplete import Losses
from shoulderseg.datasets.dicom.made_images import word_of_made
from shoulderseg.datasets.dicom.originals import Originals, image_types
from shoulderseg.datasets.dicom.stack import SAME_PLACE_MM, StackError, build_stack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shoulderseg.datasets.dicom.header import SliceHeader
    from shoulderseg.datasets.dicom.identity import Identity
    from shoulderseg.datasets.dicom.stack import Stack

Verdict = Literal["use", "skip", "refuse"]

_DERIVED = "marked as derived from other images, which are not here"
_BESIDE = "marked as derived from other images; an original of its plane is used, too"
_SCOUT = frozenset({"LOCALIZER", "SCOUT", "SURVEY"})
_SCOUT_WORDS = re.compile(
    r"(?<!no )(?<![a-z])(locali[sz]er|loc|scout|survey|3[ -]?pl(ane)?s?)(?![a-z])"
)
_PHASE = frozenset(
    {
        *("P", "PHASE", "PHASE MAP", "PHASE_MAP", "I", "IMAGINARY", "R", "REAL"),
        *("VELOCITY", "VELOCITY MAP", "FIELD_MAP", "FIELD MAP", "B0 MAP"),
    }
)
_FEWEST_OF_A_PLANE, _FEWEST_OF_THREE = 5, 13
_PIXEL_MM, _STEP_MM = (0.1, 3.0), (0.3, 10.0)
_SMALLEST = 16


@dataclass(frozen=True, eq=False)
class Series:
    """One volume of a DICOM folder, or what cannot become one.

    Attributes:
        name: Of the group; tells nothing about the patient.
        slices: All its slices, in any order.
        verdict: What becomes of it.
        reason: Why it is skipped or refused; empty for what is used.
        stack: The stack of what is used.
        notes: What is worth knowing about what is used.
    """

    name: str
    slices: tuple[SliceHeader, ...]
    verdict: Verdict
    reason: str
    stack: Stack | None
    notes: tuple[str, ...]

    @property
    def people(self) -> Identity:
        """Who the headers of its slices tell of."""
        return join(header.identity for header in self.slices)


def judge(groups: Mapping[str, list[SliceHeader]], losses: Losses | None = None) -> list[Series]:
    """Judges each group of a folder in the light of the others.

    Args:
        groups: From `group_slices`.
        losses: Files that may have been slices of them.

    Returns:
        One entry for each group, in their order.
    """
    count = planes_of_series(groups)
    largest: Counter[tuple[str, ...]] = Counter()
    single: Counter[tuple[str, ...]] = Counter()
    parts: dict[str, set[str]] = {}
    for slices in groups.values():
        series = owner_of(slices[0])
        largest[series] = max(largest[series], len(slices))
        single[series] += len(slices) == 1
        for header in slices:
            uid = header.text("ConcatenationUID")
            parts.setdefault(uid, set()).add(header.text("InConcatenationNumber"))
    found = []
    for name, slices in groups.items():
        judged = _judge_one(name, slices, count[name])
        siblings = max(part[owner_of(slices[0])] for part in (largest, single))
        reason = ""
        if len(slices) == 1 and siblings > _FEWEST_OF_A_PLANE:
            reason = f"a single slice apart from {siblings} others of its series."
        reason = _missing_parts(slices[0], parts) or reason
        reason = (losses or Losses()).reason_for(slices) or reason
        if judged.verdict == "use" and reason:
            judged = replace(judged, verdict="refuse", reason=reason, stack=None, notes=())
        found.append(judged)
    # What is refused is no original: its derived copy is all that is left.
    originals = Originals(one.slices for one in found if one.verdict == "use")
    return [_without_numbers(_unless_copy(series, originals)) for series in found]


def _unless_copy(series: Series, originals: Originals) -> Series:
    """Skips a derived series whose original is used; else its note tells of others like it."""
    if series.verdict == "skip":
        return series
    if not originals.hold(series.slices):
        if _DERIVED not in series.notes or not originals.share_plane(series.slices):
            return series
        notes = tuple(_BESIDE if note == _DERIVED else note for note in series.notes)
        return replace(series, notes=notes)
    reason = "derived image; an original series of the same plane is here"
    return Series(series.name, series.slices, "skip", reason, None, ())


def _without_numbers(series: Series) -> Series:
    """Takes numbers of the patient out of what is said: a header may hold them anywhere."""
    people = series.people
    notes = tuple(people.hide_numbers(note) for note in series.notes)
    return replace(series, reason=people.hide_numbers(series.reason), notes=notes)


def _judge_one(name: str, slices: list[SliceHeader], planes: int) -> Series:
    skip = _reason_to_skip(slices, planes)
    if skip:
        return Series(name, tuple(slices), "skip", skip, None, ())
    try:
        stack = _sound_stack(slices)
    except StackError as error:
        return Series(name, tuple(slices), "refuse", str(error), None, ())
    notes = [*stack.notes, *_doubts(stack, slices)]
    if image_types(slices[0])[:1] == ["DERIVED"]:
        notes.append(_DERIVED)
    if len(stack.slices) == 1:
        notes.append("a single slice")
    return Series(name, tuple(slices), "use", "", stack, tuple(notes))


def _missing_parts(header: SliceHeader, parts: Mapping[str, set[str]]) -> str:
    """Says that files of a concatenation are not here; empty if all are, or it is none."""
    uid, total = header.text("ConcatenationUID"), header.text("InConcatenationTotalNumber")
    found = len(parts.get(uid, ()))
    if not uid or not total.isdecimal() or found >= int(total):
        return ""
    return f"{found} of {total} files of this multi-frame image are here. Export it again."


def _sound_stack(slices: list[SliceHeader]) -> Stack:
    """The stack of the slices whose pixels are there; no other place may be left empty.

    Raises:
        StackError: With the reason.
    """
    _check_plausible(slices[0])
    sound = [header for header in slices if not header.fault]
    broken = [header for header in slices if header.fault]
    if not sound:
        msg = f"{broken[0].label}: {broken[0].fault}"
        raise StackError(msg)
    for header in broken:
        gaps = [np.linalg.norm(header.position_mm - other.position_mm) for other in sound]
        if min(gaps) > SAME_PLACE_MM:
            msg = f"{header.label}: {header.fault}"
            raise StackError(msg)
    stack = build_stack(sound)
    low, high = _STEP_MM
    if len(stack.slices) > 1 and not low <= stack.spacing_mm[0] <= high:
        msg = f"slices lie {stack.spacing_mm[0]:g} mm apart, expected {low:g} to {high:g} mm."
        raise StackError(msg)
    return stack


def _doubts(stack: Stack, slices: list[SliceHeader]) -> list[str]:
    notes = []
    dropped = len(stack.duplicates)
    if dropped:
        notes.append(f"{dropped} slice{'s' * (dropped != 1)} twice; each counts once")
    if any(header.is_annotated for header in slices):
        notes.append("text is burnt into its pixels (BurnedInAnnotation is YES)")
    notes += [f"{h.label} left out: {h.fault}" for h in slices if h.fault]
    numbers = sorted({int(text) for text in map(_instance, stack.slices) if text.isdecimal()})
    whole = len(numbers) == len(stack.slices) > 1 and numbers[-1] - numbers[0] + 1 == len(numbers)
    if whole and numbers[0] > 1 and stack.slices[0].is_counted:
        notes.append(
            f"image numbers begin with {numbers[0]}: slices may be missing before the first"
        )
    return notes


def _instance(header: SliceHeader) -> str:
    return header.text("InstanceNumber")


def _reason_to_skip(slices: list[SliceHeader], planes: int) -> str:
    types = image_types(slices[0])
    words = slices[0].text("SeriesDescription").lower()
    if _SCOUT & set(types) or _SCOUT_WORDS.search(words.replace("_", " ")):
        return "localizer"
    few = _FEWEST_OF_A_PLANE if planes == 2 else _FEWEST_OF_THREE
    if planes > 1 and len(slices) < few:
        return f"localizer: {planes} planes in one series, {len(slices)} slices in this one"
    made = word_of_made(types)
    if made:
        return f"derived image ({made}), made from another series"
    if _PHASE & set(types[2:]):
        part = sorted(_PHASE & set(types[2:]))[0]
        return f"phase, real or imaginary part ({part}), no magnitude image"
    return ""


def _check_plausible(header: SliceHeader) -> None:
    (low, high), (rows_mm, columns_mm) = _PIXEL_MM, header.spacing_mm
    if not (low <= min(header.spacing_mm) and max(header.spacing_mm) <= high):
        msg = (
            f"pixels are {rows_mm:g} x {columns_mm:g} mm, expected {low:g} to {high:g} mm. "
            "Check PixelSpacing."
        )
        raise StackError(msg)
    if min(header.shape) < _SMALLEST:
        rows, columns = header.shape
        msg = f"image has {rows} x {columns} pixels, expected at least {_SMALLEST} each way."
        raise StackError(msg)


def normal_of(series: Series) -> np.ndarray:
    """Returns the direction across the slices in LPS, (3,)."""
    axes = series.slices[0].axes
    return np.cross(axes[0], axes[1])
