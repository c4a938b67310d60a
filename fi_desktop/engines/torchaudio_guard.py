"""Let `import pyannote.audio` work whatever torch build is installed.

torchaudio's compiled extension raises at import where the installed torch was built for another CUDA version,
or for none, as plain `pip install` on Linux gives them. pyannote.audio 4 uses only pure Python parts of
torchaudio (kaldi's fbank, resample, MFCC), so an inert module may stand in for the extension. Can go when
PyPI's builds agree.

Seen with torchaudio 2.8 to 2.11.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

_EXTENSION = "torchaudio._extension"


def install() -> None:
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
