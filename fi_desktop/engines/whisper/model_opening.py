"""Opening a Whisper model on the GPU or the CPU, in a precision that fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

_MEMORY_ERRORS = ("out of memory", "bad_alloc", "cuda failed", "alloc_failed", "failed to allocate")
_PRECISION = {
    ("cuda", 0): ("float16", "int8_float16", "float32"),
    ("cuda", 1): ("int8_float16", "int8", "float16", "float32"),
    ("cpu", 0): ("int8", "int8_float32", "float32"),
}


def open_model(folder: Path, *, memory_level: int, threads: int) -> tuple[Any, int]:
    """Return a pack's `faster_whisper.WhisperModel` and its batch size.

    memory_level, threads: see `WhisperTranscriber`.

    Raises:
        UserError: the folder holds no complete model.
        MemoryError: the computer or the GPU runs out of memory.
    """
    # The library would download a missing tokenizer.
    if not (folder / "tokenizer.json").is_file():
        raise _incomplete()
    native: Any = import_module("ctranslate2")
    native.set_random_seed(0)  # fallback samples at random; set before the model starts its threads
    if memory_level < 2 and native.get_cuda_device_count():
        try:
            model = _load(folder, threads, "cuda", _PRECISION["cuda", memory_level])
            # CUDA's libraries are loaded at the first use
            model.encode(np.zeros((model.model.n_mels, 2 * 1500), dtype=np.float32))
        except (RuntimeError, ValueError) as error:
            if "out of memory" in str(error):
                raise MemoryError("the GPU's memory") from error
        else:
            return model, 4 if memory_level else 16
    try:
        with memory_errors():
            # Four at a time take a fifth less time than one by one; eight take no less, and more memory.
            return _load(folder, threads, "cpu", _PRECISION["cpu", 0]), 1 if memory_level else 4
    except (RuntimeError, ValueError) as error:
        raise _incomplete() from error


def _load(folder: Path, threads: int, device: str, wanted: Sequence[str]) -> Any:
    supported = import_module("ctranslate2").get_supported_compute_types(device)
    return import_module("faster_whisper").WhisperModel(
        str(folder),
        device=device,
        device_index=0,
        compute_type=next((kind for kind in wanted if kind in supported), "default"),
        cpu_threads=threads,
        num_workers=1,
        download_root=None,
        local_files_only=True,
        files=None,
        revision=None,
        use_auth_token=None,
    )


def _incomplete() -> UserError:
    return UserError(messages.ENGINE_BAD_MODEL, engine="Whisper")


@contextmanager
def memory_errors() -> Iterator[None]:
    """Raise MemoryError if CTranslate2 or ONNX Runtime runs out of memory."""
    try:
        yield
    except Exception as error:  # ONNX Runtime's have no other class in common
        if any(sign in str(error).casefold() for sign in _MEMORY_ERRORS):
            raise MemoryError("the model's memory") from error
        raise
