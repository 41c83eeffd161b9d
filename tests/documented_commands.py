"""Command lines that the documentation shows, and `make docs-run`, which runs them.

`documented_commands.toml` says of each line how it is run with small inputs, or why it is not.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/**/*.md")])
PROGRAM = re.compile(
    r"(shoulderseg|eval|make|pip|pre-commit|source|python|nnUNetv2_\w+|\.venv/bin/\w+|\.ci/run)\b"
)
# Within sentences a command is often shown without its program.
COMMAND = re.compile(r"(predict|inspect|plan|train|train-refiner|export|calibrate|evaluate) [^-\s]")
NAME_OF_COMMAND = re.compile(r"shoulderseg ((models|convert) )?[a-z][a-z-]*")
SET_VARIABLES = 'eval "$(shoulderseg env --root data)"'


@dataclass(frozen=True)
class Step:
    """How some command lines are run.

    Attributes:
        shown: the lines as the documentation has them.
        run: what is run in their place.
        skip: why nothing is run; empty if something is.
        needed: whether the later steps cannot do without it.
    """

    shown: tuple[str, ...]
    run: str
    skip: str
    needed: bool


def read_steps() -> list[Step]:
    """Reads how each line is run, in the order of running."""
    path = Path(__file__).with_suffix(".toml")
    steps = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["step"]:
        shown = tuple(entry.get("shown", ()))
        skip = entry.get("skip", "")
        run = "" if skip else entry.get("run") or shown[0]
        if entry.get("nnunet"):
            run = f"{SET_VARIABLES} && {run}"
        steps.append(Step(shown, run, skip, entry.get("needed", False)))
    return steps


def shown_lines(text: str) -> list[str]:
    """Gives the command lines of a page, from code blocks and from sentences, each once.

    Args:
        text: Markdown.

    Returns:
        Lines without comments and line breaks. What `&&` joins are several.
    """
    text = re.sub(r"\\\n\s*", "", text)
    fenced = "\n".join(re.findall(r"(?ms)^```(?:sh|bash|console)\n(.*?)^```", text))
    plain = re.sub(r"(?ms)^```.*?^```", "", text)
    lines = [*fenced.splitlines(), *re.findall(r"(?m)^ {4}(\S.*)$", plain)]
    lines = [part for line in lines for part in _parts(line) if PROGRAM.match(part)]
    quoted = [part for code in re.findall(r"`([^`]+)`", plain) for part in _parts(code)]
    return list(dict.fromkeys([*lines, *filter(_is_line, quoted)]))


def _parts(line: str) -> Iterator[str]:
    for part in re.sub(r"\s+#.*$", "", line).split("&&"):
        yield " ".join(part.split())


def _is_line(code: str) -> bool:
    """Tells a command line within a sentence from the name of a program or command."""
    if NAME_OF_COMMAND.fullmatch(code):
        return False
    words = 2 if PROGRAM.match(code) else 3
    return len(code.split()) >= words and bool(PROGRAM.match(code) or COMMAND.match(code))


def main() -> None:
    """Runs all steps in a new folder and prints a table of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="for all that is made; the log goes there too")
    parser.add_argument("--only", type=re.compile, help="steps that match this expression")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    log = options.folder.absolute() / "docs-run.log"
    print("| command | outcome |\n|---|---|")
    failed = 0
    for step in read_steps():
        if options.only and not options.only.search("\n".join((step.run, *step.shown))):
            continue
        outcome = f"not run: {step.skip}" if step.skip else _run(step.run, log)
        failed += outcome.startswith("FAILED")
        names = "<br>".join(f"`{line}`" for line in step.shown) or f"(prepares) `{step.run}`"
        print(f"| {names} | {outcome} |", flush=True)
        if failed and step.needed:
            break
    print(f"\n{failed} failed; what they printed: {log}")
    sys.exit(1 if failed else 0)


def _run(command: str, log: Path) -> str:
    """Runs a command line in the folder of the log and says how it ended."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "REPOSITORY": str(ROOT),
        "DEVICE": "" if shutil.which("nvidia-smi") else "-device cpu",
    }
    started = time.monotonic()
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"\n$ {command}\n")
        stream.flush()
        done = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=log.parent,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
        )
        seconds = time.monotonic() - started
        stream.write(f"[exit code {done.returncode}, {seconds:.0f} s]\n")
    if done.returncode:
        return f"FAILED with exit code {done.returncode}"
    return f"ran, {seconds:.0f} s"


if __name__ == "__main__":
    main()
