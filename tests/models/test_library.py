import json
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.models import PackKind, best, check, find, installed, manifest, remove, verify
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
    def test_nothing_is_installed_where_there_is_no_folder(self, root: Path):
        assert installed((root,)) == ()
        assert best(PackKind.WHISPER, (root,)) is None

    def test_a_pack_is_what_its_manifest_says(self, root: Path):
        made = make_pack(root, "faster-whisper-tiny")
        (pack,) = installed((root,))
        assert pack == made
        assert pack.size_bytes == sum(len(content) for content in whisper_files(2000).values())

    def test_the_earlier_root_comes_first(self, root: Path, tmp_path: Path):
        bundle = tmp_path / "bundle"
        make_pack(bundle, "faster-whisper-tiny")
        make_pack(root, "faster-whisper-tiny")
        found = find("faster-whisper-tiny", (root, bundle))
        assert found is not None
        assert found.folder == root / "faster-whisper-tiny"
        assert len(installed((root, bundle))) == 1

    def test_the_background_model_is_no_pack(self):
        from fi_desktop.system.files import resource

        assert [pack.name for pack in installed((resource("models"),))] == []

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda told: told | {"format": 2},
            lambda told: told | {"kind": "nemo"},
            lambda told: told | {"name": "other"},
            lambda told: {key: value for key, value in told.items() if key != "files"},
            lambda told: told | {"files": [{"path": "../escape", "size": 1, "sha256": "0" * 64}]},
            lambda told: told | {"files": [{"path": "/etc/passwd", "size": 1, "sha256": "0" * 64}]},
            lambda told: told | {"files": [{"path": "a\\b", "size": 1, "sha256": "0" * 64}]},
            lambda told: told | {"files": [{"path": "model.bin", "size": -1, "sha256": "0" * 64}]},
            lambda told: told | {"files": [{"path": "model.bin", "size": 1, "sha256": "short"}]},
            lambda told: told | {"files": 2 * [{"path": "model.bin", "size": 1, "sha256": "0" * 64}]},
            lambda told: told | {"attribution": "\x1b]0;obey me\x07"},
            lambda told: [told],
        ],
    )
    def test_a_broken_manifest_hides_its_own_pack_only(self, root: Path, spoil):
        make_pack(root, "faster-whisper-tiny")
        make_pack(root, "faster-whisper-base")
        path = root / "faster-whisper-tiny" / manifest.MANIFEST
        path.write_text(json.dumps(spoil(json.loads(path.read_text()))))
        assert [pack.name for pack in installed((root,))] == ["faster-whisper-base"]
        assert refusal(manifest.read, path.parent).code == "models.bad_manifest"

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe", b"{", b"[" * 100_000, b'"' + b"x" * 2_000_000 + b'"']
    )
    def test_a_manifest_that_is_no_json_hides_its_pack(self, root: Path, content: bytes):
        make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / manifest.MANIFEST).write_bytes(content)
        assert installed((root,)) == ()

    def test_the_best_is_the_catalog_s_first_and_a_stranger_comes_last(self, root: Path):
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

    def test_looking_loads_nothing_heavy(self):
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
    def test_whole_packs_pass(self, root: Path):
        for pack in (make_pack(root, "faster-whisper-tiny"), make_pack(root, "own", PackKind.PYANNOTE)):
            check(pack)
            verify(pack)

    @pytest.mark.parametrize("path", whisper_files(10))
    def test_a_file_that_is_gone_is_named(self, root: Path, path: str):
        pack = make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / path).unlink()
        error = refusal(check, pack)
        assert error.code == "models.incomplete"
        assert path in error.message
        assert "Install it again" in error.message

    def test_a_file_that_was_half_copied_is_named(self, root: Path):
        pack = make_pack(root, "faster-whisper-tiny")
        (root / "faster-whisper-tiny" / "model.bin").write_bytes(b"half")
        error = refusal(check, pack)
        assert error.code == "models.incomplete"
        assert "model.bin has 4 bytes, not 2000" in error.message

    def test_whisper_without_a_tokenizer_would_go_online_and_is_refused(self, root: Path):
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

    def test_a_pipeline_3_1_without_plda_would_go_online_and_is_refused(self, root: Path):
        config = CONFIG.replace("    plda: $model/plda\n", "")
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(config)))
        assert error.code == "models.incomplete"
        assert "plda" in error.message
        assert "network" in error.message

    def test_a_pipeline_whose_parts_lie_on_the_hub_is_refused(self, root: Path):
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(CONFIG_31)))
        assert error.code == "models.incomplete"

    def test_weights_that_the_manifest_does_not_name_are_missing(self, root: Path):
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
    def test_a_configuration_that_asks_for_other_objects_is_refused(self, root: Path, config: str):
        error = refusal(check, make_pack(root, "own", PackKind.PYANNOTE, pyannote_files(config)))
        assert error.code == "models.bad_config"


class TestVerify:
    @pytest.mark.parametrize("path", pyannote_files())
    def test_a_changed_byte_is_found_and_named(self, root: Path, path: str):
        pack = make_pack(root, "own", PackKind.PYANNOTE)
        file = root / "own" / path
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        error = refusal(verify, pack)
        assert error.code == "models.changed"
        assert path in error.message

    def test_tells_how_far_it_is(self, root: Path):
        pack = make_pack(root, "faster-whisper-tiny")
        told: list[tuple[int, int]] = []
        verify(pack, lambda done, total: told.append((done, total)))
        assert told[-1] == (pack.size_bytes, pack.size_bytes)
        assert told == sorted(told)


class TestRemove:
    def test_a_pack_is_gone_with_its_files(self, root: Path):
        make_pack(root, "faster-whisper-tiny")
        remove("faster-whisper-tiny", root)
        assert installed((root,)) == ()
        assert not list(root.rglob("model.bin"))

    def test_what_is_not_there_cannot_be_removed(self, root: Path):
        assert refusal(remove, "faster-whisper-tiny", root).code == "models.missing"

    def test_the_program_s_own_packs_stay(self, root: Path, tmp_path: Path):
        make_pack(tmp_path / "bundle", "faster-whisper-tiny")
        error = refusal(remove, "faster-whisper-tiny", root, bundled=(tmp_path / "bundle",))
        assert error.code == "models.bundled"
        assert len(installed((tmp_path / "bundle",))) == 1
