"""Collecting the nodes of a Whisper graph, whose weights the program adds: what the makers of the encoder's
and the decoder's graphs share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx_graph import Graph

RUNTIME = "com.microsoft"  # ONNX Runtime's own operators
MIDDLE = 128  # the zero of unsigned integers of both signs
LEVELS = 127.0
LEAST = 1e-6  # nothing is divided by zero
_EPSILON = 1e-5
# GELU returns nothing below -0.17: most of the levels are for positive values.
_GELU_ZERO, _GELU_LEVELS, _GELU_LEAST = 16, 239.0, 2.6


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rows of 8-bit integers.

    Attributes:
        values: (rows, inputs); its name, as all of them.
        scale: of each row, (rows, 1).
        zero: the integer that is zero.
    """

    values: str
    scale: str
    zero: int


class WhisperGraph(Graph):
    """Collects nodes, the constants that they need, and the weights that the program adds."""

    def __init__(self) -> None:
        super().__init__()
        self._constants: dict[tuple[str, float], str] = {}

    def weight(self, name: str, shape: Sequence[int], kind: int = TensorProto.FLOAT) -> str:
        """Declare a weight that is added when the graph is loaded."""
        tensor = TensorProto(name=name, data_type=kind, dims=shape, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="weights")
        self._values.append(tensor)
        return name

    def constant(self, value: float, kind: type[np.generic] = np.float32) -> str:
        """Return a scalar."""
        key = (kind.__name__, value)
        if key not in self._constants:
            self._constants[key] = name = f"c{len(self._constants)}"
            self._values.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return self._constants[key]

    def axes(self, *values: int) -> str:
        """Return a list of integers."""
        name = self._name("a")
        self._values.append(numpy_helper.from_array(np.array(values, dtype=np.int64), name))
        return name

    def split(self, values: str, parts: int, size: int) -> list[str]:
        """Split the last axis into equal parts."""
        outputs = [self._name("v") for _ in range(parts)]
        inputs = [values, self.axes(*[size] * parts)]
        self._nodes.append(helper.make_node("Split", inputs, outputs, axis=-1))
        return outputs

    def best(self, values: str, count: int) -> tuple[str, str]:
        """Return the largest values of the last axis and where they are, in no order."""
        found, places = self._name("v"), self._name("v")
        self._nodes.append(
            helper.make_node("TopK", [values, self.axes(count)], [found, places], axis=-1, sorted=0)
        )
        return found, places

    def filled(self, like: str, value: int, kind: int) -> str:
        """Return integers of one value, as many as another tensor has."""
        tensor = helper.make_tensor("value", kind, [1], [value])
        return self.op("ConstantOfShape", self.op("Shape", like), value=tensor)

    def model(
        self,
        name: str,
        inputs: Mapping[str, tuple[int, list[Any]]],
        outputs: Mapping[str, tuple[int, list[Any]]],
    ) -> bytes:
        """Return the model, serialized. inputs, outputs: type and shape by name."""
        given = [helper.make_tensor_value_info(each, *what) for each, what in inputs.items()]
        results = [helper.make_tensor_value_info(each, *what) for each, what in outputs.items()]
        model = self._model(name, given, results, RUNTIME)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized

    def norm(self, values: str, name: str, width: int) -> str:
        """Add a norm of the last axis."""
        gain, shift = self.weight(f"{name}/gamma", (width,)), self.weight(f"{name}/beta", (width,))
        return self.op("LayerNormalization", values, gain, shift, axis=-1, epsilon=_EPSILON)

    def rounded(self, rows: str, *, behind_gelu: bool = False) -> Rounded:
        """Round each of (rows, inputs) to 8 bits at its own scale."""
        largest = rows if behind_gelu else self.op("Abs", rows)
        zero, levels, least = (
            (_GELU_ZERO, _GELU_LEVELS, _GELU_LEAST) if behind_gelu else (MIDDLE, LEVELS, LEAST)
        )
        largest = self.op("ReduceMax", largest, axes=[1], keepdims=1)
        scale = self.op("Mul", self.op("Max", largest, self.constant(least)), self.constant(1.0 / levels))
        scales = self.op("Squeeze", self.op("Flatten", scale, axis=0), self.axes(0))
        zeros = self.filled(scales, zero, TensorProto.UINT8)
        return Rounded(self.op("QuantizeLinear", rows, scales, zeros, axis=0), scale, zero)

    def linear(self, rows: Rounded, name: str, inputs: int, outputs: int, *, bias: bool = True) -> str:
        """Add a linear layer of (rows, inputs)."""
        product = self.op(
            "MatMulIntegerToFloat",
            rows.values,
            self.weight(f"{name}/weight", (inputs, outputs), TensorProto.INT8),
            self.constant(1.0),
            self.weight(f"{name}/scale", (outputs,)),
            self.constant(rows.zero, np.uint8),
            domain=RUNTIME,
        )
        scaled = self.op("Mul", product, rows.scale)
        return self.op("Add", scaled, self.weight(f"{name}/bias", (outputs,))) if bias else scaled
