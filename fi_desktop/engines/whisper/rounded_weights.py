"""A model's weights as ONNX graphs want them: 8-bit integers, with a scale for each column."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.networks import Network
from fi_desktop.system.files import resource

_ROWS = 4096  # at a time, for memory
_LEVELS = 127
_LEVELS_WITHOUT_OVERFLOW = 63
"""Where sums of two products are kept in 16 bits (x86 without VNNI): 2 * 255 * 63 < 2**15."""


def rounded(stored: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return stored weights; matrices are 8-bit integers, (inputs, outputs), with a scale for each column.

    Single numbers, which are options of CTranslate2, are left out.
    """
    levels = _LEVELS if products_are_exact() else _LEVELS_WITHOUT_OVERFLOW
    found: dict[str, NDArray[np.generic]] = {}
    for name, values in stored.items():
        if name.endswith("_scale") or not values.ndim:
            continue
        factor = stored.get(f"{name}_scale")
        if values.ndim == 2 and name.endswith("/weight"):
            rows, scale = _rounded_rows(values, factor, levels)
            found[name], found[name.replace("/weight", "/scale")] = np.ascontiguousarray(rows.T), scale
        else:
            found[name] = _single_precision(values, factor)
    return found


def _rounded_rows(
    values: NDArray[np.generic], factor: NDArray[np.generic] | None, levels: int
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return rows of 8-bit integers of up to `levels`, and the scale of each row."""
    if factor is not None and levels == _LEVELS:  # stored so
        return values.astype(np.int8), 1.0 / factor.astype(np.float32)
    rows, scales = np.empty(values.shape, dtype=np.int8), np.empty(len(values), dtype=np.float32)
    for first in range(0, len(values), _ROWS):
        part = slice(first, first + _ROWS)
        exact = _single_precision(values[part], None if factor is None else factor[part])
        scales[part] = np.maximum(np.abs(exact).max(axis=1), np.finfo(np.float32).tiny * levels) / levels
        rows[part] = np.rint(exact / scales[part, None])
    return rows, scales


def half_precision(values: NDArray[np.generic], factor: NDArray[np.generic] | None) -> NDArray[np.float16]:
    """Return stored rows in half precision. factor: of each row; None if they are not integers."""
    found = np.empty(values.shape, dtype=np.float16)
    for first in range(0, len(values), _ROWS):
        part = slice(first, first + _ROWS)
        found[part] = _single_precision(values[part], None if factor is None else factor[part])
    return found


def _single_precision(values: NDArray[np.generic], factor: NDArray[np.generic] | None) -> NDArray[np.float32]:
    """Return stored values. factor: of each row of integers; None if they are not integers."""
    if factor is None:
        if values.dtype.kind != "f":
            raise ValueError(f"weights of {values.dtype}")
        return values.astype(np.float32)
    return values.astype(np.float32) / factor.astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))


@cache
def products_are_exact() -> bool:
    """Return whether this processor multiplies 8-bit integers without overflow."""
    network = Network(resource("models", "words", "products.onnx").read_bytes())
    left, right = np.full((8, 64), 255, dtype=np.uint8), np.full((64, 16), 127, dtype=np.int8)
    return bool((network.run(left=left, right=right) == 64 * 255 * 127).all())
