import hashlib
import logging
import os
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from fi_desktop.core.errors import CancelledByUser, FiError, TransientError, UserError
from fi_desktop.models import check, find, installed, verify
from fi_desktop.models.catalog import ENTRIES, find_entry
from fi_desktop.models.download import discard, fetched_bytes, install
from fi_desktop.models.hub import Hub
from fi_desktop.models.library import locked_partial_folder
from fi_desktop.models.structure import check_structure
from tests.models.hub_server import REVISION, TOKEN, FakeHub
from tests.models.packs import make_pack, whisper_files

CHUNK = 1 << 16


def ignore(_done: int, _total: int) -> None:
    pass


def fetch(name: str, root: Path, hub: FakeHub, *, token: str | None = None, report=ignore, **named):
    return install(find_entry(name), root, Hub(hub.address, token=token), report=report, **named)


def refusal(*arguments, **named) -> FiError:
    with pytest.raises(FiError) as caught:
        fetch(*arguments, **named)
    return caught.value


def pause(root: Path, hub: FakeHub) -> None:
    """Start to download Whisper tiny and stop in the middle of its large file."""

    def stop(done: int, _total: int) -> None:
        if done > 300_000:
            raise CancelledByUser

    hub.hold_after = 400_000
    with pytest.raises(CancelledByUser):
        fetch("tiny", root, hub, report=stop)
    hub.hold_after = 0


class TestComplete:
    def test_pack_has_a_manifest_and_only_the_files_that_its_engine_reads(self, root: Path, hub: FakeHub):
        pack = fetch("tiny", root, hub)
        verify(pack)
        assert pack == find("faster-whisper-tiny", (root,))
        assert {file.path for file in pack.files} == set(whisper_files())
        assert not (root / "faster-whisper-tiny" / "README.md").exists()
        assert pack.version == "0123456789ab"
        assert pack.licence == "MIT"

    def test_reports_progress(self, root: Path, hub: FakeHub):
        reported: list[int] = []
        pack = fetch("tiny", root, hub, report=lambda done, _total: reported.append(done))
        assert reported == sorted(reported)
        assert reported[-1] == pack.size_bytes
        assert len(reported) > 5

    def test_3_1_is_assembled_from_four_repositories_and_needs_none_afterwards(
        self, root: Path, hub: FakeHub
    ):
        pack = fetch("3.1", root, hub, token=TOKEN)
        verify(pack)
        text = (root / pack.name / "config.yaml").read_text()
        assert "plda: $model/plda" in text
        assert "pyannote/" not in text
        assert "threshold: 0.7045654963945799" in text
        for file in pack.files:
            assert hashlib.sha256((root / pack.name / file.path).read_bytes()).hexdigest() == file.sha256

    def test_leaves_nothing_else_behind(self, root: Path, hub: FakeHub):
        before = {process.pid for process in psutil.Process().children()}
        fetch("tiny", root, hub)
        assert fetched_bytes("faster-whisper-tiny", root) == 0
        assert not list((root / ".partial").glob("*/*"))
        assert [one for one in psutil.Process().children() if one.pid not in before and _is_client(one)] == []

    def test_installed_pack_is_downloaded_again_only_on_request(self, root: Path, hub: FakeHub):
        make_pack(root, "faster-whisper-tiny")
        assert refusal("tiny", root, hub).code == "models.already"
        assert hub.seen == []
        check(fetch("tiny", root, hub, replace=True))

    def test_repair_downloads_the_damaged_file_only(self, root: Path, hub: FakeHub):
        fetch("tiny", root, hub)
        (root / "faster-whisper-tiny" / "tokenizer.json").unlink()
        hub.seen.clear()
        verify(fetch("tiny", root, hub, replace=True))
        assert [seen.path.rpartition("/")[2] for seen in hub.seen] == [REVISION, "tokenizer.json"]

    def test_catalog_agrees_with_faster_whisper(self):
        from faster_whisper.utils import _MODELS

        for entry in ENTRIES:
            if entry.name.startswith("faster-whisper"):
                assert entry.sources[0].repo == _MODELS[entry.short]


