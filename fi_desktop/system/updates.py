"""Whether there is a newer version of the program. Asked only where the person has said that it may be.

Beside the model hub (`engines/models/hub.py`) the one module that goes to the network: one GET of one small
file, which says nothing of the person, the computer or the version that runs here.
"""

from __future__ import annotations

import json
import re
import ssl
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import certifi

from fi_desktop.system import log

# A placeholder, as nobody answers there: packaging/about.py holds the publisher's own, and this must be it.
ADDRESS = "https://packages.fi-desktop.example.org/version.json"
_PATIENCE_S = 10.0
_LONGEST_ANSWER = 10_000  # bytes
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}")


@dataclass(frozen=True, slots=True)
class Release:
    """A version that can be had.

    Attributes:
        version: "0.2.0".
        page: where it is to be had, on the host that told of it.
    """

    version: str
    page: str


def newer(than: str, address: str = ADDRESS) -> Release | None:
    """Return the version that there is, where it is newer; None: there is none, or nobody says so.

    address: of a file as `{"version": "0.2.0", "page": "https://…"}`; the page lies on the same host.
    """
    try:
        release = _read(json.loads(_get(address)), address)
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        log.event("UPDATES_UNKNOWN", error=type(error).__name__)
        return None
    return release if _numbers(release.version) > _numbers(than) else None


def _read(told: Any, address: str) -> Release:
    release = Release(str(told["version"]), str(told["page"]))
    ours, theirs = urlsplit(address), urlsplit(release.page)
    if _VERSION.fullmatch(release.version) is None or ours[:2] != theirs[:2]:
        raise ValueError("no version, or a page elsewhere")
    return release


def _get(address: str) -> bytes:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("not encrypted")
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=certifi.where()))
    opener = urllib.request.build_opener(tls, _Straight())
    opener.addheaders = [("User-Agent", "fi-desktop")]
    with opener.open(address, timeout=_PATIENCE_S) as answer:
        return bytes(answer.read(_LONGEST_ANSWER))


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_asked: Any) -> None:
        """Go nowhere else."""


def _numbers(version: str) -> tuple[int, ...]:
    # "0.2.0rc1" comes before 0.2.0, and whoever has it knows
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
