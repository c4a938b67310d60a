"""`fi-desktop models`, run in this process to share a keyring and a hub with the test."""

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest

from fi_desktop.cli import main
from fi_desktop.models import PackKind, catalog, find, installed, verify
from fi_desktop.models.download import fetched_bytes
from fi_desktop.models.hub import store_token
from tests.e2e.commands import TIMEOUT_S, fi_desktop, start
from tests.models import packs
from tests.models.conftest import hub as hub
from tests.models.hub_server import TOKEN, FakeHub
from tests.models.test_hub_token import Memory, NoKeyring

GUARD = Path(__file__).parents[1] / "e2e" / "no_network"


@pytest.fixture(autouse=True)
def secrets() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def models(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> Callable[..., tuple[int, str, str]]:
    """Run `fi-desktop models …`; return the exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["models", *map(str, arguments)])
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_list_shows_installed_and_available_models(home: Path, models):
    packs.make_pack(home / "models", "faster-whisper-tiny")
    packs.make_pack(home / "models", "own", PackKind.PYANNOTE)
    (home / "models" / "own" / "config.yaml").unlink()
    code, out, _ = models("list")
    assert code == 0
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert "installed" in rows["faster-whisper-tiny"]
    assert "incomplete" in rows["own"]
    assert "config.yaml is missing" in out
    assert "needs a token" in rows["speaker-diarization-community-1"]
    assert {known.name for known in catalog.ENTRIES} <= set(rows)


def test_list_as_json(home: Path, models):
    packs.make_pack(home / "models", "faster-whisper-tiny")
    _, out, _ = models("list", "--json")
    lines = {line["name"]: line for line in map(json.loads, out.splitlines())}
    assert lines["faster-whisper-tiny"]["installed"] is True
    assert lines["faster-whisper-tiny"]["trouble"] == ""
    assert lines["speaker-diarization-3.1"]["needs_token"] is True


def test_model_of_the_program_is_listed_as_included(
    home: Path, models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    packs.make_pack(home / "models", "faster-whisper-small")
    packs.make_pack(tmp_path / "bundle" / "models", "faster-whisper-tiny")
    for module in ("fi_desktop.settings.declarations", "fi_desktop.cli.models"):
        monkeypatch.setattr(f"{module}.resource", tmp_path.joinpath("bundle").joinpath)
    _, out, _ = models("list")
    rows = {line.split()[0]: line for line in out.splitlines()}
    assert "included" in rows["faster-whisper-tiny"]
    assert "installed" in rows["faster-whisper-small"]
    _, out, _ = models("list", "--json")
    lines = {line["name"]: line for line in map(json.loads, out.splitlines())}
    assert [name for name, line in lines.items() if line["included"]] == ["faster-whisper-tiny"]


def test_install_shows_source_size_and_attribution(home: Path, models, hub: FakeHub):
    code, out, err = models("install", "tiny", "--from", hub.address)
    assert (code, err) == (0, "")
    first, last = out.splitlines()
    assert "about 78 MB" in first
    assert hub.address.removeprefix("http://") in first
    assert "Systran/faster-whisper-tiny" in first
    assert "OpenAI" in last
    pack = find("faster-whisper-tiny", (home / "models",))
    assert pack is not None
    verify(pack)


def test_killed_install_resumes(home: Path, models, hub: FakeHub):
    hub.hold_after = 350_000
    killed = start(
        "models", "install", "tiny", "--from", hub.address, home=home, program="tests.models.pinned"
    )
    try:
        until = time.monotonic() + TIMEOUT_S
        while fetched_bytes("faster-whisper-tiny", home / "models") < 300_000:
            assert time.monotonic() < until
            assert killed.poll() is None
    finally:
        killed.kill()
        killed.communicate()
        hub.hold_after = 0
        hub.release.set()
    assert installed((home / "models",)) == ()
    code, out, _ = models("install", "tiny", "--from", hub.address)
    assert code == 0
    assert "already downloaded" in out
    assert hub.starts("model.bin")[-1] >= 300_000
    (pack,) = installed((home / "models",))
    verify(pack)


def test_second_install_is_refused(models, hub: FakeHub):
    models("install", "tiny", "--from", hub.address)
    code, _, err = models("install", "tiny", "--from", hub.address)
    assert code == 1
    assert "already installed" in err


def test_unknown_name_lists_the_known_ones(models):
    code, _, err = models("install", "huge")
    assert code == 1
    assert "community-1" in err


def test_gated_model_without_a_token_shows_where_to_get_one(models, hub: FakeHub):
    code, _, err = models("install", "community-1", "--from", hub.address)
    assert code == 1
    assert "https://huggingface.co/settings/tokens" in err
    assert len(err.splitlines()) == 1


def test_piped_token_is_used_and_not_shown(home: Path, models, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\n"))
    code, out, _ = models("install", "community-1", "--from", hub.address, "--token-stdin")
    assert code == 0
    assert TOKEN not in out
    assert installed((home / "models",))


def test_stored_token_is_not_sent_to_another_address(models, hub: FakeHub, secrets: Memory):
    store_token(TOKEN)
    code, _, _ = models("install", "community-1", "--from", hub.address)
    assert code == 1
    assert not any(seen.token for seen in hub.seen)


def test_token_is_stored_in_the_keyring_and_deleted(models, hub: FakeHub, secrets: Memory, monkeypatch):
    monkeypatch.setattr(catalog, "HUB", hub.address)  # in place of the real hub
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\n"))
    assert models("install", "community-1", "--from", hub.address, "--token-stdin")[0] == 0
    assert list(secrets.kept.values()) == [TOKEN]
    code, _, err = models("install", "3.1", "--from", hub.address)
    assert (code, err) == (0, "")
    assert models("forget-token")[1] == "The token was deleted.\n"
    assert secrets.kept == {}


def test_token_is_used_once_without_a_keyring(models, hub: FakeHub, monkeypatch):
    keyring.set_keyring(NoKeyring())
    monkeypatch.setattr(catalog, "HUB", hub.address)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\n"))
    code, out, _ = models("install", "community-1", "--from", hub.address, "--token-stdin")
    assert code == 0
    assert "not stored" in out


def test_import_needs_no_network(home: Path, tmp_path: Path):
    stick = packs.make_zip(tmp_path / "faster-whisper-tiny.zip", packs.whisper_files(1000))
    guard = {"PYTHONPATH": str(GUARD), "NETWORK_ATTEMPTS": str(tmp_path / "attempts")}
    done = fi_desktop("models", "import", stick, home=home, **guard)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "faster-whisper-tiny is installed (1 MB, transcription).\n"
    assert (tmp_path / "attempts.guarded").exists()
    assert not (tmp_path / "attempts").exists()


def test_pyannote_model_needs_approval(home: Path, tmp_path: Path, models):
    stick = packs.write_files(tmp_path / "community", packs.pyannote_files())
    code, _, err = models("import", stick)
    assert code == 1
    assert "run any program" in err
    assert "--approve" in err
    assert models("import", stick, "--approve")[0] == 0
    assert models("import", stick, "--approve")[2].endswith("To do so, add --replace.\n")
    assert models("import", stick, "--approve", "--replace", "--name", "community")[0] == 0


def test_verify_finds_a_changed_byte(home: Path, models):
    packs.make_pack(home / "models", "faster-whisper-tiny")
    packs.make_pack(home / "models", "faster-whisper-base")
    assert models("verify")[0] == 0
    (home / "models" / "faster-whisper-base" / "model.bin").write_bytes(os.urandom(2000))
    code, out, _ = models("verify")
    assert code == 1
    assert "ok   faster-whisper-tiny" in out
    assert "FAIL The model pack faster-whisper-base is not used: model.bin is damaged or was changed." in out
    assert models("verify", "tiny")[0] == 0
    assert (
        models("verify", "small")[2] == "fi-desktop: The model pack faster-whisper-small is not installed.\n"
    )


def test_verify_without_models(models):
    assert models("verify") == (0, "No models are installed.\n", "")


def test_remove_accepts_short_names(home: Path, models):
    packs.make_pack(home / "models", "faster-whisper-tiny")
    assert models("remove", "tiny")[0] == 0
    assert installed((home / "models",)) == ()
    assert models("remove", "tiny")[0] == 1


def test_recommend_names_one_model_with_its_time(home: Path, models):
    code, out, _ = models("recommend")
    assert code == 0
    assert "per hour of recording on this computer." in out
    assert "fi-desktop models install" in out
    _, out, _ = models("recommend", "--json")
    found = json.loads(out)
    entry = catalog.find_entry(found["name"])
    assert (found["name"], found["size"]) == (entry.name, entry.about_bytes)
    assert found["seconds_per_hour"] > 0
