"""The graphs of Whisper's decoder; see `make_whisper_graphs.py`.

Three of them: keys and values of the sound (`memory_graph`), the layers (`decoder_graph`), and the
probabilities of the next tokens (`vocabulary_graph`). A step of beam search reads all keys and values of the
sound, so they are 8-bit integers: a quarter of the memory, which is what such a step waits for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto
from whisper_graph import LEAST, LEVELS, MIDDLE, RUNTIME, WhisperGraph

CANDIDATES = 10
"""How many tokens are found for each hypothesis: twice as many as hypotheses, as in CTranslate2."""

_BLOCK = 128
_BLOCKS = 406  # hold each published vocabulary: up to 51,866 tokens
_ALL_LEVELS = 255.0
_LEAST_EXPONENT = -80.0

_Declared = dict[str, tuple[int, list[Any]]]


@dataclass(frozen=True, slots=True)
class DecoderShape:
    """A published decoder: layers, width and attention heads."""

    layers: int
    width: int
    heads: int

    def __str__(self) -> str:
        """Return the name in its files' names."""
        return f"{self.layers}x{self.width}"

    @property
    def depth(self) -> int:
        """The width of a head."""
        return self.width // self.heads


def memory_graph(shape: DecoderShape) -> bytes:
    """Return keys and values of the sound: encoded (1, frames, width) to those of each layer.

    key_N: uint8 around 128, value_N: int8, (1, heads, frames, depth) both; key_scale_N and value_scale_N:
    (1, heads, 1, depth).
    """
    graph, width = WhisperGraph(), shape.width
    outputs: _Declared = {}
    rows = graph.rounded(graph.op("Reshape", "encoded", graph.axes(-1, width)))
    for layer in range(shape.layers):
        joined = graph.linear(rows, f"layer_{layer}/attention/linear_1", width, 2 * width)
        largest = graph.op("ReduceMax", joined, axes=[0], keepdims=1)
        smallest = graph.op("ReduceMin", joined, axes=[0], keepdims=1)
        largest = graph.op("Max", largest, graph.op("Neg", smallest), graph.constant(LEAST))
        scales = graph.op("Mul", largest, graph.constant(1.0 / LEVELS))
        parts = graph.split(graph.op("Div", joined, scales), 2, width)
        kinds: tuple[tuple[str, type[np.generic], int], ...] = (
            ("key", np.uint8, MIDDLE),
            ("value", np.int8, 0),
        )
        for (name, kind, zero), part, scale in zip(kinds, parts, graph.split(scales, 2, width), strict=True):
            rounded = graph.op("QuantizeLinear", part, graph.constant(1.0), graph.constant(zero, kind))
            heads = graph.op("Reshape", rounded, graph.axes(1, -1, shape.heads, shape.depth))
            graph.op("Transpose", heads, perm=[0, 2, 1, 3], name=f"{name}_{layer}")
            graph.op(
                "Reshape", scale, graph.axes(1, shape.heads, 1, shape.depth), name=f"{name}_scale_{layer}"
            )
    for layer in range(shape.layers):
        outputs |= _memory(shape, layer, 1)
    encoded = (TensorProto.FLOAT, [1, "frames", width])
    return graph.model("memory", {"encoded": encoded}, outputs)


def decoder_graph(shape: DecoderShape) -> bytes:
    """Return the layers: embedded tokens (windows, tokens, width) to the output of the same shape.

    A token sees the cached ones, as past_mask says, (windows, 1, tokens, cached), and those of the same
    step, as own_mask says, (1 or windows, 1, tokens, tokens). Its own keys and values are outputs, for the
    cache: own_key_N (windows, heads, depth, tokens), own_value_N (windows, heads, tokens, depth).

    attention: how the heads attended_N of each layer look at the sound, (windows, heads, tokens, frames).
    """
    graph = WhisperGraph()
    declared: _Declared = {
        "embedded": (TensorProto.FLOAT, ["windows", "tokens", shape.width]),
        "past_mask": (TensorProto.FLOAT, ["windows", 1, "tokens", "cached"]),
        "own_mask": (TensorProto.FLOAT, ["masks", 1, "tokens", "tokens"]),
    }
    cached: _Declared = {}
    values, looks = "embedded", []
    for layer in range(shape.layers):
        declared |= {
            f"past_key_{layer}": (TensorProto.FLOAT, ["windows", shape.heads, shape.depth, "cached"]),
            f"past_value_{layer}": (TensorProto.FLOAT, ["windows", shape.heads, "cached", shape.depth]),
            f"attended_{layer}": (TensorProto.INT64, [f"attended_{layer}"]),
            **_memory(shape, layer, "windows"),
        }
        cached |= {
            f"own_key_{layer}": (TensorProto.FLOAT, ["windows", shape.heads, shape.depth, "tokens"]),
            f"own_value_{layer}": (TensorProto.FLOAT, ["windows", shape.heads, "tokens", shape.depth]),
        }
        values = graph.op("Add", values, _self_attention(graph, values, shape, layer))
        found, look = _attention(graph, values, shape, layer)
        values = graph.op("Add", values, found)
        looks.append(look)
        name = f"layer_{layer}/ffn"
        normal = graph.norm(values, f"{name}/layer_norm", shape.width)
        inner = _linear(graph, normal, f"{name}/linear_0", shape.width, 4 * shape.width)
        inner = graph.op("Gelu", inner, domain=RUNTIME)
        found = _linear(graph, inner, f"{name}/linear_1", 4 * shape.width, shape.width, behind_gelu=True)
        values = graph.op("Add", values, found)
    graph.op("Identity", graph.norm(values, "layer_norm", shape.width), name="output")
    graph.op("Concat", *looks, axis=1, name="attention")
    outputs: _Declared = {
        "output": (TensorProto.FLOAT, ["windows", "tokens", shape.width]),
        "attention": (TensorProto.FLOAT, ["windows", "attended", "tokens", "frames"]),
        **cached,
    }
    return graph.model("decoder", declared, outputs)


