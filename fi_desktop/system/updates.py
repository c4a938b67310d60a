"""The check for a newer version of the program, run only if the person has allowed it.

One GET of one small file, which says nothing about the person, the computer or the installed version. Only
this module and the model download (`fi_desktop.models`) use the network.
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

# A placeholder at which nothing answers; packaging/about.py holds the publisher's address, equal to this one.
ADDRESS = "https://packages.fi-desktop.example.org/version.json"
_TIMEOUT_S = 10.0
_MAX_ANSWER_BYTES = 10_000
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){1,3}")


@dataclass(frozen=True, slots=True)
class Release:
    """A published version.

    Attributes:
        version: such as "0.2.0".
        page: URL of its download page, on the host that was asked.
    """

    version: str
    page: str


def newer_release(current: str, address: str = ADDRESS) -> Release | None:
    """Return the published version if it is newer than `current`; None if it is not or nothing answers.

    Args:
        current: the installed version.
        address: URL of a file `{"version": "0.2.0", "page": "https://…"}`; the page is on the same host.
    """
    try:
        release = _parse(json.loads(_get(address)), address)
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        log.event("UPDATES_UNKNOWN", error=type(error).__name__)
        return None
    return release if _numbers(release.version) > _numbers(current) else None


def _parse(answer: Any, address: str) -> Release:
    release = Release(str(answer["version"]), str(answer["page"]))
    asked, page = urlsplit(address), urlsplit(release.page)
    if _VERSION.fullmatch(release.version) is None or asked[:2] != page[:2]:
        raise ValueError("no version, or a page on another host")
    return release


def _get(address: str) -> bytes:
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("not encrypted")
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=certifi.where()))
    opener = urllib.request.build_opener(tls, _NoRedirects())
    opener.addheaders = [("User-Agent", "fi-desktop")]
    with opener.open(address, timeout=_TIMEOUT_S) as answer:
        return bytes(answer.read(_MAX_ANSWER_BYTES))


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_request: Any) -> None:
        """Follow no redirect."""


def _numbers(version: str) -> tuple[int, ...]:
    # A pre-release counts as its release: 0.2.0 is not offered to a person who runs 0.2.0rc1.
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
