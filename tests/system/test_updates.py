"""The update check: a request that reveals nothing, and an answer that is not trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fi_desktop.system.updates import ADDRESS, Release, newer_release
from tests.update_server import UpdateServer, serving


@pytest.fixture
def server() -> Iterator[UpdateServer]:
    with serving() as server:
        yield server


def check(server: UpdateServer, version: str = "0.1.0") -> Release | None:
    return newer_release(version, f"{server.address}/version.json")


def test_newer_version_is_returned_with_its_page(server: UpdateServer):
    assert check(server) == Release("99.0.0", f"{server.address}/get")


@pytest.mark.parametrize(
    ("published", "installed", "newer"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.0.9", "0.1.0", False),
        ("0.10.0", "0.9.0", True),
        ("1.0.0", "0.9.9", True),
    ],
)
def test_versions_compare_as_numbers(server: UpdateServer, published: str, installed: str, newer: bool):
    server.answer = server.answer.replace("99.0.0", published)
    assert (check(server, installed) is not None) is newer


def test_request_reveals_nothing_about_the_sender(server: UpdateServer):
    check(server)
    ((path, headers),) = server.asked
    assert path == "/version.json"
    assert set(headers) <= {"Host", "Connection", "User-Agent", "Accept-Encoding"}
    assert headers["User-Agent"] == "fi-desktop"


@pytest.mark.parametrize(
    "answer",
    [
        "no JSON",
        "[]",
        '{"version": "99.0.0"}',
        '{"version": "<b>99</b>", "page": "@/get"}',
        '{"version": "99.0.0", "page": "https://elsewhere.example.org/get"}',
        '{"version": "99.0.0", "page": "file:///etc/passwd"}',
        '{"version": "99.0.0", "page": "@/get"' + " " * 20_000 + "}",
    ],
)
def test_malformed_or_foreign_answer_is_ignored(server: UpdateServer, answer: str):
    server.answer = answer
    assert check(server) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_redirects_and_error_statuses_are_ignored(server: UpdateServer, status: int):
    server.status = status
    assert check(server) is None
    assert len(server.asked) == 1


def test_unencrypted_address_is_refused():
    assert ADDRESS.startswith("https://")
    assert newer_release("0.1.0", "http://fi-desktop.example.org/version.json") is None
