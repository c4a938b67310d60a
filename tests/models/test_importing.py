import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.models import PackKind, find, installed, verify
from fi_desktop.models.importing import import_pack
from tests.models.packs import (
    make_pack,
    make_zip,
    pyannote_files,
    whisper_files,
    with_manifest,
    write_files,
)

WHISPER = with_manifest("own-whisper", PackKind.WHISPER, whisper_files(50_000))


def take(path: Path, root: Path, **named):
    named.setdefault("report", lambda _done, _total: None)
    return import_pack(path, root, **named)


def refusal(path: Path, root: Path, **named) -> UserError:
    with pytest.raises(UserError) as caught:
        take(path, root, **named)
    return caught.value


@pytest.fixture(autouse=True)
def nothing_is_left(root: Path):
    yield
    assert not list(root.glob(".partial/*/*")), "a half-copied pack was left behind"


@pytest.fixture(params=["folder", "zip", "zip of a folder"])
def carried(request: pytest.FixtureRequest, tmp_path: Path):
    """Put files onto a stick, in each way."""

    def carry(files: dict[str, bytes], name: str = "Stick") -> Path:
        if request.param == "folder":
            return write_files(tmp_path / name, files)
        inside = f"{name}/" if request.param == "zip of a folder" else ""
        return make_zip(tmp_path / f"{name}.zip", files, inside=inside)

    return carry


class TestWithManifest:
    def test_comes_in_as_its_manifest_says(self, root: Path, carried):
        pack = take(carried(WHISPER), root)
        verify(pack)
        assert pack == find("own-whisper", (root,))
        assert pack.languages == ("en",)

    def test_only_what_the_manifest_names_is_taken(self, root: Path, carried):
        take(carried(WHISPER | {"run-me.exe": b"MZ", "._model.bin": b"a Mac was here"}), root)
        assert {path.name for path in (root / "own-whisper").iterdir()} == set(WHISPER)

    @pytest.mark.parametrize("path", whisper_files(10))
    def test_a_changed_byte_is_named_and_nothing_comes_in(self, root: Path, carried, path: str):
        changed = WHISPER | {path: WHISPER[path][:-1] + bytes([WHISPER[path][-1] ^ 1])}
        error = refusal(carried(changed), root)
        assert error.code == "models.bad_copy"
        assert path in error.message
        assert installed((root,)) == ()

    def test_a_missing_file_is_named(self, root: Path, carried):
        files = {path: content for path, content in WHISPER.items() if path != "model.bin"}
        error = refusal(carried(files), root)
        assert error.code == "models.bad_copy"
        assert "model.bin" in error.message

    def test_a_pack_that_its_engine_could_not_use_stays_outside(self, root: Path, carried):
        files = whisper_files(1000)
        del files["tokenizer.json"]
        error = refusal(carried(with_manifest("own", PackKind.WHISPER, files)), root)
        assert error.code == "models.incomplete"
        assert installed((root,)) == ()

    def test_a_manifest_alone_does_not_make_pickled_weights_trusted(self, root: Path, carried):
        path = carried(with_manifest("own", PackKind.PYANNOTE, pyannote_files()))
        error = refusal(path, root)
        assert error.code == "models.unapproved"
        assert "run any program" in error.message
        verify(take(path, root, approved=True))

    def test_one_that_is_there_stays_unless_it_is_to_be_replaced(self, root: Path, carried):
        before = make_pack(root, "own-whisper")
        path = carried(WHISPER)
        assert refusal(path, root).code == "models.already"
        verify(before)
        after = take(path, root, replace=True)
        verify(after)
        assert after.files != before.files

    def test_a_folder_that_lies_there_is_not_overwritten(self, root: Path, carried):
        write_files(root / "own-whisper", {"precious.txt": b"by hand"})
        assert refusal(carried(WHISPER), root).code == "models.already"
        assert (root / "own-whisper" / "precious.txt").exists()

    def test_can_be_stopped_and_leaves_nothing(self, root: Path, carried):
        def stop(_done: int, _total: int) -> None:
            raise CancelledByUser

        with pytest.raises(CancelledByUser):
            take(carried(WHISPER), root, report=stop)
        assert installed((root,)) == ()


class TestWithoutManifest:
    def test_whisper_is_recognised_and_called_as_its_folder(self, root: Path, carried):
        pack = take(carried(whisper_files(1000), "My Whisper (v2)"), root)
        verify(pack)
        assert (pack.name, pack.kind, pack.licence) == ("my-whisper-v2", PackKind.WHISPER, "unknown")

    def test_a_known_name_brings_its_licence(self, root: Path, carried):
        pack = take(carried(whisper_files(1000), "faster-whisper-small"), root)
        assert (pack.licence, pack.version) == ("MIT", "imported")

    def test_can_be_given_a_name(self, root: Path, carried):
        assert take(carried(whisper_files(1000)), root, name="clinic-1").name == "clinic-1"

    @pytest.mark.parametrize("name", ["../up", "", "Caps", ".hidden", "a/b", "nul", "builtin", "x" * 80])
    def test_not_every_name_will_do(self, root: Path, tmp_path: Path, name: str):
        path = write_files(tmp_path / "Stick", whisper_files(10))
        if name:
            assert refusal(path, root, name=name).code == "models.bad_name"

    def test_pyannote_needs_an_approval(self, root: Path, carried):
        path = carried(pyannote_files(), "speaker-diarization-community-1")
        assert refusal(path, root).code == "models.unapproved"
        pack = take(path, root, approved=True)
        verify(pack)
        assert pack.licence == "CC-BY-4.0"

    def test_what_does_not_belong_to_it_stays_outside(self, root: Path, carried):
        pack = take(carried(whisper_files(1000) | {"evil.py": b"import os", "README.md": b"# hello"}), root)
        assert {file.path for file in pack.files} == {*whisper_files(10), "README.md"}

    def test_anything_else_is_no_pack(self, root: Path, carried):
        assert (
            refusal(carried({"holiday.jpg": b"\xff\xd8", "notes.txt": b"none"}), root).code
            == "models.no_pack"
        )


