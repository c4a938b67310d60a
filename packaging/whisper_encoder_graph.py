"""The graph of Whisper's encoder; see `make_whisper_graphs.py`.

Attention is ONNX Runtime's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from onnx import TensorProto
from whisper_graph import RUNTIME, WhisperGraph

_FRAMES = 1500


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """A published encoder: layers, width, attention heads and mel bands of the input."""

    layers: int
    width: int
    heads: int
    bands: int

    def __str__(self) -> str:
        """Return the name in its file's name."""
        return f"{self.layers}x{self.width}-{self.bands}"


def encoder_graph(shape: EncoderShape) -> bytes:
    """Return an encoder: features (1, bands, 2 * frames) to its output (1, frames, width).

    Up to 1500 frames. Weights have the names of CTranslate2's file; matrices are int8, (inputs, outputs),
    with the scale of each column as `…/scale`.
    """
    graph, width = WhisperGraph(), shape.width
    values = "features"
    for name, inputs, stride in (("conv1", shape.bands, 1), ("conv2", width, 2)):
        kernel = graph.weight(f"{name}/weight", (width, inputs, 3))
        bias = graph.weight(f"{name}/bias", (width,))
        values = graph.op("Conv", values, kernel, bias, pads=[1, 1], strides=[stride])
        values = graph.op("Gelu", values, domain=RUNTIME)
    values = graph.op("Transpose", values, perm=[0, 2, 1])
    places = graph.weight("position_encodings/encodings", (_FRAMES, width))
    frames = graph.op("Shape", values, start=1, end=2)
    places = graph.op("Slice", places, graph.axes(0), frames, graph.axes(0))
    values = graph.op("Add", values, places)
    for layer in range(shape.layers):
        values = _layer(graph, values, shape, f"layer_{layer}")
    graph.op("Identity", graph.norm(values, "layer_norm", width), name="output")
    features = (TensorProto.FLOAT, [1, shape.bands, "steps"])
    output = (TensorProto.FLOAT, [1, "frames", width])
    return graph.model("encoder", {"features": features}, {"output": output})


def _layer(graph: WhisperGraph, values: str, shape: EncoderShape, name: str) -> str:
    """Add a layer: self-attention and a feed-forward network, each behind a norm and added to its input."""
    width = shape.width
    normal = graph.norm(values, f"{name}/self_attention/layer_norm", width)
    joined = _linear(graph, normal, f"{name}/self_attention/linear_0", width, 3 * width)
    attended = graph.op(
        "MultiHeadAttention", *graph.split(joined, 3, width), domain=RUNTIME, num_heads=shape.heads
    )
    found = _linear(graph, attended, f"{name}/self_attention/linear_1", width, width)
    values = graph.op("Add", values, found)
    normal = graph.norm(values, f"{name}/ffn/layer_norm", width)
    inner = _linear(graph, normal, f"{name}/ffn/linear_0", width, 4 * width)
    inner = graph.op("Gelu", inner, domain=RUNTIME)
    found = _linear(graph, inner, f"{name}/ffn/linear_1", 4 * width, width, behind_gelu=True)
    return graph.op("Add", values, found)


def _linear(
    graph: WhisperGraph, values: str, name: str, inputs: int, outputs: int, *, behind_gelu: bool = False
) -> str:
    rows = graph.op("Flatten", values, axis=2)
    found = graph.linear(graph.rounded(rows, behind_gelu=behind_gelu), name, inputs, outputs)
    return graph.op("Unsqueeze", found, graph.axes(0))
