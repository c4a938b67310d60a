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

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

if TYPE_CHECKING:
    from fi_desktop.engines.pyannote.fast import FastSpeakerDiarization
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

_PIPELINE = "pyannote.audio.pipelines.SpeakerDiarization"
_ONLY_WEIGHTS = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def import_pyannote() -> Any:
    """Import pyannote.audio, which takes seconds and half a gigabyte; return the module."""
    without_extension()
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
        raise UserError(messages.ENGINE_ODD_MODEL)


def _bad_model() -> UserError:
    return UserError(messages.ENGINE_BAD_MODEL, engine="pyannote")


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


# Import the library without torch's compiler, which it names and never uses.
#
# Lightning, which the library is built on, imports `torch._dynamo` to recognize compiled models: 800
# modules and two of the six CPU-seconds until a worker is ready. Here nothing is compiled, so a stand-in
# does while the import lasts. Asked for anything it does not have, it makes way for the real one.
#
# Seen with torch 2.13 and lightning 2.6. Can go when lightning imports it where it is used.

_COMPILER = "torch._dynamo"


@contextmanager
def without_compiler() -> Iterator[None]:
    """Keep torch's compiler from being imported; does nothing where it was imported before."""
    import torch

    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER, "Stands in for torch's compiler while others are imported.")
    stand_in.__path__ = [str(Path(torch.__file__).parent / "_dynamo")]
    for name, value in {
        "OptimizedModule": type("OptimizedModule", (torch.nn.Module,), {}),
        "disable": _unchanged,
        "__getattr__": _real,
    }.items():
        setattr(stand_in, name, value)
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        _leave(stand_in)


def _unchanged(function: Any = None, *_args: Any, **_options: Any) -> Any:
    """What `torch.compiler.disable` makes of a function that nothing compiles: itself."""
    return function if function is not None else _unchanged


def _real(name: str) -> Any:
    if name.startswith("__"):  # the import system's own questions
        raise AttributeError(name)
    _leave(sys.modules[_COMPILER])
    return getattr(importlib.import_module(_COMPILER), name)


def _leave(stand_in: ModuleType) -> None:
    torch = sys.modules["torch"]
    if sys.modules.get(_COMPILER) is stand_in:
        del sys.modules[_COMPILER]
    if vars(torch).get("_dynamo") is stand_in:
        del torch._dynamo


# Let `import pyannote.audio` work whatever torch build is installed.
#
# torchaudio's compiled extension raises at import where the installed torch was built for another CUDA
# version, or for none, as plain `pip install` on Linux gives them. pyannote.audio 4 uses only pure Python
# parts of torchaudio (kaldi's fbank, resample, MFCC), so an inert module may stand in for the extension.
# Can go when PyPI's builds agree.
#
# Seen with torchaudio 2.8 to 2.11.

_EXTENSION = "torchaudio._extension"


def without_extension() -> None:
    """Put the stand-in in place; does nothing where torchaudio was imported before."""
    if "torchaudio" in sys.modules or _EXTENSION in sys.modules:
        return
    stand_in = ModuleType(_EXTENSION, "Stands in for torchaudio's compiled extension.")
    stand_in.__path__ = []  # it is a package, and has submodules
    for name, value in {
        "_IS_TORCHAUDIO_EXT_AVAILABLE": False,
        "_IS_RIR_AVAILABLE": False,  # torchaudio 2.8
        "_IS_ALIGN_AVAILABLE": False,
        "_check_cuda_version": lambda: None,
        "fail_if_no_align": _refusing("forced alignment"),
        "fail_if_no_rir": _refusing("room simulation"),
        "lazy_import_sox_ext": lambda: SimpleNamespace(is_available=lambda: False),  # torchaudio 2.8
    }.items():
        setattr(stand_in, name, value)
    sys.modules[_EXTENSION] = stand_in


def _refusing(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError(f"{what} needs torchaudio's extension, which is not loaded here")

        refuse.__name__, refuse.__doc__ = function.__name__, function.__doc__
        return refuse

    return decorate
