import json
import os
import stat
import struct
import zipfile
import zlib
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
def stored(request: pytest.FixtureRequest, tmp_path: Path):
    """Store a pack in each supported way."""

    def store(files: dict[str, bytes], name: str = "Stick") -> Path:
        if request.param == "folder":
            return write_files(tmp_path / name, files)
        inside = f"{name}/" if request.param == "zip of a folder" else ""
        return make_zip(tmp_path / f"{name}.zip", files, inside=inside)

    return store


class TestWithManifest:
    def test_pack_is_imported_as_its_manifest_says(self, root: Path, stored):
        pack = take(stored(WHISPER), root)
        verify(pack)
        assert pack == find("own-whisper", (root,))
        assert pack.languages == ("en",)

    def test_only_listed_files_are_imported(self, root: Path, stored):
        take(stored(WHISPER | {"run-me.exe": b"MZ", "._model.bin": b"a Mac was here"}), root)
        assert {path.name for path in (root / "own-whisper").iterdir()} == set(WHISPER)

    @pytest.mark.parametrize("path", whisper_files(10))
    def test_changed_file_is_named_and_nothing_imported(self, root: Path, stored, path: str):
        changed = WHISPER | {path: WHISPER[path][:-1] + bytes([WHISPER[path][-1] ^ 1])}
        error = refusal(stored(changed), root)
        assert error.code == "models.bad_copy"
        assert path in error.message
        assert installed((root,)) == ()

    def test_missing_file_is_named(self, root: Path, stored):
        files = {path: content for path, content in WHISPER.items() if path != "model.bin"}
        error = refusal(stored(files), root)
        assert error.code == "models.bad_copy"
        assert "model.bin" in error.message

    def test_incomplete_pack_is_refused(self, root: Path, stored):
        files = whisper_files(1000)
        del files["tokenizer.json"]
        error = refusal(stored(with_manifest("own", PackKind.WHISPER, files)), root)
        assert error.code == "models.incomplete"
        assert installed((root,)) == ()

    def test_manifest_does_not_make_pickled_weights_trusted(self, root: Path, stored):
        path = stored(with_manifest("own", PackKind.PYANNOTE, pyannote_files()))
        error = refusal(path, root)
        assert error.code == "models.unapproved"
        assert "run any program" in error.message
        verify(take(path, root, approved=True))

    def test_installed_pack_is_replaced_only_on_request(self, root: Path, stored):
        before = make_pack(root, "own-whisper")
        path = stored(WHISPER)
        assert refusal(path, root).code == "models.already"
        verify(before)
        after = take(path, root, replace=True)
        verify(after)
        assert after.files != before.files

    def test_other_folder_is_not_overwritten(self, root: Path, stored):
        write_files(root / "own-whisper", {"precious.txt": b"by hand"})
        assert refusal(stored(WHISPER), root).code == "models.already"
        assert (root / "own-whisper" / "precious.txt").exists()

    def test_cancelled_import_leaves_nothing(self, root: Path, stored):
        def stop(_done: int, _total: int) -> None:
            raise CancelledByUser

        with pytest.raises(CancelledByUser):
            take(stored(WHISPER), root, report=stop)
        assert installed((root,)) == ()


