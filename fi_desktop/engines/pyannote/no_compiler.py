"""Import the library without torch's compiler, which it names and never uses.

Lightning, which the library is built on, imports `torch._dynamo` to recognize compiled models: 800 modules
and two of the six CPU-seconds until a worker is ready. Here nothing is compiled, so a stand-in does while
the import lasts. Asked for anything it does not have, it makes way for the real one.

Seen with torch 2.13 and lightning 2.6. Can go when lightning imports it where it is used.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

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
