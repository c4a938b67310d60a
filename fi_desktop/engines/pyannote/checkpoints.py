"""What the files of a pyannote.audio pack may name, checked before the library imports or calls it.

A checkpoint is a pickle, and names the module and class of its network. The library unpickles it with any
function that it names, and imports any module: even one whose import has an effect, or one that downloads.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

PIPELINE = "pyannote.audio.pipelines.SpeakerDiarization"
"""The only pipeline that is loaded."""

ARCHITECTURES = frozenset(
    {
        ("pyannote.audio.models.segmentation.PyanNet", "PyanNet"),
        ("pyannote.audio.models.embedding.wespeaker", "WeSpeakerResNet34"),
        ("pyannote.audio.models.embedding.wespeaker", "WeSpeakerResNet152"),
        ("pyannote.audio.models.embedding.wespeaker", "WeSpeakerResNet221"),
        ("pyannote.audio.models.embedding.wespeaker", "WeSpeakerResNet293"),
    }
)
"""The networks that a checkpoint may consist of, as module and class.

Those of speaker diarization, without `SSeRiouSS`, which downloads a part of itself.
"""

_ONLY_WEIGHTS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
_NETWORKS = ("segmentation", "embedding")
_IN_PACK = "$model/"
_WEIGHTS = "pytorch_model.bin"
# Lightning imports and calls what this hyperparameter names
_INSTANTIATOR = "_instantiator"
# what torch says of a pickle that names a function or class; of damaged bytes, it says something else
_NAMES_CODE = re.compile(r"GLOBAL |unrecognized function|create new object|build Tensor|instantiate")


def check_config(folder: Path) -> None:
    """Check that a pack's `config.yaml` describes speaker diarization with networks in the pack.

    Raises:
        UserError: engine.odd_model.
        OSError, LookupError, TypeError, ValueError: it is missing or damaged.
    """
    pipeline = _pipeline(folder)
    if pipeline["name"] != PIPELINE:
        raise UserError(messages.ENGINE_ODD_MODEL)
    for network in _NETWORKS:
        if not str(pipeline["params"][network]).startswith(_IN_PACK):
            raise UserError(messages.ENGINE_ODD_MODEL)


def check_checkpoints(folder: Path) -> None:
    """Check that the networks of a pack are of known classes; call it inside `weights_only`.

    Raises:
        UserError: engine.foreign_model.
        OSError, LookupError, TypeError, ValueError, RuntimeError, pickle.UnpicklingError: a checkpoint is
            missing or damaged.
    """
    import torch

    params = _pipeline(folder)["params"]
    for network in _NETWORKS:
        path = folder / params[network].removeprefix(_IN_PACK) / _WEIGHTS
        try:
            checkpoint: Any = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise refusal(error) from error
        named = checkpoint["pyannote.audio"]["architecture"]
        parameters = checkpoint.get("hyper_parameters", {})
        if (named["module"], named["class"]) not in ARCHITECTURES or _INSTANTIATOR in parameters:
            raise UserError(messages.ENGINE_FOREIGN_MODEL)


def refusal(error: pickle.UnpicklingError) -> UserError:
    """Return the error of a checkpoint that torch does not unpickle: it names code, or it is damaged."""
    if _NAMES_CODE.search(str(error).rpartition("WeightsUnpickler error:")[2]):
        return UserError(messages.ENGINE_FOREIGN_MODEL)
    return UserError(messages.ENGINE_BAD_MODEL, engine="pyannote")


@contextmanager
def weights_only() -> Iterator[None]:
    """Let torch unpickle weights and the library's task descriptions, and nothing else.

    pyannote.audio 4.0 passes `weights_only=False` and offers no argument; torch's environment variable wins.
    """
    import torch
    from pyannote.audio.core import task

    before = os.environ.get(_ONLY_WEIGHTS)
    os.environ[_ONLY_WEIGHTS] = "1"
    allowed: list[Any] = [
        task.Specifications,
        task.Problem,
        task.Resolution,
        torch.torch_version.TorchVersion,
    ]
    try:
        with torch.serialization.safe_globals(allowed):
            yield
    finally:
        if before is None:
            del os.environ[_ONLY_WEIGHTS]
        else:
            os.environ[_ONLY_WEIGHTS] = before


def _pipeline(folder: Path) -> dict[str, Any]:
    import yaml

    try:
        pipeline: dict[str, Any] = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))[
            "pipeline"
        ]
    except yaml.YAMLError as error:
        raise ValueError("not YAML") from error
    return pipeline
