"""What engines return: values of NumPy and torch become Python's."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from fi_desktop.core.transcript import Diarization, Grade, Turn
from fi_desktop.engines.contracts import plain


def test_library_values_become_python_values_at_any_depth():
    torch = pytest.importorskip("torch", reason="fi-desktop[pyannote] is not installed")
    found = Diarization(
        (Turn(np.float32(0.5), np.float64(1.5), str(np.str_("a"))),),
        "engine",
        grade=Grade.FAIR,
        details={
            "sure": np.bool_(True),
            "counts": {np.int64(2): np.arange(3)},
            "level": torch.tensor(0.5),
            "none": None,
            "pair": (np.float64(1.0), [np.True_]),
        },
    )
    same = plain(found)
    assert same == Diarization(
        (Turn(0.5, 1.5, "a"),),
        "engine",
        grade=Grade.FAIR,
        details={"sure": True, "counts": {2: [0, 1, 2]}, "level": 0.5, "none": None, "pair": (1.0, [True])},
    )
    assert set(types(asdict(same))) <= {str, int, float, bool, type(None), Grade}
    json.dumps(asdict(same))


def types(value: Any) -> list[type]:
    if isinstance(value, dict):
        return [kind for pair in value.items() for each in pair for kind in types(each)]
    if isinstance(value, tuple | list):
        return [kind for each in value for kind in types(each)]
    return [type(value)]


def test_unsupported_value_is_refused():
    with pytest.raises(TypeError, match=r"builtins\.set"):
        plain(Diarization((), "engine", details={"speakers": {1, 2}}))