def vocabulary_graph(width: int) -> bytes:
    """Return the next tokens: the layers' output (rows, width) to the most probable ones of each row.

    bias: added to each token's score, minus infinity for those that are forbidden, (vocabulary,); wanted: a
    token for each row, (rows, 1). Outputs: log probabilities, (rows, CANDIDATES), and their tokens, in no
    order; wanted_log_probability, (rows, 1).
    """
    graph, size = WhisperGraph(), _BLOCK * _BLOCKS
    scores = graph.linear(graph.rounded("rows"), "projection", width, size, bias=False)
    scores = graph.op("LogSoftmax", graph.op("Add", scores, "bias"), axis=-1)
    # The best are in the blocks with the largest maxima: looking through all takes as long as a layer.
    blocks = graph.op("Reshape", scores, graph.axes(0, _BLOCKS, _BLOCK))
    _, chosen = graph.best(graph.op("ReduceMax", blocks, axes=[2], keepdims=0), CANDIDATES)
    shape = graph.op("Concat", graph.op("Shape", chosen), graph.axes(_BLOCK), axis=0)
    places = graph.op("Expand", graph.op("Unsqueeze", chosen, graph.axes(2)), shape)
    scored = graph.op("GatherElements", blocks, places, axis=1)
    best, at = graph.best(graph.op("Reshape", scored, graph.axes(0, CANDIDATES * _BLOCK)), CANDIDATES)
    graph.op("Identity", best, name="log_probabilities")
    size_of_block = graph.constant(_BLOCK, np.int64)
    block = graph.op("GatherElements", chosen, graph.op("Div", at, size_of_block), axis=1)
    first = graph.op("Mul", block, size_of_block)
    graph.op("Add", first, graph.op("Mod", at, size_of_block), name="tokens")
    graph.op("GatherElements", scores, "wanted", axis=1, name="wanted_log_probability")
    return graph.model(
        "vocabulary",
        {
            "rows": (TensorProto.FLOAT, ["rows", width]),
            "bias": (TensorProto.FLOAT, [size]),
            "wanted": (TensorProto.INT64, ["rows", 1]),
        },
        {
            "log_probabilities": (TensorProto.FLOAT, ["rows", CANDIDATES]),
            "tokens": (TensorProto.INT64, ["rows", CANDIDATES]),
            "wanted_log_probability": (TensorProto.FLOAT, ["rows", 1]),
        },
    )


def _memory(shape: DecoderShape, layer: int, windows: int | str) -> _Declared:
    rows, scales = [windows, shape.heads, "frames", shape.depth], [windows, shape.heads, 1, shape.depth]
    return {
        f"key_{layer}": (TensorProto.UINT8, rows),
        f"key_scale_{layer}": (TensorProto.FLOAT, scales),
        f"value_{layer}": (TensorProto.INT8, rows),
        f"value_scale_{layer}": (TensorProto.FLOAT, scales),
    }


