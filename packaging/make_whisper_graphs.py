"""Make the graphs of Whisper's encoder: `python packaging/make_whisper_graphs.py [--into FOLDER]`.

One ONNX graph for each published shape, without weights: the program takes those from the model pack that
is installed (`engines/whisper/encoder.py`). Linear layers multiply 8-bit integers, with one scale for each
row of the activations and each column of the weights, as CTranslate2 does; attention is ONNX Runtime's own.
One more graph finds out whether such products are exact on a processor. The graphs are committed, so nobody
needs this script to run the program. Needs the package `onnx`: `pip install -e ".[voices]"`.

Source: A. Radford et al., "Robust speech recognition via large-scale weak supervision" (2022).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import about
import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx_graph import Graph

INTO = about.ROOT / "resources" / "models" / "words"
PRODUCTS = "products.onnx"
_EPSILON = 1e-5
_RUNTIME = "com.microsoft"  # ONNX Runtime's own operators
_FRAMES = 1500
_LEVELS = 127.0
_MIDDLE = 128  # the zero of activations of both signs
_LEAST = 1e-6  # no row is divided by zero
# GELU returns nothing below -0.17: most of the levels are for positive values.
_GELU_ZERO, _GELU_LEVELS, _GELU_LEAST = 16, 239.0, 2.6


@dataclass(frozen=True, slots=True)
class Shape:
    """A published encoder: layers, width, attention heads and mel bands of the input."""

    layers: int
    width: int
    heads: int
    bands: int

    @property
    def file(self) -> str:
        """The name of its graph."""
        return f"encoder-{self.layers}x{self.width}-{self.bands}.onnx"


SHAPES = (
    Shape(4, 384, 6, 80),  # tiny
    Shape(6, 512, 8, 80),  # base
    Shape(12, 768, 12, 80),  # small
    Shape(24, 1024, 16, 80),  # medium
    Shape(32, 1280, 20, 80),  # large-v1, large-v2
    Shape(32, 1280, 20, 128),  # large-v3, its turbo and its distilled versions
)


class _Graph(Graph):
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

    def model(self, inputs: Mapping[str, tuple[int, list[Any]]], output: list[Any]) -> bytes:
        """Return the model, serialized. inputs: type and shape by name; output: shape."""
        given = [helper.make_tensor_value_info(name, *each) for name, each in inputs.items()]
        result = helper.make_tensor_value_info("output", TensorProto.FLOAT, output)
        model = self._model("encoder", given, [result], _RUNTIME)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized


def encoder_graph(shape: Shape) -> bytes:
    """Return an encoder: features (1, bands, 2 * frames) to its output (1, frames, width).

    Up to 1500 frames. Weights have the names of CTranslate2's file; matrices are int8, (inputs, outputs),
    with the scale of each column as `…/scale`.
    """
    graph, width = _Graph(), shape.width
    values = "features"
    for name, inputs, stride in (("conv1", shape.bands, 1), ("conv2", width, 2)):
        kernel = graph.weight(f"{name}/weight", (width, inputs, 3))
        bias = graph.weight(f"{name}/bias", (width,))
        values = graph.op("Conv", values, kernel, bias, pads=[1, 1], strides=[stride])
        values = graph.op("Gelu", values, domain=_RUNTIME)
    values = graph.op("Transpose", values, perm=[0, 2, 1])
    places = graph.weight("position_encodings/encodings", (_FRAMES, width))
    frames = graph.op("Shape", values, start=1, end=2)
    places = graph.op("Slice", places, graph.axes(0), frames, graph.axes(0))
    values = graph.op("Add", values, places)
    for layer in range(shape.layers):
        values = _layer(graph, values, shape, f"layer_{layer}")
    graph.op("Identity", _norm(graph, values, "layer_norm", width), name="output")
    features = (TensorProto.FLOAT, [1, shape.bands, "steps"])
    return graph.model({"features": features}, [1, "frames", width])


def products_graph() -> bytes:
    """Return the product that linear layers consist of: uint8 (rows, 64) by int8 (64, columns)."""
    graph = _Graph()
    one, zero = graph.constant(1.0), graph.constant(0, np.uint8)
    graph.op("MatMulIntegerToFloat", "left", "right", one, one, zero, name="output", domain=_RUNTIME)
    left = (TensorProto.UINT8, ["rows", 64])
    right = (TensorProto.INT8, [64, "columns"])
    return graph.model({"left": left, "right": right}, ["rows", "columns"])


def _layer(graph: _Graph, values: str, shape: Shape, name: str) -> str:
    """Add a layer: self-attention and a feed-forward network, each behind a norm and added to its input."""
    width = shape.width
    normal = _norm(graph, values, f"{name}/self_attention/layer_norm", width)
    joined = _linear(graph, normal, f"{name}/self_attention/linear_0", width, 3 * width)
    attended = graph.op(
        "MultiHeadAttention", *graph.split(joined, 3, width), domain=_RUNTIME, num_heads=shape.heads
    )
    found = _linear(graph, attended, f"{name}/self_attention/linear_1", width, width)
    values = graph.op("Add", values, found)
    normal = _norm(graph, values, f"{name}/ffn/layer_norm", width)
    inner = _linear(graph, normal, f"{name}/ffn/linear_0", width, 4 * width)
    inner = graph.op("Gelu", inner, domain=_RUNTIME)
    found = _linear(graph, inner, f"{name}/ffn/linear_1", 4 * width, width, behind_gelu=True)
    return graph.op("Add", values, found)


def _norm(graph: _Graph, values: str, name: str, width: int) -> str:
    gain, shift = graph.weight(f"{name}/gamma", (width,)), graph.weight(f"{name}/beta", (width,))
    return graph.op("LayerNormalization", values, gain, shift, axis=-1, epsilon=_EPSILON)


def _linear(
    graph: _Graph, values: str, name: str, inputs: int, outputs: int, *, behind_gelu: bool = False
) -> str:
    """Add a linear layer; each row of its input is rounded to 8 bits at its own scale."""
    rows = graph.op("Flatten", values, axis=2)
    largest = rows if behind_gelu else graph.op("Abs", rows)
    zero, levels, least = (
        (_GELU_ZERO, _GELU_LEVELS, _GELU_LEAST) if behind_gelu else (_MIDDLE, _LEVELS, _LEAST)
    )
    largest = graph.op("ReduceMax", largest, axes=[1], keepdims=1)
    scale = graph.op("Mul", graph.op("Max", largest, graph.constant(least)), graph.constant(1.0 / levels))
    scales = graph.op("Flatten", scale, axis=0)
    scales = graph.op("Squeeze", scales, graph.axes(0))
    zeros = graph.op(
        "ConstantOfShape",
        graph.op("Shape", scales),
        value=helper.make_tensor("zero", TensorProto.UINT8, [1], [zero]),
    )
    rounded = graph.op("QuantizeLinear", rows, scales, zeros, axis=0)
    product = graph.op(
        "MatMulIntegerToFloat",
        rounded,
        graph.weight(f"{name}/weight", (inputs, outputs), TensorProto.INT8),
        graph.constant(1.0),
        graph.weight(f"{name}/scale", (outputs,)),
        graph.constant(zero, np.uint8),
        domain=_RUNTIME,
    )
    scaled = graph.op("Unsqueeze", graph.op("Mul", product, scale), graph.axes(0))
    return graph.op("Add", scaled, graph.weight(f"{name}/bias", (outputs,)))


def main() -> None:
    """Write the graphs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--into", type=Path, default=INTO, metavar="FOLDER")
    into = parser.parse_args().into
    for shape in SHAPES:
        (into / shape.file).write_bytes(encoder_graph(shape))
    (into / PRODUCTS).write_bytes(products_graph())


if __name__ == "__main__":
    main()
