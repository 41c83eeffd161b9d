"""Downloading a zipped bundle that must have a known fingerprint."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from shoulderseg.workflows.bundles.install import import_bundle, refuse_taken, source_name
from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.bundles.store import TEMPORARY, checked_name, made_store

if TYPE_CHECKING:
    from requests import Response

    from shoulderseg.workflows.bundles.deadline import Deadline

MAX_BYTES = 2 * 2**30
MAX_SECONDS = 3600.0
_CHUNK = 2**16
_MOST_ANSWERS = 11


def fetch_bundle(
    url: str,
    sha256: str,
    name: str | None = None,
    *,
    overwrite: bool = False,
    allow_http: bool = False,
    timeout: float = 30.0,
) -> Path:
    """Downloads a bundle and imports it.

    Args:
        url: where the zip file is; https.
        sha256: its fingerprint, 64 hexadecimal digits.
        name: what the bundle will be called; None takes the name of the file.
        overwrite: replace an imported bundle of this name.
        allow_http: allow unencrypted http, also in a redirect.
        timeout: seconds that the server may be silent.

    Returns:
        The bundle's folder in the store.

    Raises:
        ValueError: if the address or the fingerprint is none, if the file is too large or another
            than expected, or not a sound bundle; nothing of it is kept.
        FileExistsError: if the name is taken.
        OSError: if the download fails.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        msg = f"{sha256!r} is no SHA-256; expected 64 hexadecimal digits"
        raise ValueError(msg)
    _check_scheme(url, allow_http=allow_http)
    shown = _shown(url)
    file = unquote(urlsplit(url).path).rpartition("/")[2]
    name = checked_name(name or source_name(file))
    refuse_taken(name, overwrite=overwrite)
    store = made_store()
    # Not under the store's lock: a slow download need not stop other imports.
    with tempfile.TemporaryDirectory(dir=store, prefix=TEMPORARY) as work:
        archive = Path(work) / f"{name}.zip"
        _download(url, archive, allow_http=allow_http, timeout=timeout)
        found = sha256_of(archive)
        if found != sha256.lower():
            msg = (
                f"{shown} has SHA-256 {found}, expected {sha256.lower()}; it is not the file that "
                "was meant and is not kept"
            )
            raise ValueError(msg)
        return import_bundle(archive, name, overwrite=overwrite)


def _check_scheme(url: str, *, allow_http: bool) -> None:
    try:
        parts, shown = urlsplit(url), _shown(url)
    except ValueError:
        # Its message may repeat a password.
        parts, shown = urlsplit(""), "this"
    if parts.scheme == "http" and not allow_http:
        msg = f"{shown} is not encrypted; give an https address, or --allow-http if you must"
        raise ValueError(msg)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        msg = f"{shown} is no address to download from; expected https://HOST/FILE.zip"
        raise ValueError(msg)


def _shown(url: str) -> str:
    """An address without what may be secret in it: name, password, and a signed query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _without_secrets(error: Exception) -> str:
    """The text of an error, which may hold addresses as they were asked for, and a server's words.

    Control characters are the server's, and a terminal would do what they say.
    """
    text = re.sub(r"\?[^\s'\")>]*", "", re.sub(r"//[^/\s]*@", "//", str(error)))
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _download(url: str, target: Path, *, allow_http: bool, timeout: float) -> None:
    from shoulderseg.workflows.bundles.deadline import Deadline

    deadline, shown = Deadline(MAX_SECONDS), _shown(url)
    with _answer(url, deadline, allow_http=allow_http, timeout=timeout) as response:
        if not response.ok:
            msg = f"{shown} answered {_status(response.status_code)}; check the address"
            raise OSError(msg)
        length = response.headers.get("Content-Length", "")
        # Twenty digits are too many for any file, and thousands too many for Python.
        size = int(length[:20]) if length.isdecimal() else 0
        with target.open("xb") as stream:
            # What has come so far, not a full chunk: a server that trickles is noticed.
            while size <= MAX_BYTES and (chunk := response.raw.read1(_CHUNK)):
                stream.write(chunk)
                size = max(size, stream.tell())
                if deadline.is_over:
                    break
        if size > MAX_BYTES:
            msg = f"{shown} is larger than the {MAX_BYTES} bytes that a bundle may have"
            raise ValueError(msg)


def _status(code: int) -> str:
    """A status code with the name that the standard has for it; servers may send any other."""
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


@contextmanager
def _answer(
    url: str, deadline: Deadline, *, allow_http: bool, timeout: float
) -> Iterator[Response]:
    """Asks a server; whatever goes wrong on the way becomes an OSError that tells what."""
    import requests
    import urllib3

    shown = _shown(url)
    try:
        with deadline.running(), _followed(url, deadline, allow_http, timeout) as response:
            # Headers that the deadline cut off look like all of them, and so does the content.
            _check_time(shown, deadline)
            yield response
            _check_time(shown, deadline)
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        _check_time(shown, deadline)
        msg = f"{shown} was silent for {timeout:g} s; try again later or give a longer --timeout"
        raise TimeoutError(msg) from error
    except requests.exceptions.InvalidSchema as error:
        allowed = "https or http" if allow_http else "https"
        msg = f"{shown} redirects to an address that is not {allowed}; give the final address"
        raise OSError(msg) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        _check_time(shown, deadline)
        reason = _without_secrets(error)
        msg = f"{shown} cannot be downloaded: {reason}; check the address and the connection"
        raise OSError(msg) from error


def _check_time(shown: str, deadline: Deadline) -> None:
    if deadline.is_over:
        msg = f"{shown} was not complete after {MAX_SECONDS:g} s; try again later"
        raise TimeoutError(msg)


@contextmanager
def _followed(url: str, deadline: Deadline, allow_http: bool, timeout: float) -> Iterator[Response]:
    """Asks one address after the other, as long as servers redirect."""
    from shoulderseg.workflows.bundles.deadline import DeadlineAdapter, OneAnswer

    shown = _shown(url)
    with OneAnswer() as session:
        session.adapters.clear()
        # Without an adapter for it, no redirect leads to http.
        for scheme in ("https://", "http://") if allow_http else ("https://",):
            session.mount(scheme, DeadlineAdapter(deadline))
        # A connection for each address: the deadline watches one at a time.
        headers = {"Accept-Encoding": "identity", "Connection": "close"}
        for _ in range(_MOST_ANSWERS):
            with session.get(url, stream=True, timeout=timeout, headers=headers) as response:
                target = session.target_of(response)
                if not target:
                    yield response
                    return
            try:
                url = urljoin(url, target)
            except ValueError:
                msg = f"{shown} redirects to what is no address; give the final address"
                raise OSError(msg) from None
    msg = f"{shown} redirects more than {_MOST_ANSWERS - 1} times; give the final address"
    raise OSError(msg)
