import hashlib
import logging
from pathlib import Path

import pytest

from fi_desktop.core.errors import CancelledByUser, FiError, TransientError, UserError
from fi_desktop.models import check, find, installed, verify
from fi_desktop.models.catalog import KNOWN, known
from fi_desktop.models.download import discard, fetched_bytes, install
from fi_desktop.models.hub import Hub
from fi_desktop.models.place import working
from tests.models.hub_server import TOKEN, FakeHub
from tests.models.packs import make_pack, whisper_files

TINY = known("tiny")
AT_ONCE = (0.0, 0.0)


def ignore(_done: int, _total: int) -> None:
    pass


def fetch(name: str, root: Path, hub: FakeHub, *, token: str | None = None, report=ignore, **named):
    named.setdefault("waits_s", AT_ONCE)
    return install(known(name), root, Hub(hub.address, token=token), report=report, **named)


def refusal(*arguments, **named) -> FiError:
    with pytest.raises(FiError) as caught:
        fetch(*arguments, **named)
    return caught.value


def pause_after(size: int):
    def report(done: int, _total: int) -> None:
        if done >= size:
            raise CancelledByUser

    return report


class TestWhole:
    def test_a_pack_comes_with_a_manifest_and_without_what_no_engine_reads(self, root: Path, hub: FakeHub):
        pack = fetch("tiny", root, hub)
        verify(pack)
        assert pack == find("faster-whisper-tiny", (root,))
        assert {file.path for file in pack.files} == set(whisper_files())
        assert not (root / "faster-whisper-tiny" / "README.md").exists()
        assert pack.version == "0123456789ab"
        assert pack.licence == "MIT"

    def test_tells_how_far_it_is(self, root: Path, hub: FakeHub):
        told: list[int] = []
        pack = fetch("tiny", root, hub, report=lambda done, _total: told.append(done))
        assert told == sorted(told)
        assert told[-1] == pack.size_bytes
        assert len(told) > 5

    def test_3_1_is_made_of_four_repositories_and_needs_none_of_them_any_more(self, root: Path, hub: FakeHub):
        pack = fetch("3.1", root, hub, token=TOKEN)
        verify(pack)
        text = (root / pack.name / "config.yaml").read_text()
        assert "plda: $model/plda" in text
        assert "pyannote/" not in text
        assert "threshold: 0.7045654963945799" in text

    def test_nothing_is_left_beside_it(self, root: Path, hub: FakeHub):
        fetch("tiny", root, hub)
        assert fetched_bytes("faster-whisper-tiny", root) == 0
        assert not list((root / ".partial").glob("*/*"))

    def test_what_is_installed_is_not_fetched_again_unless_asked(self, root: Path, hub: FakeHub):
        make_pack(root, "faster-whisper-tiny")
        assert refusal("tiny", root, hub).code == "models.already"
        assert hub.seen == []
        check(fetch("tiny", root, hub, replace=True))

    def test_a_damaged_pack_is_mended_by_its_damaged_file_alone(self, root: Path, hub: FakeHub):
        fetch("tiny", root, hub)
        (root / "faster-whisper-tiny" / "tokenizer.json").unlink()
        hub.seen.clear()
        verify(fetch("tiny", root, hub, replace=True))
        assert [seen.path.rpartition("/")[2] for seen in hub.seen] == ["main", "tokenizer.json"]

    def test_the_catalog_is_what_faster_whisper_fetches(self):
        from faster_whisper.utils import _MODELS

        for pack in KNOWN:
            if pack.name.startswith("faster-whisper"):
                assert pack.sources[0].repo == _MODELS[pack.short]


