"""The weights of a Whisper model in CTranslate2's file, `model.bin`.

The library has no function for them. Source: `ctranslate2.specs.model_spec.ModelSpec._serialize`, version 6
of the format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_VERSION = 6
_KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16)


def read_weights(file: Path, prefix: str) -> dict[str, NDArray[np.generic]]:
    """Return the weights whose names in the file begin so, as they are stored, by the rest of the name.

    Arrays stay in the file until they are used. Rows of int8 are to be divided by `…_scale`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it has another format.
    """
    content = np.memmap(file, np.uint8, "r")
    try:
        stored = dict(_variables(content))
    except (struct.error, ValueError, IndexError) as error:
        raise ValueError("not a model of CTranslate2") from error
    return {name.removeprefix(prefix): values for name, values in stored.items() if name.startswith(prefix)}


def _variables(content: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yield all names with their arrays, which stay in the file; names that share an array, too."""
    data: Any = memoryview(content)  # type: ignore[arg-type]  # NumPy's types lack the buffer protocol
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{kind}", data, at)
        at += struct.calcsize(kind)
        return int(value)

    def text() -> str:
        nonlocal at
        length = number("H")
        value = bytes(data[at : at + length - 1]).decode()
        at += length
        return value

    if (version := number("I")) != _VERSION:
        raise ValueError(f"version {version}")
    text()  # the model's kind, which opening it has checked
    number("I")
    stored: dict[str, NDArray[np.generic]] = {}
    for _ in range(number("I")):
        name = text()
        shape = [number("I") for _ in range(number("B"))]
        kind, size = np.dtype(_KINDS[number("B")]), number("I")
        stored[name] = content[at : at + size].view(kind).reshape(shape)
        at += size
    yield from stored.items()
    for _ in range(number("I")):
        name, of = text(), text()
        for part in ("", "_scale"):  # the library gives an alias the scale of what it stands for
            if of + part in stored:
                yield name + part, stored[of + part]
