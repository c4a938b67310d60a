"""Make a pyannote model pack with our own weights, which the library loads like a published one.

    python -m tests.packs.make_pyannote FOLDER [--size real] [--layout 3.1] [--seed N] [--fit]

`tiny` is for tests: it takes seconds to make and run. `real` has the architectures of the published packs,
and so their speed and memory; with random weights its result is meaningless. `fit` overfits the
segmentation to the phone call that comes with pyannote.audio, so that its result has turns, overlap and two
speakers.
"""

from __future__ import annotations

import argparse
import wave
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from fi_desktop.audio.media_files import phone_call
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.engines.pyannote import import_pyannote

Size = Literal["tiny", "real"]
Layout = Literal["community-1", "3.1"]

_WINDOW = 160_000
_STEP = 16_000
_FIT_STEPS = 60
_FIT_STEPS_DEEP = 200
_EMBEDDING_DIM = 256
_PLDA_DIM = 128
LAYOUTS: tuple[Layout, ...] = ("community-1", "3.1")

_CLUSTERING = {
    "community-1": ("VBxClustering", {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8}),
    "3.1": (
        "AgglomerativeClustering",
        {"method": "centroid", "min_cluster_size": 12, "threshold": 0.7045654963945799},
    ),
}


def make_pyannote(
    folder: Path, *, size: Size = "tiny", layout: Layout = "community-1", seed: int = 0, fit: bool = False
) -> Path:
    """Write a model pack into `folder`, created if necessary; return the folder."""
    import_pyannote()
    import torch

    torch.manual_seed(seed)
    segmentation = _segmentation(size)
    embedding = _embedding(size)
    if fit:
        _fit_to_phone_call(segmentation)
    _save(segmentation, folder / "segmentation")
    _save(embedding, folder / "embedding")
    _save_plda(folder / "plda", np.random.default_rng(seed))
    write_config(folder, layout)
    return folder


def make_published_embedding(pack: Path, *, seed: int = 0) -> None:
    """Give a pack an embedding of the published class and size, which the program loads outside of tests."""
    import_pyannote()  # another process may have made the pack
    import torch

    torch.manual_seed(seed)
    _save(_embedding("real"), pack / "embedding")


def write_config(folder: Path, layout: Layout) -> None:
    """Write the pack's configuration; the weights are the same in every layout."""
    clustering, parameters = _CLUSTERING[layout]
    config = {
        "dependencies": {"pyannote.audio": "4.0.0"},
        "pipeline": {
            "name": "pyannote.audio.pipelines.SpeakerDiarization",
            "params": {
                "clustering": clustering,
                "segmentation": "$model/segmentation",
                "segmentation_batch_size": 32,
                "embedding": "$model/embedding",
                "embedding_batch_size": 32,
                "embedding_exclude_overlap": True,
                # the library loads one for either clustering, from its hub if none is named
                "plda": "$model/plda",
            },
        },
        "params": {"clustering": parameters, "segmentation": {"min_duration_off": 0.0}},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _segmentation(size: Size) -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    if size == "real":
        model = PyanNet(
            sincnet={"stride": 10},
            lstm={"hidden_size": 128, "num_layers": 4, "bidirectional": True, "dropout": 0.5},
            linear={"hidden_size": 128, "num_layers": 2},
        )
    else:
        model = PyanNet(
            lstm={"hidden_size": 32, "num_layers": 1}, linear={"hidden_size": 32, "num_layers": 1}
        )
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=10.0,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()  # type: ignore[no-untyped-call]
    return model.eval()


def _embedding(size: Size) -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    from tests.packs.tiny_wespeaker import TinyWeSpeaker

    model = WeSpeakerResNet34() if size == "real" else TinyWeSpeaker()
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION,
        resolution=Resolution.CHUNK,
        duration=5.0,
        classes=[f"speaker{number}" for number in range(10)],
    )
    return model.eval()


def _fit_to_phone_call(model: Any) -> None:
    """Train for some seconds on one recording, in the windows that a pipeline cuts it into.

    The filterbank is not trained, nor are the LSTMs of a deep model; their output is computed once.
    """
    import torch
    from pyannote.audio.utils.powerset import Powerset

    samples, turns = _phone_call()
    starts = range(0, len(samples) - _WINDOW + 1, _STEP)
    windows = torch.from_numpy(np.stack([samples[start : start + _WINDOW] for start in starts]))[:, None]
    speakers = sorted({speaker for _start, _end, speaker in turns})
    frames, field = model.num_frames(_WINDOW), model.receptive_field
    truth = torch.zeros(len(starts), frames, 3)
    for row, start in enumerate(starts):
        middle = start / SAMPLE_RATE_HZ + field.start + field.step * np.arange(frames) + field.duration / 2
        for begin, end, speaker in turns:
            truth[row, torch.from_numpy((middle >= begin) & (middle < end)), speakers.index(speaker)] = 1.0
    wanted = Powerset(3, 2).to_powerset(truth).argmax(-1).flatten()
    deep = model.lstm.num_layers > 1
    with torch.no_grad():
        features = model.sincnet(windows).transpose(1, 2)
        features = model.lstm(features)[0] if deep else features
    fixed = ("sincnet", "lstm") if deep else ("sincnet",)
    learned = [part for name, part in model.named_parameters() if not name.startswith(fixed)]
    optimizer = torch.optim.Adam(learned, 1e-2)
    for _ in range(_FIT_STEPS_DEEP if deep else _FIT_STEPS):
        hidden = features if deep else model.lstm(features)[0]
        for linear in model.linear:
            hidden = torch.nn.functional.leaky_relu(linear(hidden))
        scores = model.activation(model.classifier(hidden))
        loss = torch.nn.functional.nll_loss(scores.flatten(0, 1), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _phone_call() -> tuple[np.ndarray, list[tuple[float, float, str]]]:
    path = phone_call()
    assert path is not None, "pyannote.audio includes it"
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32_768
    turns = []
    for line in path.with_suffix(".rttm").read_text(encoding="utf-8").splitlines():
        field = line.split()
        turns.append((float(field[3]), float(field[3]) + float(field[4]), field[7]))
    return samples, turns


def _save(model: Any, folder: Path) -> None:
    import lightning
    import torch

    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "hparams_name": "kwargs",
        "pytorch-lightning_version": lightning.__version__,
    }
    model.on_save_checkpoint(checkpoint)  # adds architecture and specifications
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _save_plda(folder: Path, rng: np.random.Generator) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    basis = np.linalg.qr(rng.standard_normal((_EMBEDDING_DIM, _EMBEDDING_DIM)))[0]
    np.savez(
        folder / "xvec_transform.npz",
        mean1=np.zeros(_EMBEDDING_DIM),
        mean2=np.zeros(_PLDA_DIM),
        lda=basis[:, :_PLDA_DIM],
    )
    np.savez(
        folder / "plda.npz",
        mu=np.zeros(_PLDA_DIM),
        tr=np.linalg.qr(rng.standard_normal((_PLDA_DIM, _PLDA_DIM)))[0],
        psi=np.linspace(5, 0.1, _PLDA_DIM),
    )


def main() -> None:
    """Make a pack on the command line."""
    parser = argparse.ArgumentParser(description="Make a pyannote model pack with our own weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=("tiny", "real"), default="tiny")
    parser.add_argument("--layout", choices=LAYOUTS, default="community-1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fit", action="store_true")
    make_pyannote(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
