"""Runs commands on files that tell of people, and looks for them in every byte that comes out."""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.fuzzing.planting import Planted, plant_series, plant_study
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from benchmarks.fuzzing.identities import Person

    RunCommand = Callable[[list[str]], str]

# Shorter ones stand in packed voxels by chance.
_SHORTEST_IN_BYTES = 7
_TEXTS = (".json", ".csv", ".tsv", ".txt", ".bidsignore")
_EXEMPT = ".dcm"


@dataclass(frozen=True)
class Leak:
    """A name or a number that came out.

    Attributes:
        needle: What was found.
        where: Name of the output, or what the command printed.
        around: The text around it.
    """

    needle: str
    where: str
    around: str


def attempt(
    folder: Path, random: random.Random, run: RunCommand, bundle: Path, count: int = 10
) -> tuple[int, list[Leak]]:
    """Hides people in an input, runs a command on it, and looks for them in what comes out.

    Args:
        folder: An empty folder for input and output.
        random: Draws everything.
        run: Runs `shoulderseg` with words and gives what it prints, stderr included.
        bundle: A bundle of small U-Nets.
        count: Images and series of the input.

    Returns:
        How often something was hidden, and what was found.
    """
    planted = Planted()
    images, out = folder / "in", folder / "out"
    command = random.choice(["predict", "predict", "bids", "zip", "inspect", "study"])
    with silence_dicom_libraries():
        plant_series(images, random, planted, count)
        if command == "study":
            images = plant_study(folder, random, planted)
    if command == "zip":
        images = _packed(images, folder / "in.zip")
    printed = run(_words(random, command, images, out, bundle))
    # Where it lies is the user's choice.
    printed = printed.replace(str(folder), "")
    if command == "inspect":
        # It names files at fault and folders, so that people find them, and says so.
        lines = [line for line in printed.splitlines() if line.startswith("use ")]
        printed = "\n".join(re.sub(r", in .*$", "", line) for line in lines)
    return planted.attempts, find_leaks(planted, printed, out)


def _words(random: random.Random, command: str, images: Path, out: Path, bundle: Path) -> list[str]:
    if command == "inspect":
        return ["inspect", str(images)]
    if command == "study":
        words = ["convert", "dicom-study", str(images), str(out), "--automatic-masks"]
        words += ["--map", "1=humerus", "--map", "2=glenoid"]
        return [*words, *(["--dry-run"] if random.random() < 0.5 else [])]
    words = ["predict", str(images), str(out), "--model", str(bundle), "--device", "cpu"]
    words += ["--no-mirroring"]
    if command == "bids":
        words += ["--bids", "--format", "nii.gz"]
    elif random.random() < 0.5:
        words += ["--format", random.choice(["nii.gz", "nrrd", "seg.nrrd"]), "--format", "ply"]
    return words


def find_leaks(planted: Planted, printed: str, out: Path) -> list[Leak]:
    """Looks for people in what a command printed and wrote; a DICOM SEG may tell of them."""
    needles = {needle for person in planted.people for needle in _needles(person)}
    leaks = _in_text(needles, "printed", printed)
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        leaks += _in_text(needles, "name of a file", name)
        if not path.is_file() or path.suffix == _EXEMPT:
            continue
        data = path.read_bytes()
        if path.suffix in _TEXTS or path.name.endswith(_TEXTS):
            leaks += _in_text(needles, name, _readable(path, data))
        else:
            long = {needle for needle in needles if len(needle.encode()) >= _SHORTEST_IN_BYTES}
            found = [needle for needle in long if needle.encode() in data]
            leaks += [Leak(needle, name, "") for needle in found]
    return leaks


def _readable(path: Path, data: bytes) -> str:
    text = data.decode(errors="replace")
    # JSON writes other scripts as escapes.
    return json.dumps(json.loads(text), ensure_ascii=False) if path.suffix == ".json" else text


def _needles(person: Person) -> set[str]:
    found = {_folded(word) for word in person.words if len(word) > 1 or not word.isascii()}
    return found | {person.digits.lstrip("0"), person.birth_date}


def _in_text(needles: set[str], where: str, text: str) -> list[Leak]:
    # What is random by purpose, and times.
    plain = re.sub(r"(series_\d+_)[0-9a-f]{8}", r"\1", text)
    plain = re.sub(r'"[0-9a-f]{16}"|"[0-9a-f]{64}"|\d+\.\d+', "", plain)
    folded = _folded(plain)
    leaks = []
    for needle in sorted(needles):
        place = _find(needle, folded)
        if place >= 0:
            leaks.append(Leak(needle, where, folded[max(0, place - 60) : place + 60]))
    return leaks


def _find(needle: str, text: str) -> int:
    """The place of a needle, or -1; two or three letters may be part of any word of ours."""
    if len(needle) > 3 or not needle.isascii():
        return text.find(needle)
    found = re.search(rf"(?<![a-z]){needle}(?![a-z])", text)
    return found.start() if found else -1


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _packed(images: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as content:
        for path in sorted(images.rglob("*")):
            if path.is_file():
                content.write(path, path.relative_to(images).as_posix())
    return archive
