"""Collecting the nodes of an ONNX graph: what `voice_graphs.py` and `whisper_graph.py` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import helper

_OPSET = 17
_IR_VERSION = 8


class Graph:
    """Nodes and stored values, with a name for each output."""

    def __init__(self) -> None:
        """Begin an empty graph."""
        self._nodes: list[Any] = []
        self._values: list[Any] = []
        self._used = 0

    def op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        output = name or self._name("v")
        self._nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _model(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any], *domains: str) -> Any:
        """Return the model. domains: of operators besides ONNX's own."""
        graph = helper.make_graph(self._nodes, name, inputs, outputs, initializer=self._values)
        versions = [helper.make_opsetid("", _OPSET), *(helper.make_opsetid(domain, 1) for domain in domains)]
        return helper.make_model(graph, opset_imports=versions, ir_version=_IR_VERSION)

    def _name(self, letter: str) -> str:
        self._used += 1
        return f"{letter}{self._used}"
