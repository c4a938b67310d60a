"""The library itself: import it, and load a pipeline from a model pack."""

from __future__ import annotations

import importlib
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop.core.errors import UserError
from fi_desktop.engines import torchaudio_guard
from fi_desktop.engines.pyannote.no_compiler import without_compiler

if TYPE_CHECKING:
    from fi_desktop.engines.pyannote.fast import FastSpeakerDiarization

_PIPELINE = "pyannote.audio.pipelines.SpeakerDiarization"
_ONLY_WEIGHTS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def import_pyannote() -> Any:
    """Import pyannote.audio, which takes seconds and half a gigabyte; return the module."""
    torchaudio_guard.install()
    with without_compiler(), warnings.catch_warnings():
        # it warns where torchcodec does not load; it gets samples from us and decodes nothing itself
        warnings.simplefilter("ignore")
        return importlib.import_module("pyannote.audio")


def load_pipeline(folder: Path) -> FastSpeakerDiarization:
    """Load the speaker diarization that a model pack describes.

    Raises:
        UserError: the pack is incomplete, or of a kind that is not supported.
        MemoryError: it does not fit into memory.
    """
    library = import_pyannote()
    from fi_desktop.engines.pyannote.fast import FastSpeakerDiarization

    with _weights_only(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pyannote|lightning")
        try:
            _check_config(folder / "config.yaml")
            pipeline = library.Pipeline.from_pretrained(folder)
        except (OSError, EOFError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise _bad_model() from error
        except pickle.UnpicklingError as error:
            raise _bad_model() from error
        except RuntimeError as error:  # torch's word for all that is wrong with a checkpoint
            if is_out_of_memory(error):
                raise MemoryError("the model") from error
            raise _bad_model() from error
    return FastSpeakerDiarization.adopt(pipeline)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch ran out of the GPU's memory, or of the computer's."""
    # torch.OutOfMemoryError is one of them too, and says so
    return "out of memory" in str(error) or "can't allocate memory" in str(error)


def _check_config(path: Path) -> None:
    """Refuse what is not a speaker diarization: the library would import any class that a pack names."""
    import yaml

    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError("not YAML") from error
    if config["pipeline"]["name"] != _PIPELINE:
        raise UserError("engine.odd_model", "This pyannote model pack is of a kind that cannot be used here.")


def _bad_model() -> UserError:
    return UserError(
        "engine.bad_model", "The {engine} model pack is incomplete: install it again.", engine="pyannote"
    )


@contextmanager
def _weights_only() -> Iterator[None]:
    """Keep torch from unpickling anything but weights and the library's own descriptions of a task.

    pyannote.audio 4.0 asks for the opposite, and takes no argument for it; torch's own switch wins.
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
