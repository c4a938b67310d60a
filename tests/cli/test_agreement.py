"""`fi-desktop server`: to agree that recordings are sent, without a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.cli import main
from fi_desktop.settings import load, save_changes

SERVER = {
    "backend": "cluster",
    "broker": "rediss://desktop:secret@server.example.org:6380/0",
    "cluster_key": "/etc/key",
    "transfer": "sftp://nas.example.org/transfer",
}
REFUSED = (
    "Nothing is sent to server.example.org until you agree, in the window or by fi-desktop server agree.\n"
)


@pytest.fixture(autouse=True)
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FI_DESKTOP_HOME", str(home))
    save_changes(load(), SERVER)


def test_run_does_not_wait_for_a_server_that_nobody_agreed_to(
    sample: Path, home: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["run", str(sample)]) == 1
    assert capsys.readouterr().err == f"fi-desktop: {REFUSED}"
    assert not (home / "store").exists()


def test_server_is_shown_agreed_to_and_withdrawn(capsys: pytest.CaptureFixture[str]):
    assert main(["server", "show"]) == 0
    assert capsys.readouterr().out == REFUSED
    assert main(["server", "agree", "--to", "other.example.org"]) == 2
    assert "name another server: server.example.org" in capsys.readouterr().err
    assert load().agreed_server == ""
    assert main(["server", "agree", "--to", "server.example.org"]) == 0
    assert (
        "sent to server.example.org, encrypted, by way of sftp://nas.example.org" in capsys.readouterr().out
    )
    settings = load()
    assert settings.send_recordings
    assert settings.agreed_server == "server.example.org sftp://nas.example.org"
    assert main(["server", "withdraw"]) == 0
    assert main(["server", "show"]) == 0
    assert REFUSED in capsys.readouterr().out


def test_agreement_may_be_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("FI_DESKTOP_SEND_RECORDINGS", "yes")
    monkeypatch.setenv("FI_DESKTOP_AGREED_SERVER", "server.example.org sftp://nas.example.org")
    assert main(["server", "show"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Recordings are sent to") or "not installed" in said
