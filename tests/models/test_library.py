import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.models import PackKind, best, check, find, installed, manifest, remove, verify
from fi_desktop.system.files import resource
from tests.models.packs import (
    CONFIG,
    CONFIG_31,
    make_pack,
    pyannote_files,
    whisper_files,
    write_files,
)


def refusal(call, *arguments, **named) -> UserError:
    with pytest.raises(UserError) as caught:
        call(*arguments, **named)
    return caught.value


class TestFinding:
    def test_missing_folder_has_no_packs(self, root: Path):
        assert installed((root,)) == ()
        assert best(PackKind.WHISPER, (root,)) is None

    def test_pack_is_as_its_manifest_says(self, root: Path):
        made = make_pack(root, "faster-whisper-tiny")
        (pack,) = installed((root,))
        assert pack == made
        assert pack.size_bytes == sum(len(content) for content in whisper_files(2000).values())

    def test_earlier_root_takes_precedence(self, root: Path, tmp_path: Path):
        bundle = tmp_path / "bundle"
        make_pack(bundle, "faster-whisper-tiny")
        make_pack(root, "faster-whisper-tiny")
        found = find("faster-whisper-tiny", (root, bundle))
        assert found is not None
        assert found.folder == root / "faster-whisper-tiny"
        assert len(installed((root, bundle))) == 1

    def test_models_of_the_built_in_engine_are_not_packs(self, caplog: pytest.LogCaptureFixture):
        bundle = resource("models")
        assert {folder.parent.name for folder in bundle.glob("*/manifest.json")} >= {"builtin", "voices"}
        with caplog.at_level(logging.DEBUG, "fi_desktop"):
            assert installed((bundle,)) == ()
        assert caplog.records == []

    def test_custom_pack_may_be_called_voices(self, root: Path):
        make_pack(root, "voices")
        assert [pack.name for pack in installed((root,))] == ["voices"]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda value: value | {"format": 2},
            lambda value: value | {"kind": "nemo"},
            lambda value: value | {"name": "other"},
            lambda value: {key: part for key, part in value.items() if key != "files"},
            lambda value: value | {"files": [{"path": "../escape", "size": 1, "sha256": "0" * 64}]},
            lambda value: value | {"files": [{"path": "/etc/passwd", "size": 1, "sha256": "0" * 64}]},
            lambda value: value | {"files": [{"path": "a\\b", "size": 1, "sha256": "0" * 64}]},
            lambda value: value | {"files": [{"path": "model.bin", "size": -1, "sha256": "0" * 64}]},
            lambda value: value | {"files": [{"path": "model.bin", "size": 1, "sha256": "short"}]},
            lambda value: value | {"files": 2 * [{"path": "model.bin", "size": 1, "sha256": "0" * 64}]},
            lambda value: value | {"attribution": "\x1b]0;obey me\x07"},
            lambda value: [value],
        ],
    )
    def test_broken_manifest_hides_only_its_pack(self, root: Path, spoil):
        make_pack(root, "faster-whisper-tiny")
        make_pack(root, "faster-whisper-base")
        path = root / "faster-whisper-tiny" / manifest.MANIFEST
        path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
        assert [pack.name for pack in installed((root,))] == ["faster-whisper-base"]
        assert refusal(manifest.read, path.parent).code == "models.bad_manifest"

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b'"' + b"x" * 2_000_000 + b'"']
    )
    def test_manifest_that_is_not_json_hides_its_pack(self, root: Path, content: bytes):
        make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / manifest.MANIFEST).write_bytes(content)
        assert installed((root,)) == ()

    def test_best_follows_the_catalog_and_custom_packs_come_last(self, root: Path):
        for name in (
            "aa-own",
            "faster-whisper-tiny",
            "faster-whisper-large-v3-turbo",
            "faster-whisper-medium",
        ):
            make_pack(root, name)
        for name in ("speaker-diarization-3.1", "speaker-diarization-community-1"):
            make_pack(root, name, PackKind.PYANNOTE)
        voices, words = best(PackKind.PYANNOTE, (root,)), best(PackKind.WHISPER, (root,))
        assert voices is not None
        assert words is not None
        assert (voices.name, words.name) == (
            "speaker-diarization-community-1",
            "faster-whisper-large-v3-turbo",
        )

    def test_import_is_light(self):
        code = "import sys, fi_desktop.models; print(*sys.modules)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
        )
        loaded = set(done.stdout.split())
        assert not loaded & {
            "torch",
            "numpy",
            "PySide6",
            "urllib.request",
            "http.client",
            "keyring",
            "yaml",
            "ssl",
        }


