"""The page itself: one file with its style, its script and its rows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from shoulderseg.workflows.report.safe_json import script_json

_ASSETS = "shoulderseg.workflows.report"
# In this order; together they are one script.
_SCRIPTS = (
    *("base.js", "verdicts.js", "verdict_files.js", "choice.js", "charts.js", "table.js"),
    *("slices.js", "solid.js", "opened.js", "main.js"),
)


def render_page(data: Mapping[str, Any], contents: Sequence[tuple[str, str]] = ()) -> str:
    """Puts the page together.

    Nothing but this very style and these very scripts may take effect in it, which a content
    security policy says to the browser.

    Args:
        data: what the page shows, plain values.
        contents: of each case its file stem and what its script would hand over, as JSON that may
            stand in a page; for a page in a single file.

    Returns:
        HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader(_ASSETS, "assets")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    style = _asset("report.css")
    scripts = "".join(_asset(name) for name in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{scripts}}})();\n'
    # Chromium lets 'self' stand for files beside a page that was opened from the disk.
    beside = "" if contents else " 'self'"
    return environment.get_template("index.html.j2").render(
        policy=f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'{beside}; base-uri 'none'; form-action 'none'",
        # Ours, and JSON without any sign of markup.
        style=Markup(style),
        script=Markup(script),
        data=Markup(script_json(data)),
        contents=[(stem, Markup(content)) for stem, content in contents],
        notice=data["notice"],
    )


def _asset(name: str) -> str:
    return resources.files(_ASSETS).joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