class TestInterrupted:
    def test_paused_download_keeps_what_it_has_and_continues(self, root: Path, hub: FakeHub):
        pause(root, hub)
        assert installed((root,)) == ()
        assert 300_000 < fetched_bytes("faster-whisper-tiny", root) < 700_000
        hub.seen.clear()
        reported: list[int] = []
        verify(fetch("tiny", root, hub, report=lambda done, _total: reported.append(done)))
        (start,) = hub.starts("model.bin")
        assert 300_000 < start < 700_000
        assert reported[-1] == sum(len(content) for content in whisper_files().values())

    def test_stops_within_two_seconds_if_the_network_hangs(self, root: Path, hub: FakeHub):
        hub.hold_after = 400_000
        stopped_s = 0.0

        def stop(done: int, _total: int) -> None:
            nonlocal stopped_s
            if done > 300_000:
                stopped_s = time.monotonic()
                raise CancelledByUser

        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=stop)
        assert time.monotonic() - stopped_s < 2

    def test_broken_connection_is_resumed(self, root: Path, hub: FakeHub):
        hub.cuts = [2 * CHUNK, CHUNK]
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin") == [0, 2 * CHUNK, 3 * CHUNK]

    @pytest.mark.slow
    def test_kept_connection_that_the_hub_has_closed_is_opened_again(self, root: Path, hub: FakeHub):
        hub.keeps_connections = True
        assert fetch("3.1", root, hub, token=TOKEN).name == "speaker-diarization-3.1"

    def test_connection_that_stays_broken_is_reported_and_the_part_kept(self, root: Path, hub: FakeHub):
        hub.cuts = [CHUNK, *10 * [0]]
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.cut", TransientError)
        hub.cuts = []
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin")[-1] == CHUNK

    def test_killed_client_is_reported(self, root: Path, hub: FakeHub):
        hub.hold_after = 400_000
        before = {process.pid for process in psutil.Process().children()}

        def kill(done: int, _total: int) -> None:
            if done > 300_000:
                for process in psutil.Process().children():
                    if process.pid not in before and _is_client(process):
                        process.kill()

        assert refusal("tiny", root, hub, report=kill).code == "models.cut"

    def test_server_without_ranges_sends_the_whole_file_again(self, root: Path, hub: FakeHub):
        hub.ranges = False
        hub.cuts = [600_000]
        verify(fetch("tiny", root, hub))

    def test_part_of_another_revision_is_not_used(self, root: Path, hub: FakeHub):
        pause(root, hub)
        hub.publish("Systran/faster-whisper-tiny", "model.bin", whisper_files(690_000)["model.bin"][::-1])
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin") == [0, 0]

    def test_part_damaged_on_disk_is_detected_and_downloaded_again(self, root: Path, hub: FakeHub):
        pause(root, hub)
        (part,) = root.rglob("*.part")
        part.write_bytes(bytes(part.stat().st_size))
        assert refusal("tiny", root, hub).code == "models.damaged"
        verify(fetch("tiny", root, hub))

    def test_part_longer_than_its_file_is_downloaded_again(self, root: Path, hub: FakeHub):
        pause(root, hub)
        (part,) = root.rglob("*.part")
        part.write_bytes(bytes(800_000))
        verify(fetch("tiny", root, hub))

    def test_part_of_a_file_that_became_shorter_is_not_used(self, root: Path, hub: FakeHub):
        pause(root, hub)
        hub.publish("Systran/faster-whisper-tiny", "model.bin", b"short")
        verify(fetch("tiny", root, hub))

    def test_paused_download_can_be_discarded(self, root: Path, hub: FakeHub):
        pause(root, hub)
        discard("faster-whisper-tiny", root)
        assert fetched_bytes("faster-whisper-tiny", root) == 0

    def test_a_pack_is_downloaded_by_one_process_at_a_time(self, root: Path, hub: FakeHub):
        with locked_partial_folder(root, "faster-whisper-tiny"):
            assert refusal("tiny", root, hub).code == "models.busy"


