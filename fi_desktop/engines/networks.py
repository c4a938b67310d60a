"""Networks as ONNX files: one place that starts ONNX Runtime, without its telemetry.

A file's hash is checked against its pack's manifest before it is loaded, and each network is loaded once per
process, or again after `release_networks`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MANIFEST = "manifest.json"


class Network:
    """A loaded network."""

    def __init__(
        self,
        content: bytes,
        *,
        threads: int = 1,
        weights: Mapping[str, NDArray[Any]] | None = None,
        optimized: bool = True,
    ) -> None:
        """Load a network.

        Args:
            content: of the ONNX file.
            threads: CPU threads that it may use.
            weights: by name, those that the file declares without their values.
            optimized: let the runtime change the order of operations; no for graphs in their best order.
        """
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Blocks differ in length, and the arena would keep the largest of each shape.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 4
        if not optimized:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        if weights:
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(each) for each in weights.values()]
            # the session copies them
            options.add_external_initializers([*weights], values)
        self._session: Any = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [each.name for each in self._session.get_outputs()]

    def run(self, **inputs: NDArray[Any]) -> NDArray[np.float32]:
        """Return the network's first output. inputs: float32, by name."""
        output: NDArray[np.float32] = self.run_all(**inputs)[0]
        return output

    def run_all(self, **inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return all outputs, in the network's order. inputs: by name."""
        outputs: list[NDArray[np.float32]] = self._session.run(None, inputs)
        return outputs

    def run_named(self, **inputs: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return all outputs by name. inputs: by name."""
        return dict(zip(self._outputs, self._session.run(None, inputs), strict=True))


@cache
def load_network(pack: Path, file: str) -> Network:
    """Load a network of a bundled pack.

    Raises:
        FiError: "engine.builtin_missing", or "engine.builtin_damaged" if its hash is not the manifest's.
    """
    files = read_manifest(pack).get("files")
    digest = files.get(file) if isinstance(files, dict) else None
    return Network(read_checked(pack / file, digest))


def release_networks() -> None:
    """Let go of the loaded networks of bundled packs; those in use go with their last user."""
    load_network.cache_clear()


def pack_name(pack: Path) -> str:
    """Return name and version of a bundled pack, for provenance."""
    manifest = read_manifest(pack)
    return f"{manifest.get('name')} {manifest.get('version')}"


def read_manifest(pack: Path) -> dict[str, Any]:
    """Read the manifest of a bundled pack.

    Raises:
        FiError: "engine.builtin_missing", or "engine.builtin_damaged" if it is not a JSON object.
    """
    try:
        manifest: Any = json.loads((pack / MANIFEST).read_bytes())
    except OSError as error:
        raise FiError(messages.ENGINE_BUILTIN_MISSING) from error
    except ValueError as error:
        raise FiError(messages.ENGINE_BUILTIN_DAMAGED) from error
    if not isinstance(manifest, dict):
        raise FiError(messages.ENGINE_BUILTIN_DAMAGED)
    return manifest


def read_checked(file: Path, sha256: str | None) -> bytes:
    """Read a file of a bundled pack and compare it with the hash in the manifest; None matches nothing.

    Raises:
        FiError: "engine.builtin_missing" or "engine.builtin_damaged".
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FiError(messages.ENGINE_BUILTIN_MISSING) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise FiError(messages.ENGINE_BUILTIN_DAMAGED)
    return content
