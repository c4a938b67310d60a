"""`fi-desktop doctor` says what of the server works, and refuses what does not fit in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.workers.cluster.clinic import Clinic


def findings(link: object) -> dict[str, tuple[bool, str]]:
    from fi_desktop.workers.cluster.server_check import check_server

    return {part: (well, text) for part, well, text in check_server(link)}


@pytest.fixture
def link(clinic: Clinic, home: Path) -> object:
    from fi_desktop.settings import load
    from fi_desktop.workers.cluster.link import link_of

    return link_of(load({"FI_DESKTOP_HOME": str(home)}, backend="cluster", **clinic.settings()))


def test_server_that_works_is_described(link: object, clinic: Clinic):
    found = findings(link)
    assert {part: well for part, (well, _) in found.items()} == {
        "redis": True,
        "workers": True,
        "transfers": True,
    }
    assert "ms, WITHOUT TLS" in found["redis"][1]
    assert "1 recordings at a time, version 0.1.0." in found["workers"][1]
    assert "1 MB" in found["transfers"][1]
    assert clinic.files() == []


def test_other_key_is_said(link: object, clinic: Clinic, tmp_path: Path):
    from fi_desktop.workers.cluster.orders import ClusterKey

    ClusterKey.create(tmp_path / "key")
    assert findings(replace(link, key=tmp_path / "key"))["workers"] == (
        False,
        "The server has another key than this computer.",
    )


def test_other_folder_is_said(link: object, clinic: Clinic, tmp_path: Path):
    found = findings(replace(link, transfer=tmp_path.as_uri()))
    assert found["workers"] == (False, "The server uses another folder for transfers than this computer.")


def test_other_protocol_is_said(link: object, clinic: Clinic, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.workers.cluster.orders.PROTOCOL", 99)
    well, text = findings(link)["workers"]
    assert (well, text) == (
        False,
        "The server has another version of the program. Install the same version on both.",
    )


def test_redis_that_is_away_is_said(link: object, clinic: Clinic):
    clinic.kill_redis()
    assert findings(link)["redis"] == (False, "The server cannot be reached (ConnectionError).")
