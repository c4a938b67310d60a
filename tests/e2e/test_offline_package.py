"""The package with a model: installed on a fresh account, it transcribes without network. `make frozen-test`.

Tests FI_DESKTOP_DEB, or the packages of `make package MODELS=base` in dist/.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from fi_desktop.core.codec import transcript_from_json
from fi_desktop.system.files import resource
from tests.e2e.commands import lines
from tests.e2e.fresh_account import TIMEOUT_S, Account, end, wait_until
from tests.real.wording import compare, plain_words

ROOT = Path(__file__).parents[2]
WITHOUT_MODEL = ("fi-desktop_", "fi-desktop-light_")
ACCOUNT = "fi-desktop-test"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3 * TIMEOUT_S),
    pytest.mark.skipif(sys.platform != "linux", reason="Debian packages, and the kernel blocks sockets"),
    pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg"),
]


@pytest.fixture(scope="module")
def package() -> Path:
    """The Debian package with a model."""
    if given := os.environ.get("FI_DESKTOP_DEB"):
        return Path(given).absolute()
    found = [deb for deb in ROOT.glob("dist/fi-desktop*.deb") if not deb.name.startswith(WITHOUT_MODEL)]
    if not found:
        pytest.skip("needs a package with a model: run `make package MODELS=base`, or set FI_DESKTOP_DEB")
    return max(found, key=lambda deb: deb.stat().st_mtime)


class OtherUser(Account):
    """An account of the system that was just made, with the installed program."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Path("/usr/lib/fi-desktop/fi-desktop"), folder)
        empty = folder / "skel"
        empty.mkdir()
        command = ["useradd", "--create-home", "--skel", str(empty), "--shell", "/usr/sbin/nologin", ACCOUNT]
        subprocess.run(command, check=True)
        user = pwd.getpwnam(ACCOUNT)
        self.home = Path(user.pw_dir)
        self.data = self.home / ".local" / "share" / "fi-desktop"
        self.temporary = self.home / "tmp"
        self.temporary.mkdir()
        os.chown(self.temporary, user.pw_uid, user.pw_gid)
        drop = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self.command = [str(shutil.which(drop[0])), *drop[1:], "/usr/bin/fi-desktop"]

    def leave(self) -> None:
        super().leave()
        subprocess.run(["userdel", "--remove", ACCOUNT], check=True, capture_output=True)


@pytest.fixture(scope="module", params=["installed by apt", "unpacked"])
def account(
    request: pytest.FixtureRequest, package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    account: Account
    if request.param == "unpacked":
        root = tmp_path_factory.mktemp("root")
        subprocess.run(["dpkg-deb", "--extract", str(package), str(root)], check=True)
        account = Account(root / "usr" / "lib" / "fi-desktop" / "fi-desktop", folder)
        yield account
        account.leave()
        return
    if os.environ.get("FI_DESKTOP_INSTALL") != "1" or os.geteuid() != 0:
        pytest.skip(
            "changes this computer: installs a package and adds an account; root, FI_DESKTOP_INSTALL=1"
        )
    name = subprocess.run(
        ["dpkg-deb", "--field", str(package), "Package"], check=True, capture_output=True, text=True
    ).stdout.strip()
    apt = ["apt-get", "--yes", "--quiet", "--no-install-recommends"]
    subprocess.run([*apt, "install", str(package)], check=True, stdin=subprocess.DEVNULL)
    try:
        account = OtherUser(folder)
        yield account
        account.leave()
    finally:
        subprocess.run([*apt, "purge", name], check=True, stdin=subprocess.DEVNULL)
    assert not Path("/usr/lib/fi-desktop").exists()


def check_words(account: Account, job: int) -> None:
    """Compare the sample's words with those that were recorded."""
    code, out, errors = account.run("export", job, "--to", "json", "--output", "-")
    assert code == 0, errors
    found = transcript_from_json(json.loads(out))
    reference = json.loads(resource("samples", "consulta.words.json").read_text(encoding="utf-8"))["words"]
    said = " ".join(word["text"] for word in reference)
    heard = " ".join(segment.text for segment in found.segments)
    compared = compare(plain_words(said, "es"), plain_words(heard, "es"))
    assert compared.rate < 0.3, compared
    assert {segment.speaker for segment in found.segments} == set(found.speakers)
    assert len(found.speakers) == 2


def test_model_is_part_of_the_program_and_cannot_be_removed(account: Account):
    code, out, errors = account.run("models", "list", "--json")
    assert code == 0, errors
    (model,) = [line for line in lines(out) if line["installed"]]
    assert (model["kind"], model["licence"], model["trouble"]) == ("whisper", "MIT", "")
    assert model["included"]
    assert "OpenAI" in model["attribution"]
    code, out, errors = account.run("models", "remove", model["name"])
    assert code == 1
    assert "is part of the program and cannot be removed" in out + errors
    assert account.run("models", "verify")[0] == 0
    licences = account.program.parent / "licences"
    assert "(c) 2022 OpenAI" in (licences / model["name"] / "LICENSE").read_text(encoding="utf-8")
    assert model["name"] in (licences / "MODELS.txt").read_text(encoding="utf-8")


def test_command_line_transcribes_without_network(account: Account):
    code, out, errors = account.run("run", resource("samples", "consulta.flac"), "--json")
    assert (code, lines(out)[-1]["state"]) == (0, "COMPLETED"), errors
    check_words(account, lines(out)[-1]["id"])
    assert account.strays() == []


def test_window_transcribes_a_file_without_network(account: Account):
    # as WAV: the window would ask about a file that was processed already
    recording = account.temporary / "Grabación de la señora Núñez.wav"
    with (
        av.open(str(resource("samples", "consulta.flac"))) as source,
        wave.open(str(recording), "wb") as copy,
    ):
        copy.setparams((1, 2, source.streams.audio[0].rate, 0, "NONE", ""))
        for frame in source.decode(audio=0):
            copy.writeframes(frame.to_ndarray().tobytes())
    recording.chmod(0o644)
    before = set(account.jobs())
    window = account.open_window("", recording, QT_QPA_PLATFORM="offscreen")
    wait_until(lambda: bool(set(account.jobs()) - before), "the window has the file")
    (job,) = set(account.jobs()) - before
    account.await_state(job, "COMPLETED")
    end(window)
    check_words(account, job)