class TestInterrupted:
    def test_a_pause_keeps_what_has_come_and_goes_on_from_there(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        assert installed((root,)) == ()
        there = fetched_bytes("faster-whisper-tiny", root)
        assert 300_000 < there < 700_000
        hub.seen.clear()
        told: list[int] = []
        verify(fetch("tiny", root, hub, report=lambda done, _total: told.append(done)))
        (start,) = hub.starts("model.bin")
        assert 300_000 < start < 700_000
        assert told[-1] == sum(len(content) for content in whisper_files().values())

    def test_a_cut_connection_is_taken_up_again(self, root: Path, hub: FakeHub):
        hub.cuts = [100_000, 1, 300_000]
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin") == [0, 100_000, 100_001, 400_001]

    def test_a_connection_that_stays_cut_says_so_and_keeps_what_has_come(self, root: Path, hub: FakeHub):
        hub.cuts = [50_000, *10 * [0]]
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.cut", TransientError)
        hub.cuts = []
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin")[-1] == 50_000

    def test_a_server_without_ranges_is_asked_for_the_whole_again(self, root: Path, hub: FakeHub):
        hub.ranges = False
        hub.cuts = [600_000]
        verify(fetch("tiny", root, hub))

    def test_what_lies_there_from_another_revision_does_no_harm(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        hub.repos["Systran/faster-whisper-tiny"]["model.bin"] = whisper_files(690_000)["model.bin"][::-1]
        verify(fetch("tiny", root, hub))
        assert hub.starts("model.bin") == [0, 0]

    def test_part_of_a_file_that_was_damaged_on_the_disk_is_found_out(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        (part,) = root.rglob("*.part")
        part.write_bytes(bytes(part.stat().st_size))
        assert refusal("tiny", root, hub).code == "models.damaged"
        verify(fetch("tiny", root, hub))

    def test_a_part_that_is_longer_than_its_file_is_thrown_away(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        (part,) = root.rglob("*.part")
        part.write_bytes(bytes(800_000))
        assert refusal("tiny", root, hub).code == "models.damaged"
        verify(fetch("tiny", root, hub))

    def test_part_of_a_file_that_has_become_shorter_is_thrown_away(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        hub.repos["Systran/faster-whisper-tiny"]["model.bin"] = b"short"
        verify(fetch("tiny", root, hub))

    def test_a_cancelled_download_can_be_forgotten(self, root: Path, hub: FakeHub):
        with pytest.raises(CancelledByUser):
            fetch("tiny", root, hub, report=pause_after(400_000))
        discard("faster-whisper-tiny", root)
        assert fetched_bytes("faster-whisper-tiny", root) == 0

    def test_two_do_not_fetch_the_same_pack(self, root: Path, hub: FakeHub):
        with working(root, "faster-whisper-tiny"):
            assert refusal("tiny", root, hub).code == "models.busy"


class TestWrongBytes:
    @pytest.mark.parametrize("path", ["model.bin", "tokenizer.json"])
    def test_other_bytes_than_promised_are_never_installed(self, root: Path, hub: FakeHub, path: str):
        hub.spoiled = {path}
        error = refusal("tiny", root, hub)
        assert error.code == "models.damaged"
        assert path in error.message
        assert installed((root,)) == ()
        hub.spoiled = set()
        verify(fetch("tiny", root, hub))

    def test_a_repository_that_lacks_a_tokenizer_is_not_fetched(self, root: Path, hub: FakeHub):
        del hub.repos["Systran/faster-whisper-tiny"]["tokenizer.json"]
        error = refusal("tiny", root, hub)
        assert error.code == "models.incomplete"
        assert hub.starts("model.bin") == []

    def test_more_than_the_disk_holds_is_not_begun(self, root: Path, hub: FakeHub):
        hub.stated_sizes = {"model.bin": 10**18}
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.no_room", UserError)
        assert hub.starts("model.bin") == []


class TestToken:
    def test_without_one_it_is_said_where_to_get_one(self, root: Path, hub: FakeHub):
        error = refusal("community-1", root, hub)
        assert error.code == "models.needs_token"
        assert "https://huggingface.co/pyannote/speaker-diarization-community-1" in error.message
        assert "https://huggingface.co/settings/tokens" in error.message

    @pytest.mark.parametrize("token", ["hf_wrong", "no token\nat all", "žeton"])
    def test_a_wrong_one_is_said_to_be_wrong(self, root: Path, hub: FakeHub, token: str):
        error = refusal("community-1", root, hub, token=token)
        assert error.code == "models.bad_token"
        assert token not in error.message

    def test_conditions_that_were_not_accepted_are_named(self, root: Path, hub: FakeHub):
        hub.unaccepted = {"pyannote/segmentation-3.0"}
        error = refusal("3.1", root, hub, token=TOKEN)
        assert error.code == "models.gated"
        assert "https://huggingface.co/pyannote/segmentation-3.0" in error.message

    def test_it_is_shown_to_the_hub_alone(self, root: Path, hub: FakeHub):
        verify(fetch("community-1", root, hub, token=TOKEN))
        stored = [seen for seen in hub.seen if seen.path.startswith("/storage/")]
        asked = [seen for seen in hub.seen if "/resolve/" in seen.path]
        assert stored
        assert not any(seen.token for seen in stored)
        assert all(seen.token for seen in asked)

    def test_it_is_in_no_log_and_no_file(self, root: Path, hub: FakeHub, caplog: pytest.LogCaptureFixture):
        caplog.set_level(logging.DEBUG)
        fetch("community-1", root, hub, token=TOKEN)
        refusal("3.1", root, hub, token=f"{TOKEN}-no-more")
        assert TOKEN not in caplog.text
        assert not [
            path for path in root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
        ]


class TestNetwork:
    def test_an_unreachable_hub_is_said_and_a_stick_offered(self, root: Path, hub: FakeHub):
        hub.address = "http://127.0.0.1:9"
        error = refusal("tiny", root, hub)
        assert (error.code, type(error)) == ("models.offline", TransientError)
        assert "stick" in error.message

    @pytest.mark.parametrize(("status", "code"), [(503, "hub_trouble"), (429, "hub_trouble"), (407, "proxy")])
    def test_trouble_is_told_in_a_sentence(self, root: Path, hub: FakeHub, status: int, code: str):
        hub.down = status
        assert refusal("tiny", root, hub).code == f"models.{code}"

    def test_a_login_page_is_no_hub(self, root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(hub, "listing", lambda _repo: ["Welcome to our guests' network"])
        assert refusal("tiny", root, hub).code == "models.odd_answer"

    def test_the_proxy_of_the_environment_is_used(
        self, root: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("http_proxy", hub.address)
        monkeypatch.delenv("no_proxy", raising=False)
        hub.storage = "http://localhost"  # of another machine than this, for all that the client knows
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        pack = install(TINY, root, Hub("http://localhost"), report=ignore, waits_s=AT_ONCE)
        verify(pack)
        assert {seen.host for seen in hub.seen} == {"localhost"}

    @pytest.mark.parametrize(
        "address", ["http://example.org", "ftp://example.org", "file:///etc", "example.org"]
    )
    def test_only_safe_addresses_are_spoken_to(self, address: str):
        with pytest.raises(UserError) as caught:
            Hub(address)
        assert caught.value.code == "models.bad_address"

    def test_a_redirect_to_an_unsafe_address_is_not_followed(self, root: Path, hub: FakeHub):
        hub.storage = "http://storage.example.org"
        assert refusal("tiny", root, hub).code == "models.offline"


def test_the_hashes_of_the_manifest_are_those_of_the_files(root: Path, hub: FakeHub):
    pack = fetch("3.1", root, hub, token=TOKEN)
    for file in pack.files:
        assert hashlib.sha256((root / pack.name / file.path).read_bytes()).hexdigest() == file.sha256
