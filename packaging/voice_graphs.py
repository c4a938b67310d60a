"""The voice networks as ONNX graphs, built from the weights of their published checkpoints.

`segmentation_graph` is pyannote's segmentation-3.0 (PyanNet: SincNet, four bidirectional LSTMs, two linear
layers). `convolutions_graph`, `frames_graph` and `embedding_graph` are CAM++ in three parts: its convolutions
look at a tenth of a second around a frame, the dense layers behind them at seconds, and its statistics
pooling can be over any part of a recording. Batch normalization becomes part of the layer before or behind
it. Behind the last one CAM++ has no ReLU.

Source: H. Bredin, "pyannote.audio 2.1" (2023); A. Plaquet and H. Bredin, "Powerset multi-class cross entropy
loss" (2023); M. Ravanelli and Y. Bengio, SincNet (2018); H. Wang et al., "CAM++" (2023).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_graph import Graph

Array = NDArray[Any]
Weights = Mapping[str, Array]

_EPSILON = 1e-5
_LEAK = 0.01
_LSTM_LAYERS, _LSTM_SIZE = 4, 128
_SINC_WIDTH, _SINC_STRIDE = 251, 10
_LOWEST_HZ = 50.0
_NYQUIST_HZ = 8000.0
# layers, dilation
_BLOCKS = ((12, 1), (24, 2), (16, 2))
_SEGMENT = 100  # frames over which a layer's context is averaged
_ROW = 320  # channels times frequencies behind the first layers


class _Graph(Graph):
    """Collects nodes and weights; half: store large weights in half precision, and compute in single."""

    def __init__(self, *, half: bool = False) -> None:
        super().__init__()
        self._half = half

    def weight(self, values: Array) -> str:
        """Add a weight; return its name."""
        name = self._name("w")
        if not self._half or values.ndim < 2 or values.dtype == np.int64:
            kept = values if values.dtype == np.int64 else values.astype(np.float32)
            self._values.append(numpy_helper.from_array(np.ascontiguousarray(kept), name))
            return name
        self._values.append(numpy_helper.from_array(np.ascontiguousarray(values.astype(np.float16)), name))
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def lstm(self, values: str, weights: Sequence[Array]) -> str:
        """Add a bidirectional LSTM; return its output, (steps, batch, 2 * size)."""
        output = self._name("v")
        inputs = [values, *map(self.weight, weights)]
        self._nodes.append(
            helper.make_node("LSTM", inputs, [output], hidden_size=_LSTM_SIZE, direction="bidirectional")
        )
        # (steps, directions, batch, size)
        turned = self.op("Transpose", output, perm=[0, 2, 1, 3])
        return self.reshape(turned, 0, 0, -1)

    def reshape(self, values: str, *shape: int) -> str:
        """Add a reshape; 0 keeps a dimension."""
        return self.op("Reshape", values, self.weight(np.array(shape, dtype=np.int64)))

    def model(self, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]]) -> bytes:
        """Return the checked model, serialized. inputs, outputs: shapes by name."""
        model = self._model("network", _values(inputs), _values(outputs))
        onnx.checker.check_model(model, full_check=True)
        serialized: bytes = model.SerializeToString(deterministic=True)
        return serialized


def segmentation_graph(weights: Weights) -> bytes:
    """Return segmentation-3.0: samples (windows, 1, 160000) to log probabilities (windows, 589, 7)."""
    graph = _Graph()
    norm = "sincnet.wav_norm1d"
    values = _instance_norm(graph, "samples", weights, norm)
    values = graph.op("Conv", values, graph.weight(_sinc_filters(weights)), strides=[_SINC_STRIDE])
    values = _pooled(graph, graph.op("Abs", values), weights, 0)
    for layer in (1, 2):
        name = f"sincnet.conv1d.{layer}"
        kernel, bias = graph.weight(weights[f"{name}.weight"]), graph.weight(weights[f"{name}.bias"])
        values = _pooled(graph, graph.op("Conv", values, kernel, bias), weights, layer)
    values = graph.op("Transpose", values, perm=[2, 0, 1])
    for layer in range(_LSTM_LAYERS):
        values = graph.lstm(values, _lstm_weights(weights, layer))
    for layer in range(2):
        values = graph.op("LeakyRelu", _linear(graph, values, weights, f"linear.{layer}"), alpha=_LEAK)
    values = graph.op("LogSoftmax", _linear(graph, values, weights, "classifier"), axis=-1)
    graph.op("Transpose", values, perm=[1, 0, 2], name="classes")
    return graph.model({"samples": ["windows", 1, 160_000]}, {"classes": ["windows", 589, 7]})


def convolutions_graph(weights: Weights) -> bytes:
    """Return CAM++'s first layers: mel bands (1, frames, 80), mean 0, to (1, 128, frames / 2)."""
    graph = _Graph(half=True)
    values = graph.op("Unsqueeze", graph.op("Transpose", "bands", perm=[0, 2, 1]), graph.weight(_ints(1)))
    values = graph.op("Relu", _conv(graph, values, weights, "head.conv1", "head.bn1", pads=[1, 1, 1, 1]))
    for layer in (1, 2):
        for block in (0, 1):
            values = _residual(graph, values, weights, f"head.layer{layer}.{block}", 2 - block)
    values = graph.op(
        "Relu",
        _conv(graph, values, weights, "head.conv2", "head.bn2", strides=[2, 1], pads=[1, 1, 1, 1]),
    )
    values = graph.reshape(values, 1, _ROW, -1)
    name = "xvector.tdnn"
    values = _conv(
        graph, values, weights, f"{name}.linear", f"{name}.nonlinear.batchnorm", strides=[2], pads=[2, 2]
    )
    graph.op("Relu", values, name="channels")
    return graph.model({"bands": [1, "bands", 80]}, {"channels": [1, 128, "steps"]})