class TestWrongBytes:
    @pytest.mark.parametrize("path", ["model.bin", "tokenizer.json"])
    def test_file_with_a_wrong_hash_is_not_installed(self, root: Path, hub: FakeHub, path: str):
        hub.spoiled = {path}
        error = refusal("tiny", root, hub)
        assert error.code == "models.damaged"
        assert path in error.message
        assert installed((root,)) == ()
        hub.spoiled = set()
        verify(fetch("tiny", root, hub))

    def test_repository_without_a_tokenizer_is_not_downloaded(self, root: Path, hub: FakeHub):
        del hub.repos["Systran/faster-whisper-tiny"]["tokenizer.json"]
        error = refusal("tiny", root, hub)
        assert error.code == "models.not_offered"
        assert hub.starts("model.bin") == []

    def test_weights_that_the_program_does_not_know_are_not_downloaded(self, root: Path, hub: FakeHub):
        hub.repos["Systran/faster-whisper-tiny"]["model.bin"] = b"the account was taken over"
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.other_file", UserError)
        assert "model.bin" in error.message
        assert hub.starts("model.bin") == []
        assert installed((root,)) == ()

    def test_small_file_that_the_program_does_not_know_is_not_installed(self, root: Path, hub: FakeHub):
        """The hub states no SHA-256 of it, so the difference shows once it is here."""
        hub.repos["Systran/faster-whisper-tiny"]["config.json"] = b'{"another": "one"}'
        assert refusal("tiny", root, hub).code == "models.damaged"
        assert installed((root,)) == ()

    def test_catalog_pins_a_commit_and_the_hash_of_each_file(self):
        for entry in ENTRIES:
            for source in entry.sources:
                assert re.fullmatch("[0-9a-f]{40}", source.commit), source.repo
                assert source.hashes, source.repo
                assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in source.hashes.values())
            paths = [f"{source.into}/{path}".strip("/") for source in entry.sources for path in source.hashes]
            check_structure(entry.kind, entry.name, paths, b"")

    def test_more_than_fits_on_the_disk_is_not_started(self, root: Path, hub: FakeHub):
        hub.stated_sizes = {"model.bin": 10**18}
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.no_room", UserError)
        assert hub.starts("model.bin") == []