class TestWithoutManifest:
    def test_whisper_is_recognized_and_named_after_its_folder(self, root: Path, stored):
        pack = take(stored(whisper_files(1000), "My Whisper (v2)"), root)
        verify(pack)
        assert (pack.name, pack.kind, pack.licence) == ("my-whisper-v2", PackKind.WHISPER, "unknown")

    def test_catalog_name_brings_its_licence(self, root: Path, stored):
        pack = take(stored(whisper_files(1000), "faster-whisper-small"), root)
        assert (pack.licence, pack.version) == ("MIT", "imported")

    def test_name_can_be_chosen(self, root: Path, stored):
        assert take(stored(whisper_files(1000)), root, name="clinic-1").name == "clinic-1"

    @pytest.mark.parametrize("name", ["../up", "", "Caps", ".hidden", "a/b", "nul", "builtin", "x" * 80])
    def test_invalid_name_is_refused(self, root: Path, tmp_path: Path, name: str):
        path = write_files(tmp_path / "Stick", whisper_files(10))
        if name:
            assert refusal(path, root, name=name).code == "models.bad_name"

    def test_pyannote_needs_approval(self, root: Path, stored):
        path = stored(pyannote_files(), "speaker-diarization-community-1")
        assert refusal(path, root).code == "models.unapproved"
        pack = take(path, root, approved=True)
        verify(pack)
        assert pack.licence == "CC-BY-4.0"

    def test_unrelated_files_are_not_imported(self, root: Path, stored):
        pack = take(stored(whisper_files(1000) | {"evil.py": b"import os", "README.md": b"# hello"}), root)
        assert {file.path for file in pack.files} == {*whisper_files(10), "README.md"}

    def test_other_files_are_not_a_pack(self, root: Path, stored):
        assert (
            refusal(stored({"holiday.jpg": b"\xff\xd8", "notes.txt": b"none"}), root).code == "models.no_pack"
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
    def test_path_outside_the_folder_is_refused(self, root: Path, tmp_path: Path, name: str):
        path = make_zip(tmp_path / "evil.zip", WHISPER | {name: b"x"})
        assert refusal(path, root).code == "models.unsafe_path"
        assert not (root / "own-whisper").exists()

    @pytest.mark.parametrize("count", [5_001, 1], ids=["honest", "lying"])
    def test_too_many_files_are_refused_before_the_directory_is_read(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
    ):
        path = tmp_path / "evil.zip"
        # long names make the directory larger than any pack's, whatever the count
        tail = "x" * 1_050 if count == 1 else ""
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(5_001):
                archive.writestr(f"{number}{tail}", b"")
        data = bytearray(path.read_bytes())
        data[-14:-10] = struct.pack("<2H", count, count)
        path.write_bytes(data)
        monkeypatch.setattr(zipfile.ZipFile, "__init__", lambda *_: pytest.fail("the directory was read"))
        assert refusal(path, root).code == "models.too_many_files"

    def test_names_that_differ_only_in_case_are_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "evil.zip", WHISPER | {"MODEL.bin": b"x"})
        assert refusal(path, root).code == "models.same_path"

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    @pytest.mark.parametrize(
        "name",
        ["model.bin", "mode\u0301l.bin|modél.bin", "straße|STRASSE"],
        ids=["the same", "composed", "in capitals"],
    )
    def test_names_that_are_one_file_are_refused(self, root: Path, tmp_path: Path, name: str):
        path = make_zip(tmp_path / "evil.zip", WHISPER)
        with zipfile.ZipFile(path, "a") as archive:
            for each in name.split("|"):
                archive.writestr(each, b"another content")
        assert refusal(path, root).code == "models.same_path"

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_rare_compression_is_refused(self, root: Path, tmp_path: Path, method: int):
        with zipfile.ZipFile(tmp_path / "rare.zip", "w", method) as archive:
            for name, content in WHISPER.items():
                archive.writestr(name, content)
        assert refusal(tmp_path / "rare.zip", root).code == "models.odd_archive"

    @pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
    def test_special_file_in_an_archive_becomes_none(self, root: Path, tmp_path: Path, kind: int):
        path = make_zip(tmp_path / "evil.zip", WHISPER)
        special = zipfile.ZipInfo("special")
        special.external_attr = (kind | 0o666) << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(special, b"")
        take(path, root)
        assert all(stat.S_ISREG(each.stat().st_mode) for each in (root / "own-whisper").iterdir())

    def test_second_name_in_the_extra_field_is_not_used(self, root: Path, tmp_path: Path):
        """Info-ZIP's Unicode path: another name for the same entry, which some programs prefer."""
        path = make_zip(tmp_path / "evil.zip", WHISPER)
        other = b"../escaped.txt"
        inside = zipfile.ZipInfo("notes.txt")
        header = struct.pack("<BL", 1, zlib.crc32(b"notes.txt")) + other
        inside.extra = struct.pack("<2H", 0x7075, len(header)) + header
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(inside, b"x")
        take(path, root)
        assert not list(tmp_path.rglob("escaped.txt"))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": "../up"},
            {"name": "faster-whisper-tiny\x1b[2J"},
            {"kind": "program"},
            {"files": [{"path": "../model.bin", "size": 1, "sha256": "0" * 64}]},
            {"files": [{"path": "model.bin", "size": -1, "sha256": "0" * 64}]},
            {"files": [{"path": "model.bin", "size": 1, "sha256": "x"}]},
            {"files": "model.bin"},
            {"format": 99},
            {"attribution": "A\u202etest"},
        ],
        ids=str,
    )
    def test_manifest_that_lies_is_refused(self, root: Path, tmp_path: Path, wrong: dict[str, object]):
        files = dict(WHISPER)
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | wrong).encode()
        assert refusal(make_zip(tmp_path / "evil.zip", files), root).code == "models.bad_manifest"

    def test_link_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "evil.zip", WHISPER)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(link, "/etc/passwd")
        assert refusal(path, root).code == "models.links_in_archive"

    @pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
    def test_folder_with_links_is_refused(self, root: Path, tmp_path: Path):
        folder = write_files(tmp_path / "Stick", WHISPER)
        (folder / "model.bin").unlink()
        (folder / "model.bin").symlink_to("/etc/passwd")
        assert refusal(folder, root).code == "models.links"

    def test_encrypted_archive_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "locked.zip", WHISPER)
        content = bytearray(path.read_bytes())
        start = content.index(b"PK\x01\x02")
        content[start + 8] |= 1  # the "encrypted" flag in the directory
        path.write_bytes(content)
        assert refusal(path, root).code == "models.encrypted"

    def test_zip_bomb_is_refused(self, root: Path, tmp_path: Path):
        zeros = bytes(30_000_000)
        path = make_zip(tmp_path / "bomb.zip", with_manifest("bomb", PackKind.WHISPER, {"model.bin": zeros}))
        assert path.stat().st_size < 100_000
        assert refusal(path, root).code == "models.too_dense"

    def test_oversized_archive_is_refused(self, root: Path, tmp_path: Path):
        files = WHISPER | {f"{number}.bin": b"x" for number in range(6)}
        path = make_zip(tmp_path / "big.zip", files)
        content = bytearray(path.read_bytes())
        at = -1
        for _ in files:  # the directory states four gigabytes each
            at = content.index(b"PK\x01\x02", at + 1)
            struct.pack_into("<II", content, at + 20, 0xFFFFFF00, 0xFFFFFF00)
        path.write_bytes(content)
        assert refusal(path, root).code == "models.too_large"

    def test_false_sizes_are_detected(self, root: Path, tmp_path: Path):
        files = with_manifest("own", PackKind.WHISPER, whisper_files(50_000))
        path = make_zip(tmp_path / "liar.zip", files)
        content = bytearray(path.read_bytes())
        at = content.index(b"PK\x01\x02")
        while b"model.bin" not in content[at : at + 60]:
            at = content.index(b"PK\x01\x02", at + 1)
        struct.pack_into("<I", content, at + 24, 40_000)
        path.write_bytes(content)
        assert refusal(path, root).code == "models.bad_copy"

    @pytest.mark.parametrize("content", [b"", b"PK", b"this is no archive at all" * 100])
    def test_file_that_is_not_an_archive_is_refused(self, root: Path, tmp_path: Path, content: bytes):
        (tmp_path / "x.zip").write_bytes(content)
        assert refusal(tmp_path / "x.zip", root).code == "models.damaged_archive"

    def test_damaged_archive_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "x.zip", WHISPER)
        content = bytearray(path.read_bytes())
        middle = content.index(b"model.bin") + 20_000
        content[middle : middle + 100] = bytes(100)
        path.write_bytes(content)
        assert refusal(path, root).code in ("models.damaged_archive", "models.changed")

    def test_missing_archive_is_reported(self, root: Path, tmp_path: Path):
        assert refusal(tmp_path / "gone.zip", root).code == "models.not_there"

    def test_invalid_manifest_is_refused(self, root: Path, tmp_path: Path):
        path = make_zip(tmp_path / "x.zip", WHISPER | {"manifest.json": b'{"format": 1}'})
        assert refusal(path, root).code == "models.bad_manifest"