def frames_graph(weights: Weights) -> bytes:
    """Return CAM++'s dense layers up to its pooling: (1, 128, steps) to (1, 512, steps)."""
    graph = _Graph(half=True)
    values = "channels"
    segments = _segment_shape(graph, values)
    for block, (layers, dilation) in enumerate(_BLOCKS, 1):
        for layer in range(1, layers + 1):
            name = f"xvector.block{block}.tdnnd{layer}"
            grown = _context_layer(graph, values, weights, name, dilation, segments)
            values = graph.op("Concat", values, grown, axis=1)
        name = f"xvector.transit{block}"
        values = _norm_and_conv(graph, values, weights, f"{name}.nonlinear.batchnorm", f"{name}.linear")
    scale, shift = _batch_norm(weights, "xvector.out_nonlinear.batchnorm")
    values = graph.op("Mul", values, graph.weight(scale[:, None]))
    graph.op("Relu", graph.op("Add", values, graph.weight(shift[:, None])), name="frames")
    return graph.model({"channels": [1, 128, "steps"]}, {"frames": [1, 512, "steps"]})


def embedding_graph(weights: Weights) -> bytes:
    """Return CAM++ behind its pooling: means and deviations (voices, 1024) to embeddings (voices, 192)."""
    graph = _Graph(half=True)
    scale, shift = _batch_norm(weights, "xvector.dense.nonlinear.batchnorm")
    matrix = (weights["xvector.dense.linear.weight"][:, :, 0] * scale[:, None]).T
    values = graph.op("MatMul", "pooled", graph.weight(matrix))
    graph.op("Add", values, graph.weight(shift), name="embeddings")
    return graph.model({"pooled": ["voices", 1024]}, {"embeddings": ["voices", 192]})


# ---- segmentation-3.0


def _sinc_filters(weights: Weights) -> Array:
    """Return the band-pass filters that the learned limits describe, (80, 1, 251): even, then odd ones."""
    prefix = "sincnet.conv1d.0.filterbank."
    low = _LOWEST_HZ + np.abs(weights[prefix + "low_hz_"].astype(np.float64))
    high = np.clip(low + _LOWEST_HZ + np.abs(weights[prefix + "band_hz_"]), _LOWEST_HZ, _NYQUIST_HZ)
    window, times = weights[prefix + "window_"], weights[prefix + "n_"]
    width = 2.0 * (high - low)
    even = (np.sin(high @ times) - np.sin(low @ times)) / (times / 2.0) * window
    odd = (np.cos(low @ times) - np.cos(high @ times)) / (times / 2.0) * window
    filters = np.concatenate(
        [
            np.concatenate([even, width, even[:, ::-1]], axis=1) / width,
            np.concatenate([odd, np.zeros_like(width), -odd[:, ::-1]], axis=1) / width,
        ]
    )
    assert filters.shape[1] == _SINC_WIDTH
    return filters[:, None]


def _pooled(graph: _Graph, values: str, weights: Weights, layer: int) -> str:
    pooled = graph.op("MaxPool", values, kernel_shape=[3], strides=[3])
    return graph.op(
        "LeakyRelu", _instance_norm(graph, pooled, weights, f"sincnet.norm1d.{layer}"), alpha=_LEAK
    )


def _instance_norm(graph: _Graph, values: str, weights: Weights, name: str) -> str:
    scale, shift = graph.weight(weights[f"{name}.weight"]), graph.weight(weights[f"{name}.bias"])
    return graph.op("InstanceNormalization", values, scale, shift, epsilon=_EPSILON)


def _lstm_weights(weights: Weights, layer: int) -> list[Array]:
    """Return ONNX's W, R and B of both directions; torch's gates i f g o become i o f g."""

    def gates(values: Array) -> Array:
        inwards, forget, cell, outwards = np.split(values, 4)
        return np.concatenate([inwards, outwards, forget, cell])

    def both(kind: str) -> Array:
        return np.stack([gates(weights[f"lstm.{kind}_l{layer}{way}"]) for way in ("", "_reverse")])

    bias = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    return [both("weight_ih"), both("weight_hh"), bias]


def _linear(graph: _Graph, values: str, weights: Weights, name: str) -> str:
    product = graph.op("MatMul", values, graph.weight(weights[f"{name}.weight"].T))
    return graph.op("Add", product, graph.weight(weights[f"{name}.bias"]))


