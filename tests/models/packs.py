"""Small packs with valid structure and noise as weights."""

from __future__ import annotations

import hashlib
import json
import random
import zipfile
from pathlib import Path

from fi_desktop.models import Pack, PackFile, PackKind, manifest

CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    embedding: $model/embedding
    plda: $model/plda
params:
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
"""

# as on the hub: parts are repository names, and there is no PLDA
CONFIG_31 = """\
version: 3.1.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: AgglomerativeClustering
    embedding: pyannote/wespeaker-voxceleb-resnet34-LM
    segmentation: pyannote/segmentation-3.0
params:
  clustering: {method: centroid, min_cluster_size: 12, threshold: 0.7045654963945799}
"""


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def pyannote_files(config: str = CONFIG) -> dict[str, bytes]:
    return {
        "config.yaml": config.encode(),
        "segmentation/pytorch_model.bin": noise(3000, 1),
        "embedding/pytorch_model.bin": noise(5000, 2),
        "plda/xvec_transform.npz": noise(400, 3),
        "plda/plda.npz": noise(300, 4),
    }


def whisper_files(size: int = 700_000) -> dict[str, bytes]:
    return {
        "config.json": b'{"alignment_heads": []}',
        "preprocessor_config.json": b'{"feature_size": 128}',
        "model.bin": noise(size, 5),
        "tokenizer.json": b'{"version": "1.0"}',
        "vocabulary.json": b"[]",
    }


def on_the_hub() -> dict[str, dict[str, bytes]]:
    """Return all repositories that the catalog's smaller packs need."""
    extra = {"README.md": b"# a model", ".gitattributes": b"*.bin filter=lfs"}
    community = pyannote_files()
    return {
        "pyannote/speaker-diarization-community-1": community | extra,
        "pyannote/speaker-diarization-3.1": {"config.yaml": CONFIG_31.encode()} | extra,
        "pyannote/segmentation-3.0": {"pytorch_model.bin": noise(3100, 6)} | extra,
        "pyannote/wespeaker-voxceleb-resnet34-LM": {"pytorch_model.bin": noise(5100, 7)} | extra,
        "Systran/faster-whisper-tiny": whisper_files() | extra,
    }


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def make_pack(
    root: Path,
    name: str,
    kind: PackKind = PackKind.WHISPER,
    files: dict[str, bytes] | None = None,
) -> Pack:
    """Install a pack below a root."""
    files = files or (whisper_files(2000) if kind is PackKind.WHISPER else pyannote_files())
    folder = write_files(root / name, files)
    listed = tuple(
        PackFile(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in files.items()
    )
    pack = Pack(name, kind, "1", "MIT", "A test", (), listed, folder)
    manifest.write(pack, folder)
    return pack


def make_zip(path: Path, files: dict[str, bytes], *, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(inside + name, content)
    return path


def with_manifest(name: str, kind: PackKind, files: dict[str, bytes], **wrong: object) -> dict[str, bytes]:
    """Return files with a manifest added; `wrong` replaces values in it."""
    value = {
        "format": 1,
        "name": name,
        "kind": kind.value,
        "version": "1",
        "licence": "MIT",
        "attribution": "A test",
        "languages": ["en"],
        "files": [
            {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for path, data in files.items()
        ],
    }
    return files | {"manifest.json": json.dumps(value | wrong).encode()}
