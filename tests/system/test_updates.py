"""Whether there is a newer version: one question that tells nothing, and an answer that is not trusted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fi_desktop.system.updates import ADDRESS, Release, newer
from tests.update_server import UpdateServer, serving


@pytest.fixture
def server() -> Iterator[UpdateServer]:
    with serving() as told:
        yield told


def ask(server: UpdateServer, version: str = "0.1.0") -> Release | None:
    return newer(version, f"{server.address}/version.json")


def test_a_newer_version_is_told_with_its_page(server: UpdateServer):
    assert ask(server) == Release("99.0.0", f"{server.address}/get")


@pytest.mark.parametrize(
    ("there", "here", "told"),
    [
        ("0.1.0", "0.1.0", False),
        ("0.0.9", "0.1.0", False),
        ("0.10.0", "0.9.0", True),
        ("1.0.0", "0.9.9", True),
    ],
)
def test_versions_are_compared_by_their_numbers(server: UpdateServer, there: str, here: str, told: bool):
    server.answer = server.answer.replace("99.0.0", there)
    assert (ask(server, here) is not None) is told


def test_the_question_says_nothing_of_who_asks(server: UpdateServer):
    ask(server)
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
def test_an_answer_that_was_not_agreed_is_none(server: UpdateServer, answer: str):
    server.answer = answer
    assert ask(server) is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_nobody_is_followed_elsewhere_or_believed_in_error(server: UpdateServer, status: int):
    server.status = status
    assert ask(server) is None
    assert len(server.asked) == 1


def test_nothing_is_asked_without_encryption():
    assert ADDRESS.startswith("https://")
    assert newer("0.1.0", "http://fi-desktop.example.org/version.json") is None