# ---- CAM++


def _batch_norm(weights: Weights, name: str) -> tuple[Array, Array]:
    """Return batch normalization as a scale and a shift; without learned values they are 1 and 0."""
    variance = weights[f"{name}.running_var"].astype(np.float64)
    scale = weights.get(f"{name}.weight", np.ones_like(variance)) / np.sqrt(variance + _EPSILON)
    shift = weights.get(f"{name}.bias", np.zeros_like(variance)) - weights[f"{name}.running_mean"] * scale
    return scale, shift


def _conv(graph: _Graph, values: str, weights: Weights, conv: str, norm: str, **attributes: Any) -> str:
    """Add a convolution that includes the batch normalization behind it."""
    scale, shift = _batch_norm(weights, norm)
    kernel = weights[f"{conv}.weight"]
    scaled = kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))
    return graph.op("Conv", values, graph.weight(scaled), graph.weight(shift), **attributes)


def _norm_and_conv(
    graph: _Graph, values: str, weights: Weights, norm: str, conv: str, following: str = ""
) -> str:
    """Add batch normalization, a ReLU and a convolution of width 1, behind that another normalization.

    A scale s > 0 and a shift b become part of the convolution: ReLU(s x + b) = s max(x, -b / s) + b; for
    s < 0 it is the minimum. The rounded matrix makes the bias, so that 0 behind the ReLU stays exactly 0.
    """
    scale, shift = _batch_norm(weights, norm)
    limit = -shift / scale
    values = graph.op("Max", values, graph.weight(np.where(scale > 0, limit, -np.inf)[:, None]))
    if (scale < 0).any():
        values = graph.op("Min", values, graph.weight(np.where(scale < 0, limit, np.inf)[:, None]))
    matrix = weights[f"{conv}.weight"][:, :, 0]
    bias = np.zeros(len(matrix))
    if following:
        factor, bias = _batch_norm(weights, following)
        matrix = matrix * factor[:, None]
    matrix = (matrix * scale).astype(np.float16)
    return graph.op("Conv", values, graph.weight(matrix[:, :, None]), graph.weight(bias - matrix @ limit))


def _residual(graph: _Graph, values: str, weights: Weights, name: str, stride: int) -> str:
    """Add a residual block; stride: of the frequencies."""
    inner = _conv(
        graph,
        values,
        weights,
        f"{name}.conv1",
        f"{name}.bn1",
        strides=[stride, 1],
        pads=[1, 1, 1, 1],
    )
    inner = _conv(graph, graph.op("Relu", inner), weights, f"{name}.conv2", f"{name}.bn2", pads=[1, 1, 1, 1])
    if f"{name}.shortcut.0.weight" in weights:
        values = _conv(
            graph, values, weights, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1]
        )
    return graph.op("Relu", graph.op("Add", inner, values))


def _context_layer(
    graph: _Graph, values: str, weights: Weights, name: str, dilation: int, segments: tuple[str, str]
) -> str:
    """Add a dense layer whose output is gated by the mean of its segment and of all frames."""
    norms = f"{name}.nonlinear1.batchnorm", f"{name}.nonlinear2.batchnorm"
    hidden = graph.op("Relu", _norm_and_conv(graph, values, weights, norms[0], f"{name}.linear1", norms[1]))
    layer = f"{name}.cam_layer"
    local = graph.op(
        "Conv",
        hidden,
        graph.weight(weights[f"{layer}.linear_local.weight"]),
        dilations=[dilation],
        pads=[dilation, dilation],
    )
    mean = graph.op("ReduceMean", hidden, axes=[2], keepdims=1)
    segment = graph.op(
        "AveragePool", hidden, kernel_shape=[_SEGMENT], strides=[_SEGMENT], ceil_mode=1, count_include_pad=0
    )
    context = graph.op("Add", segment, mean)
    for step, activation in (("linear1", "Relu"), ("linear2", "Sigmoid")):
        kernel, bias = (
            graph.weight(weights[f"{layer}.{step}.weight"]),
            graph.weight(weights[f"{layer}.{step}.bias"]),
        )
        context = graph.op(activation, graph.op("Conv", context, kernel, bias))
    repeats, steps = segments
    gate = graph.op("Unsqueeze", context, graph.weight(_ints(3)))
    gate = graph.reshape(graph.op("Expand", gate, repeats), 1, 32, -1)
    gate = graph.op("Slice", gate, graph.weight(_ints(0)), steps, graph.weight(_ints(2)))
    return graph.op("Mul", local, gate)


def _segment_shape(graph: _Graph, values: str) -> tuple[str, str]:
    """Return the shape that repeats a segment's gate for each of its steps, and the number of steps."""
    steps = graph.op("Slice", graph.op("Shape", values), graph.weight(_ints(2)), graph.weight(_ints(3)))
    return graph.weight(_ints(1, 1, 1, _SEGMENT)), steps


def _ints(*values: int) -> Array:
    return np.array(values, dtype=np.int64)


def _values(shapes: Mapping[str, Sequence[Any]]) -> list[Any]:
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)) for name, shape in shapes.items()
    ]
