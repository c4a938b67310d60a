"""Imports pyannote.audio and loads its pipelines from model packs.

Works around torchaudio's compiled extension and torch's compiler; `checkpoints.py` checks what a pack names.
"""

from __future__ import annotations

import importlib
import logging
import pickle
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.engines.pyannote.checkpoints import check_checkpoints, check_config, refusal, weights_only

if TYPE_CHECKING:
    from fi_desktop.engines.pyannote.fast import FastSpeakerDiarization

_COMPILER = "torch._dynamo"
_EXTENSION = "torchaudio._extension"


def import_pyannote() -> Any:
    """Import pyannote.audio, which takes seconds and half a gigabyte; return the module."""
    without_extension()
    # it cannot save what it finds out about fonts, which nothing here draws with
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with without_compiler(), _without_ipv6(), warnings.catch_warnings():
        # it warns if torchcodec does not load, but decodes nothing here
        warnings.simplefilter("ignore")
        return importlib.import_module("pyannote.audio")


def load_pipeline(folder: Path) -> FastSpeakerDiarization:
    """Load the diarization pipeline of a model pack.

    Raises:
        UserError: the pack is incomplete, names code that is not allowed, or its pipeline is not supported.
        MemoryError: it does not fit into memory.
    """
    library = import_pyannote()
    from fi_desktop.engines.pyannote.fast import FastSpeakerDiarization

    with weights_only(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pyannote|lightning")
        try:
            check_config(folder)
            check_checkpoints(folder)
            pipeline = library.Pipeline.from_pretrained(folder)
        except (OSError, EOFError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise _bad_model() from error
        except pickle.UnpicklingError as error:
            raise refusal(error) from error
        except RuntimeError as error:  # torch raises it for anything wrong with a checkpoint
            if is_out_of_memory(error):
                raise MemoryError("the model") from error
            raise _bad_model() from error
    return FastSpeakerDiarization.adopt(pipeline)


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether torch ran out of the memory of the GPU or of the computer."""
    # torch.OutOfMemoryError is a RuntimeError with one of these texts too
    return "out of memory" in str(error) or "can't allocate memory" in str(error)


def _bad_model() -> UserError:
    return UserError(messages.ENGINE_BAD_MODEL, engine="pyannote")


@contextmanager
def without_compiler() -> Iterator[None]:
    """Keep torch's compiler from being imported inside the block, unless it already is.

    Lightning, which pyannote.audio is built on, imports `torch._dynamo` to recognize compiled models: 800
    modules and two of the six CPU seconds until a worker is ready. Nothing is compiled here, so a stand-in
    is enough; if asked for anything that it lacks, it gives way to the real module.

    Seen with torch 2.13 and Lightning 2.6. Remove it when Lightning imports the compiler lazily.
    """
    import torch

    if _COMPILER in sys.modules:
        yield
        return
    stand_in = ModuleType(_COMPILER, "Stands in for torch's compiler during imports.")
    stand_in.__path__ = [str(Path(torch.__file__).parent / "_dynamo")]
    for name, value in {
        "OptimizedModule": type("OptimizedModule", (torch.nn.Module,), {}),
        "disable": _unchanged,
        "__getattr__": _real_attribute,
    }.items():
        setattr(stand_in, name, value)
    sys.modules[_COMPILER] = stand_in
    try:
        yield
    finally:
        _remove(stand_in)


def _unchanged(function: Any = None, *_args: Any, **_options: Any) -> Any:
    """Do what `torch.compiler.disable` does to a function that nothing compiles: return it."""
    return function if function is not None else _unchanged


def _real_attribute(name: str) -> Any:
    if name.startswith("__"):  # asked for by the import system
        raise AttributeError(name)
    _remove(sys.modules[_COMPILER])
    return getattr(importlib.import_module(_COMPILER), name)


def _remove(stand_in: ModuleType) -> None:
    torch = sys.modules["torch"]
    if sys.modules.get(_COMPILER) is stand_in:
        del sys.modules[_COMPILER]
    if vars(torch).get("_dynamo") is stand_in:
        del torch._dynamo


@contextmanager
def _without_ipv6() -> Iterator[None]:
    """Keep urllib3 from opening a socket when it is imported, to see whether the computer has IPv6."""
    before, socket.has_ipv6 = socket.has_ipv6, False
    try:
        yield
    finally:
        socket.has_ipv6 = before


def without_extension() -> None:
    """Replace torchaudio's compiled extension by a stand-in, unless torchaudio is already imported.

    The extension raises at import if torch was built for another CUDA version or for none, which plain `pip
    install` on Linux can combine. pyannote.audio 4 uses only pure Python parts of torchaudio (Kaldi's fbank,
    resample, MFCC).

    Seen with torchaudio 2.8 to 2.11. Remove it when the builds on PyPI match.
    """
    if "torchaudio" in sys.modules or _EXTENSION in sys.modules:
        return
    stand_in = ModuleType(_EXTENSION, "Stands in for torchaudio's compiled extension.")
    stand_in.__path__ = []  # a package, with submodules
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


def _refusing(feature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError(f"{feature} needs torchaudio's extension, which is not loaded here")

        refuse.__name__, refuse.__doc__ = function.__name__, function.__doc__
        return refuse

    return decorate