def _self_attention(graph: WhisperGraph, values: str, shape: DecoderShape, layer: int) -> str:
    """Add attention to the cached tokens and those of this step."""
    name, width, factor = f"layer_{layer}/self_attention", shape.width, shape.depth**-0.5
    normal = graph.norm(values, f"{name}/layer_norm", width)
    parts = graph.split(_linear(graph, normal, f"{name}/linear_0", width, 3 * width), 3, width)
    query, key, value = (_heads(graph, part, shape) for part in parts)
    key = graph.op("Transpose", key, perm=[0, 1, 3, 2], name=f"own_key_{layer}")
    value = graph.op("Identity", value, name=f"own_value_{layer}")
    past = graph.op("FusedMatMul", query, f"past_key_{layer}", domain=RUNTIME, alpha=factor)
    own = graph.op("FusedMatMul", query, key, domain=RUNTIME, alpha=factor)
    past, own = graph.op("Add", past, "past_mask"), graph.op("Add", own, "own_mask")
    scores = graph.op("Concat", past, own, axis=-1)
    # Softmax takes several times as long for rows as short as these, and for results below 1e-38.
    largest = graph.op("ReduceMax", scores, axes=[3], keepdims=1)
    scores = graph.op("Max", graph.op("Sub", scores, largest), graph.constant(_LEAST_EXPONENT))
    weights = graph.op("Exp", scores)
    sums = graph.op("ReduceSum", weights, graph.axes(3), keepdims=1)
    cached = graph.op("Shape", f"past_key_{layer}", start=3, end=4)
    of_past = graph.op("Slice", weights, graph.axes(0), cached, graph.axes(3))
    of_own = graph.op("Slice", weights, cached, graph.axes(2**31), graph.axes(3))
    found = graph.op(
        "Add", graph.op("MatMul", of_past, f"past_value_{layer}"), graph.op("MatMul", of_own, value)
    )
    return _linear(
        graph, _joined(graph, graph.op("Div", found, sums), width), f"{name}/linear_1", width, width
    )


def _attention(graph: WhisperGraph, values: str, shape: DecoderShape, layer: int) -> tuple[str, str]:
    """Add attention to the sound; return its output, and how the heads that are asked for look at it."""
    name, width = f"layer_{layer}/attention", shape.width
    normal = graph.norm(values, f"{name}/layer_norm", width)
    query = _heads(graph, _linear(graph, normal, f"{name}/linear_0", width, width), shape)
    query = graph.op("Mul", query, f"key_scale_{layer}")
    largest = graph.op("ReduceMax", graph.op("Abs", query), axes=[3], keepdims=1)
    largest = graph.op("Max", largest, graph.constant(LEAST))
    rounded = graph.op("Round", graph.op("Mul", query, graph.op("Div", graph.constant(LEVELS), largest)))
    rounded = graph.op("Transpose", graph.op("Cast", rounded, to=TensorProto.INT8), perm=[0, 1, 3, 2])
    # Keys to the left: the right factor is copied before it is used.
    scores = graph.op("MatMulInteger", f"key_{layer}", rounded, graph.constant(MIDDLE, np.uint8))
    scores = graph.op("Transpose", scores, perm=[0, 1, 3, 2])
    size = graph.op("Shape", scores)
    flat = graph.op("Concat", graph.axes(-1), graph.op("Shape", scores, start=3, end=4), axis=0)
    scale = graph.op("Mul", largest, graph.constant(shape.depth**-0.5 / LEVELS))
    scale = graph.op("Reshape", scale, graph.axes(-1))
    scores = graph.op("DequantizeLinear", graph.op("Reshape", scores, flat), scale, axis=0)
    weights = graph.op("Softmax", scores, axis=-1)
    look = graph.op("Gather", graph.op("Reshape", weights, size), f"attended_{layer}", axis=1)
    scale = graph.op("ReduceMax", weights, axes=[1], keepdims=0)
    scale = graph.op("Mul", scale, graph.constant(1.0 / _ALL_LEVELS))
    zeros = graph.filled(scale, 0, TensorProto.UINT8)
    weights = graph.op("Reshape", graph.op("QuantizeLinear", weights, scale, zeros, axis=0), size)
    found = graph.op(
        "MatMulIntegerToFloat",
        weights,
        f"value_{layer}",
        graph.constant(1.0),
        f"value_scale_{layer}",
        domain=RUNTIME,
    )
    found = graph.op("Mul", found, graph.op("Reshape", scale, graph.op("Shape", largest)))
    return _linear(graph, _joined(graph, found, width), f"{name}/linear_2", width, width), look


def _heads(graph: WhisperGraph, values: str, shape: DecoderShape) -> str:
    heads = graph.op("Reshape", values, graph.axes(0, 0, shape.heads, shape.depth))
    return graph.op("Transpose", heads, perm=[0, 2, 1, 3])


def _joined(graph: WhisperGraph, heads: str, width: int) -> str:
    return graph.op("Reshape", graph.op("Transpose", heads, perm=[0, 2, 1, 3]), graph.axes(0, 0, width))


def _linear(
    graph: WhisperGraph, values: str, name: str, inputs: int, outputs: int, *, behind_gelu: bool = False
) -> str:
    rows = graph.op("Reshape", values, graph.axes(-1, inputs))
    shape = graph.op("Concat", graph.op("Shape", values, start=0, end=2), graph.axes(outputs), axis=0)
    found = graph.linear(graph.rounded(rows, behind_gelu=behind_gelu), name, inputs, outputs)
    return graph.op("Reshape", found, shape)