class TestHostileArchives:
    @pytest.mark.parametrize(
        "name",
        [
            "../model.bin",
            "/etc/cron.d/x",
            "a/../../x",
            "C:/x",
            "a\\..\\x",
            "..",
            "a//b",
            "nul",
            "x/con.txt",
            "dot. ",
            "tab\t",
        ],
    )
    def test_a_path_that_leads_out_is_refused(self, root: Path, tmp_path: Path, name: str):
        path = make_zip(tmp_path / "evil.zip", WHISPER | {name: b"x"})
        assert refusal(path, root).code == "models.unsafe_path"
        assert not (root / "own-whisper").exists()

    @pytest.mark.parametrize("count", [5_001, 1], ids=["honest", "lying"])
    def test_too_many_files_are_refused_before_their_directory_is_read(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ):
        path = tmp_path / "evil.zip"
        # names so long that the directory is larger than that of any pack, whatever the count says
        tail = "x" * 1_050 if count == 1 else ""
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(5_001):
                archive.writestr(f"{number}{tail}", b"")
        data = bytearray(path.read_bytes())
        data[-14:-10] = struct.pack("<2H", count, count)
        path.write_bytes(data)
        monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *_: pytest.fail("the directory was read"))
        assert refusal(path, root).code == "models.too_many_files"

    def test_names_that_differ_in_case_alone_are_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "evil.zip", WHISPER | {"MODEL.bin": b"x"})
        assert refusal(path, root).code == "models.same_path"

    def test_a_link_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "evil.zip", WHISPER)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(link, "/etc/passwd")
        assert refusal(path, root).code == "models.links_in_archive"

    @pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
    def test_a_folder_with_links_is_refused(self, root: Path, tmp_path: Path):
        folder = write_files(tmp_path / "Stick", WHISPER)
        (folder / "model.bin").unlink()
        (folder / "model.bin").symlink_to("/etc/passwd")
        assert refusal(folder, root).code == "models.links"

    def test_a_locked_archive_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "locked.zip", WHISPER)
        content = bytearray(path.read_bytes())
        start = content.index(b"PK\x01\x02")
        content[start + 8] |= 1  # the flag in the directory that says "encrypted"
        path.write_bytes(content)
        assert refusal(path, root).code == "models.encrypted"

    def test_a_bomb_is_not_unpacked(self, root: Path, tmp_path: Path):
        zeros = bytes(30_000_000)
        path = make_zip(tmp_path / "bomb.zip", with_manifest("bomb", PackKind.WHISPER, {"model.bin": zeros}))
        assert path.stat().st_size < 100_000
        assert refusal(path, root).code == "models.too_dense"

    def test_more_than_any_pack_has_is_not_unpacked(self, root: Path, tmp_path: Path):
        files = WHISPER | {f"{number}.bin": b"x" for number in range(6)}
        path = make_zip(tmp_path / "big.zip", files)
        content = bytearray(path.read_bytes())
        place = -1
        for _ in files:  # the directory promises four gigabytes of each
            place = content.index(b"PK\x01\x02", place + 1)
            struct.pack_into("<II", content, place + 20, 0xFFFFFF00, 0xFFFFFF00)
        path.write_bytes(content)
        assert refusal(path, root).code == "models.too_large"

    def test_sizes_that_lie_are_found_out(self, root: Path, tmp_path: Path):
        files = with_manifest("own", PackKind.WHISPER, whisper_files(50_000))
        path = make_zip(tmp_path / "liar.zip", files)
        content = bytearray(path.read_bytes())
        place = content.index(b"PK\x01\x02")
        while b"model.bin" not in content[place : place + 60]:
            place = content.index(b"PK\x01\x02", place + 1)
        struct.pack_into("<I", content, place + 24, 40_000)
        path.write_bytes(content)
        assert refusal(path, root).code == "models.bad_copy"

    @pytest.mark.parametrize("content", [b"", b"PK", b"this is no archive at all" * 100])
    def test_what_is_no_archive_is_said_to_be_none(self, root: Path, tmp_path: Path, content: bytes):
        (tmp_path / "x.zip").write_bytes(content)
        assert refusal(tmp_path / "x.zip", root).code == "models.damaged_archive"

    def test_a_damaged_archive_is_said_to_be_damaged(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "x.zip", WHISPER)
        content = bytearray(path.read_bytes())
        middle = content.index(b"model.bin") + 20_000
        content[middle : middle + 100] = bytes(100)
        path.write_bytes(content)
        assert refusal(path, root).code in ("models.damaged_archive", "models.changed")

    def test_what_is_not_there_is_said_to_be_missing(self, root: Path, tmp_path: Path):
        assert refusal(tmp_path / "gone.zip", root).code == "models.not_there"

    def test_a_manifest_of_another_shape_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "x.zip", WHISPER | {"manifest.json": b'{"format": 1}'})
        assert refusal(path, root).code == "models.bad_manifest"