class TestCheck:
    def test_complete_packs_pass(self, root: Path):
        for pack in (make_pack(root, "faster-whisper-tiny"), make_pack(root, "own", PackKind.PYANNOTE)):
            check(pack)
            verify(pack)

    @pytest.mark.parametrize("path", whisper_files(10))
    def test_missing_file_is_named(self, root: Path, path: str):
        pack = make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / path).unlink()
        error = refusal(check, pack)
        assert error.code == "models.incomplete"
        assert path in error.message
        assert "Install or import it again" in error.message

    def test_truncated_file_is_named(self, root: Path):
        pack = make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / "model.bin").write_bytes(b"half")
        error = refusal(check, pack)
        assert error.code == "models.incomplete"
        assert "model.bin has 4 bytes instead of 2000" in error.message

    def test_whisper_without_a_tokenizer_is_refused(self, root: Path):
        files = whisper_files(10)
        del files["tokenizer.json"]
        error = refusal(check, make_pack(root, "faster-whisper-tiny", files=files))
        assert error.code == "models.incomplete"
        assert "tokenizer.json is missing" in error.message

    def test_large_v3_needs_its_preprocessor(self, root: Path):
        files = whisper_files(10)
        del files["preprocessor_config.json"]
        check(make_pack(root, "faster-whisper-tiny", files=files))
        error = refusal(check, make_pack(root, "faster-whisper-large-v3", files=files))
        assert "preprocessor_config.json is missing" in error.message

    def test_3_1_pipeline_without_plda_is_refused(self, root: Path):
        config = CONFIG.replace("    plda: $model/plda\n", "")
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(config)))
        assert error.code == "models.incomplete"
        assert "plda" in error.message
        assert "network" in error.message

    def test_pipeline_with_parts_on_the_hub_is_refused(self, root: Path):
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(CONFIG_31)))
        assert error.code == "models.incomplete"

    def test_unlisted_weights_count_as_missing(self, root: Path):
        files = pyannote_files()
        weights = files.pop("embedding/pytorch_model.bin")
        pack = make_pack(root, "own", PackKind.PYANNOTE, files)
        write_files(root / "own", {"embedding/pytorch_model.bin": weights})
        error = refusal(check, pack)
        assert "embedding/pytorch_model.bin is missing" in error.message

    @pytest.mark.parametrize(
        "config",
        [
            CONFIG.replace("pyannote.audio.pipelines.SpeakerDiarization", "subprocess.Popen"),
            CONFIG + "preprocessors: {audio: {name: subprocess.Popen}}\n",
            "pipeline: []",
            "{",
            "- a list",
            "!!python/object/apply:os.system [true]",
            "#" + "x" * 200_000,
        ],
    )
    def test_configuration_with_other_classes_is_refused(self, root: Path, config: str):
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(config)))
        assert error.code == "models.bad_config"


class TestVerify:
    @pytest.mark.parametrize("path", pyannote_files())
    def test_changed_byte_is_detected(self, root: Path, path: str):
        pack = make_pack(root, "own", PackKind.PYANNOTE)
        file = root / "own" / path
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        error = refusal(verify, pack)
        assert error.code == "models.changed"
        assert path in error.message

    def test_reports_progress(self, root: Path):
        pack = make_pack(root, "faster-whisper-tiny")
        reported: list[tuple[int, int]] = []
        verify(pack, lambda done, total: reported.append((done, total)))
        assert reported[-1] == (pack.size_bytes, pack.size_bytes)
        assert reported == sorted(reported)


class TestRemove:
    def test_removed_pack_leaves_no_files(self, root: Path):
        make_pack(root, "faster-whisper-tiny")
        remove("faster-whisper-tiny", root)
        assert installed((root,)) == ()
        assert not list(root.rglob("model.bin"))

    def test_missing_pack_cannot_be_removed(self, root: Path):
        assert refusal(remove, "faster-whisper-tiny", root).code == "models.missing"

    def test_bundled_pack_cannot_be_removed(self, root: Path, tmp_path: Path):
        make_pack(tmp_path / "bundle", "faster-whisper-tiny")
        error = refusal(remove, "faster-whisper-tiny", root, bundled=(tmp_path / "bundle",))
        assert error.code == "models.bundled"
        assert len(installed((tmp_path / "bundle",))) == 1