class TestToken:
    def test_missing_token_is_explained(self, root: Path, hub: FakeHub):
        error = refusal("community-1", root, hub)
        assert error.code == "models.needs_token"
        assert "https://huggingface.co/pyannote/speaker-diarization-community-1" in error.message
        assert "https://huggingface.co/settings/tokens" in error.message

    @pytest.mark.parametrize("token", ["hf_wrong", "no token\nat all", "žeton"])
    def test_wrong_token_is_reported(self, root: Path, hub: FakeHub, token: str):
        error = refusal("community-1", root, hub, token=token)
        assert error.code == "models.bad_token"
        assert token not in error.message

    def test_conditions_that_are_not_accepted_are_named(self, root: Path, hub: FakeHub):
        hub.unaccepted = {"pyannote/segmentation-3.0"}
        error = refusal("3.1", root, hub, token=TOKEN)
        assert error.code == "models.gated"
        assert "https://huggingface.co/pyannote/segmentation-3.0" in error.message

    def test_token_is_sent_to_the_hub_only(self, root: Path, hub: FakeHub):
        verify(fetch("community-1", root, hub, token=TOKEN))
        stored = [seen for seen in hub.seen if seen.path.startswith("/storage/")]
        asked = [seen for seen in hub.seen if "/resolve/" in seen.path]
        assert stored
        assert not any(seen.token for seen in stored)
        assert all(seen.token for seen in asked)

    def test_token_of_another_program_is_not_used(
        self, root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        assert refusal("community-1", root, hub).code == "models.needs_token"
        assert not any(seen.token for seen in hub.seen)

    def test_token_is_in_no_log_and_no_file(self, root: Path, hub: FakeHub, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.DEBUG)
        fetch("community-1", root, hub, token=TOKEN)
        refusal("3.1", root, hub, token=f"{TOKEN}-no-more")
        assert TOKEN not in caplog.text
        assert TOKEN not in repr(Hub(token=TOKEN))
        assert not [
            path for path in root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
        ]


class TestNetwork:
    def test_unreachable_hub_is_reported_and_an_import_suggested(self, root: Path, hub: FakeHub):
        hub.address = "http://127.0.0.1:9"
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.offline", TransientError)
        assert "USB drive" in error.message

    @pytest.mark.parametrize(("status", "code"), [(503, "hub_trouble"), (429, "hub_trouble"), (407, "proxy")])
    def test_trouble_is_reported_in_a_sentence(self, root: Path, hub: FakeHub, status: int, code: str):
        hub.down = status
        assert refusal("tiny", root, hub).code == f"models.{code}"

    def test_login_page_is_recognized(self, root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(hub, "listing", lambda _repo: ["Welcome to our guests' network"])
        assert refusal("tiny", root, hub).code == "models.odd_answer"

    def test_proxy_of_the_environment_is_used(
        self, root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("http_proxy", hub.address)
        monkeypatch.delenv("no_proxy", raising=False)
        hub.storage = "http://localhost"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        pack = install(find_entry("tiny"), root, Hub("http://localhost"), report=ignore)
        verify(pack)
        assert {seen.host for seen in hub.seen} == {"localhost"}

    def test_proxy_that_asks_for_a_password_is_reported(self, root: Path, monkeypatch: pytest.MonkeyPatch):
        class Proxy(BaseHTTPRequestHandler):
            def do_CONNECT(self) -> None:
                self.send_response(407)
                self.send_header("Content-Length", "0")
                self.end_headers()

        with answering(Proxy) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
            with pytest.raises(TransientError) as caught:
                install(find_entry("tiny"), root, Hub(), report=ignore)
        assert caught.value.code == "models.proxy"

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
    def test_untrusted_certificate_is_reported(self, root: Path, tmp_path: Path):
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
        command += ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with answering(BaseHTTPRequestHandler, context) as port, pytest.raises(TransientError) as caught:
            install(find_entry("tiny"), root, Hub(f"https://localhost:{port}"), report=ignore)
        assert caught.value.code == "models.untrusted"

    @pytest.mark.parametrize(
        "address", ["http://example.org", "ftp://example.org", "file:///etc", "example.org"]
    )
    def test_unencrypted_address_is_refused(self, address: str):
        with pytest.raises(UserError) as caught:
            Hub(address)
        assert caught.value.code == "models.bad_address"

    def test_no_telemetry_is_sent_and_nothing_written_to_the_home_folder(
        self, root: Path, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        home = tmp_path / "home"
        home.mkdir()
        for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "HF_HOME"):
            monkeypatch.setenv(name, str(home))
        fetch("tiny", root, hub)
        assert list(home.iterdir()) == []
        assert {seen.path.split("/")[1] for seen in hub.seen} == {"api", "Systran", "storage"}
        assert all("torch" not in seen.agent for seen in hub.seen)

    def test_this_process_stays_offline(self, root: Path, hub: FakeHub):
        assert os.environ["HF_HUB_OFFLINE"] == "1"
        fetch("tiny", root, hub)
        assert os.environ["HF_HUB_OFFLINE"] == "1"


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Run a server; yields its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _is_client(process: psutil.Process) -> bool:
    """Whether a child process is a spawned Python, other than multiprocessing's resource tracker."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
