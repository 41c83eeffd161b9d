"""Says what is known against the packages that constraints.txt pins, and what could not be asked.

Ends with 1 if something is known, and with 0 where nobody can be asked: pip-audit calls a package
that the service does not answer for skipped, and says that it has found nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
# Of the service for one package; there are about two hundred.
_TIMEOUT_S = 5
_FIRST = "urllib3"


def main() -> int:
    """Asks for one package first: each would wait in vain for a service that is not there."""
    pins = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    for some in ([pin for pin in pins if pin.startswith(f"{_FIRST}==")], pins):
        found, why = ask(some)
        if not any("vulns" in one for one in found):
            print(f"audit: nobody could be asked for known weaknesses: {why}")
            return 0
    weak = [one for one in found if one.get("vulns")]
    skipped = [one["name"] for one in found if "vulns" not in one]
    for one in weak:
        names = ", ".join(weakness["id"] for weakness in one["vulns"])
        print(f"audit: {one['name']} {one['version']}: {names}")
    print(
        f"audit: {len(found) - len(skipped)} packages asked for, {len(weak)} with known weaknesses"
    )
    if skipped:
        print(f"audit: not known to the service: {', '.join(skipped)}")
    return 1 if weak else 0


def ask(pins: list[str]) -> tuple[list[dict[str, Any]], str]:
    """What pip-audit tells of pinned packages, and why it tells nothing, if so.

    Args:
        pins: lines of constraints.txt.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text("\n".join(pins) + "\n", encoding="utf-8")
        words = ["--requirement", str(file), "--no-deps", "--disable-pip", "--format", "json"]
        words += ["--progress-spinner", "off", "--timeout", str(_TIMEOUT_S)]
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *words], capture_output=True, text=True, check=False
        )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], (done.stderr.strip().splitlines() or ["no answer"])[-1]
    skipped = [str(one["skip_reason"]) for one in found if "skip_reason" in one]
    return found, (skipped or ["no packages"])[0]


if __name__ == "__main__":
    sys.exit(main())
