"""What a series shows, as far as its header says: plane, kind of contrast, side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.dicom.header import SliceHeader
    from shoulderseg.datasets.dicom.identity import Identity

Side = Literal["left", "right", "unknown"]
_PLANES = ("sagittal", "coronal", "axial")
# Beyond this between the normal and a body axis a plane is called oblique.
_STRAIGHT_DEG = 10.0
# Beyond this it is called by two names.
_BETWEEN_DEG = 35.0
_STIR = r"(?<![a-z])(stir|tirm|ir ?fse|ir ?tse)(?![a-z])"
# Fat has no signal near 220 ms at 3 T and near 85 ms at 0.25 T; fluid is nulled beyond 1500 ms.
_SHORT_INVERSION_MS = 300.0
_SHOULDER = r"(schulter|shoulder|humerus|epaule|épaule|spalla|hombro)"
# Two letters mean many things (RT is a respiratory trigger), but not beside the name of the joint.
_LEFT = r"(?:left|links|gauche|sinistra|izquierd[ao])"
_RIGHT = r"(?:right|rechts|droite?|destra|derech[ao])"
_WRITTEN_OUT: dict[Side, re.Pattern[str]] = {
    "left": re.compile(rf"(?<![a-z]){_LEFT}(?![a-z])"),
    "right": re.compile(rf"(?<![a-z]){_RIGHT}(?![a-z])"),
}
# Alone they may begin something else: R/O rules a tear out, R2 is a second reading, L-spine is no
# shoulder. RE and LI are German; RE is also what comes again, or what a scan is about.
_SCAN = r"(?:sag|cor|kor|ax|tra|obl|t1|t2|pd|fs|stir|tirm|tse|fse|dixon|w/|nativ|arthro|km)"
_NO_WORD = rf"(?![a-z0-9])(?!-(?!{_SCAN})[a-z])"
_ENDS = rf"(?=[\s.-]*(?:$|[)\];,]|{_SCAN}))"
_L_ALONE = rf"lt(?![a-z0-9])|(?:li|l){_NO_WORD}"
_R_ALONE = rf"rt(?![a-z0-9])|r{_NO_WORD}(?!\s*[/.\\-]?\s*o(?![a-z]))|re{_ENDS}"
_WORDS: dict[Side, re.Pattern[str]] = {
    "left": re.compile(
        rf"{_WRITTEN_OUT['left'].pattern}"
        rf"|(?<![a-z])(li|lt|l)[ .]+{_SHOULDER}|{_SHOULDER}[ .(]+(?:{_L_ALONE})"
    ),
    "right": re.compile(
        rf"{_WRITTEN_OUT['right'].pattern}"
        rf"|(?<![a-z])(rt|r)[ .]+{_SHOULDER}|{_SHOULDER}[ .(]+(?:{_R_ALONE})"
        rf"|(?<![a-z])re(?:[ .]+schulter|\.\s*{_SHOULDER})|schulter[ .(]+re{_NO_WORD}"
    ),
}
# Protocols for either shoulder name both: "SHOULDER L/R", "Schulter li-re", "left and right".
_ALSO = r"[/\\|+&:]+|(?<![a-z])(?:and|or|und|oder|et|ou|y|o|e)(?![a-z])"
_AND = rf"\s*(?:{_ALSO}|[-,;<>]+)\s*"
# These may begin another word, as in re-scan.
_L, _R = r"(?:lt|li(?!-[a-z])|l)", r"(?:rt|re(?!-[a-z])|r)"
_BEFORE_L, _BEFORE_R = "(?:lt|li|l)", "(?:rt|re|r)"
_PAIRS = (
    *(f"{_LEFT}{_AND}{_RIGHT}", f"{_RIGHT}{_AND}{_LEFT}"),
    *(f"{_BEFORE_L}{_AND}{_R}", f"{_BEFORE_R}{_AND}{_L}", r"l\s+r", r"r\s+l"),
    # Two letters after a side that is written out are another word for it only here.
    *(rf"{_LEFT}\s*(?:{_ALSO})\s*{_R}", rf"{_RIGHT}\s*(?:{_ALSO})\s*{_L}"),
    *(rf"{_BEFORE_L}\s*(?:{_ALSO})\s*{_RIGHT}", rf"{_BEFORE_R}\s*(?:{_ALSO})\s*{_LEFT}"),
)
_BOTH = re.compile(rf"(?<![a-z])(?:{'|'.join(_PAIRS)})(?![a-z])")
_LETTERS: dict[str, Side] = {"L": "left", "R": "right"}


class SideFinding(NamedTuple):
    """The side of the body, and where it was read.

    Attributes:
        side: Left, right or unknown.
        source: Name of the tag, or why it is not known.
    """

    side: Side
    source: str


def find_side(header: SliceHeader) -> SideFinding:
    """Reads the side of the body; it is never guessed from where the image lies.

    Args:
        header: Any slice of a series.

    Returns:
        What `ImageLaterality` or `Laterality` says, or else an unmistakable word in the
        descriptions; unknown where two of them contradict each other. A description that names
        both sides says nothing, unless it names one of them once more, written out: the others
        are then the direction of phase encoding.
    """
    findings: list[SideFinding] = []
    of_both = ""
    for tag in ("ImageLaterality", "Laterality"):
        side = _LETTERS.get(header.text(tag).upper())
        if side is not None:
            findings.append(SideFinding(side, tag))
    for tag in ("SeriesDescription", "ProtocolName", "BodyPartExamined"):
        words = header.text(tag).lower().replace("_", " ")
        rest = _BOTH.sub(" ; ", words)
        patterns = _WORDS if rest == words else _WRITTEN_OUT
        named: list[Side] = [side for side, known in patterns.items() if known.search(rest)]
        if len(named) > 1 or (rest != words and not named):
            of_both = of_both or tag
        else:
            findings += [SideFinding(side, tag) for side in named]
    if len({finding.side for finding in findings}) > 1:
        sources = sorted({finding.source for finding in findings})
        return SideFinding("unknown", f"{' and '.join(sources)} contradict each other")
    if findings:
        return findings[0]
    return SideFinding("unknown", f"{of_both} names both" if of_both else "no tag says it")


def plane_of(normal: npt.ArrayLike) -> str:
    """Names the plane of slices.

    Args:
        normal: Direction across the slices in LPS, not zero.

    Returns:
        Sagittal, coronal or axial, the nearest of the three, with `oblique` before it where it is
        off by more than 10 degrees. Beyond 35 degrees the second nearest is named too: planes of
        the shoulder often lie half-way, where a degree would change the name.
    """
    vector = np.abs(np.asarray(normal, dtype=np.float64))
    vector /= np.linalg.norm(vector)
    second, axis = (int(index) for index in np.argsort(vector)[1:])
    off_deg = float(np.degrees(np.arccos(min(1.0, vector[axis]))))
    if off_deg > _BETWEEN_DEG:
        return f"oblique ({off_deg:.0f}° from {_PLANES[axis]} towards {_PLANES[second]})"
    return ("oblique " if off_deg > _STRAIGHT_DEG else "") + _PLANES[axis]


def contrast_of(header: SliceHeader) -> str:
    """Names the kind of contrast from the timing, roughly; `not stated` without a timing.

    The limits are those of textbooks for 1.5 and 3 T and only help people to tell series apart:
    nothing is decided by them.
    """
    echo_ms, repetition_ms = number_of(header, "EchoTime"), number_of(header, "RepetitionTime")
    kind = header.text("ScanningSequence").upper().split("\\")
    options = header.text("ScanOptions").upper().split("\\")
    words = f"{header.text('SeriesDescription')} {header.text('ProtocolName')}".lower()
    if echo_ms is None or repetition_ms is None:
        return "not stated"
    if "GR" in kind:
        name = "gradient echo"
    elif repetition_ms < 1000:
        name = "T1"
    else:
        name = "T2" if echo_ms >= 60 else "PD"
    inversion_ms = number_of(header, "InversionTime")
    short = inversion_ms is not None and inversion_ms <= _SHORT_INVERSION_MS
    if re.search(_STIR, words) or ("IR" in kind and "GR" not in kind and short):
        return "STIR"
    saturated = "FS" in options or re.search(r"(?<![a-z])(fs|fat ?sat|spair|spir)", words)
    return name + (" fat-saturated" if saturated else "")


def public_description(header: SliceHeader, people: Identity) -> str:
    """Returns the description of a series, unless it holds a name or a number of the headers.

    Args:
        header: Any slice.
        people: Who the headers of the series tell of.
    """
    text = header.text("SeriesDescription")
    return "(hidden: a name or a number of its header)" if people.is_in(text) else text


def number_of(header: SliceHeader, tag: str) -> float | None:
    """Reads a number above 0; None where the header states none.

    Args:
        header: Any slice.
        tag: Of one value.
    """
    try:
        value = float(header.text(tag))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None
