"""The pages themselves: each one file with its style, its script and its rows."""

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
    *("base.js", "verdicts.js", "verdict_merge.js", "verdict_files.js", "choice.js", "charts.js"),
    *("table.js", "slices.js", "solid.js", "opened.js", "main.js"),
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
    style, script = _asset("report.css"), _script(_SCRIPTS)
    # Chromium lets 'self' stand for files beside a page that was opened from the disk.
    beside = "" if contents else " 'self'"
    return _render(
        "index.html.j2",
        style,
        script,
        policy=f"img-src data:; script-src '{_hash(script)}'{beside}",
        # Ours, and JSON without any sign of markup.
        data=_markup(script_json(data)),
        contents=[(stem, _markup(content)) for stem, content in contents],
        notice=data["notice"],
    )


def render_viewer(notice: str) -> str:
    """Puts the page together that shows whole volumes; which one, its address says.

    Args:
        notice: what it says above.

    Returns:
        HTML.
    """
    style = _asset("report.css") + _asset("viewer.css")
    script = _script(("viewer.js",))
    # NiiVue draws its letters from pictures that it has in itself.
    policy = f"img-src data: blob:; script-src '{_hash(script)}' 'self'"
    return _render("viewer.html.j2", style, script, policy=policy, notice=notice)


def _render(template: str, style: str, script: str, *, policy: str, **shown: object) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader(_ASSETS, "assets")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template).render(
        policy=f"default-src 'none'; style-src '{_hash(style)}'; {policy}; base-uri 'none'; "
        "form-action 'none'",
        style=_markup(style),
        script=_markup(script),
        **shown,
    )


def _script(names: Sequence[str]) -> str:
    scripts = "".join(_asset(name) for name in names)
    return f'"use strict";\n(() => {{\n{scripts}}})();\n'


def _markup(text: str) -> str:
    """What may stand in a page as it is."""
    from markupsafe import Markup

    return Markup(text)


def _asset(name: str) -> str:
    return resources.files(_ASSETS).joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
