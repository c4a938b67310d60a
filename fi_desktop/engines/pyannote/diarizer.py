"""`PyannoteDiarizer`: a pyannote.audio pipeline, its device, and the conversion of its result."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization, Turn
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.contracts import Progress, Speech
from fi_desktop.engines.pyannote.library import is_out_of_memory, load_pipeline

# the part of the work that each step takes, measured on a CPU
_STEPS = {
    "segmentation": (0.0, 0.08),
    "embeddings": (0.08, 0.95),
    "clustering": (0.95, 0.98),
    "discrete_diarization": (0.98, 1.0),
}

_NO_GPU_LEVEL = 2  # memory level from which the GPU is not used

# windows per pass, of the segmentation and of the embedding
_GPU_BATCHES = (32, 32)
_CPU_BATCHES = (8, 1)
_SMALL_BATCHES = (1, 1)


class PyannoteDiarizer:
    """A pyannote.audio pipeline from a model folder.

    Attributes:
        description: the model, and the device it runs on.
    """

    def __init__(self, folder: Path, *, memory_level: int = 0, threads: int = 1) -> None:
        """Load the pipeline; `memory_level` and `threads` as in `registry.create_diarizer`.

        Raises:
            UserError: the folder holds no usable pipeline.
            MemoryError: it does not fit into memory.
        """
        pipeline = load_pipeline(folder)
        import torch

        torch.set_num_threads(threads)
        device = _device(torch) if memory_level < _NO_GPU_LEVEL else "cpu"
        batches = _SMALL_BATCHES if memory_level else _CPU_BATCHES if device == "cpu" else _GPU_BATCHES
        pipeline.segmentation_batch_size, pipeline.embedding_batch_size = batches
        with _memory_errors():
            pipeline.to(torch.device(device))
        if device == "cpu":
            # oneDNN's convolutions are a tenth faster with channels last
            pipeline._embedding.model_.to(memory_format=torch.channels_last)
        self._pipeline: Any = pipeline
        self._model = folder.name
        on = f"the CPU (threads: {threads})" if device == "cpu" else "the GPU"
        self.description = f"{folder.name} on {on}"

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize a recording; see `contracts.Diarizer`. `speech` is not used.

        Raises:
            UserError: nobody speaks.
            MemoryError: the computer or the GPU runs out of memory.
        """
        if recording.samples == 0:
            raise _no_speech()
        file = {
            "waveform": RecordingWaveform(recording),
            "sample_rate": SAMPLE_RATE_HZ,
            "uri": "recording",
        }
        with _memory_errors(), warnings.catch_warnings():
            # the library's tuning advice (a voice fewer than asked for, TF32 off), and NumPy's on the mean of
            # no voices, which the library takes if everybody speaks too briefly
            warnings.filterwarnings("ignore", module="pyannote|numpy", category=UserWarning)
            warnings.filterwarnings("ignore", module="pyannote|numpy", category=RuntimeWarning)
            output = self._pipeline(file, hook=_hook(progress), **_count(speakers))
        if not output.speaker_diarization:
            raise _no_speech()
        return _diarization(output, self._model)


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _count(speakers: SpeakerCount) -> dict[str, int]:
    if speakers.minimum is None or speakers.maximum is None:
        return {}
    if speakers.fixed is not None:
        return {"num_speakers": speakers.fixed}
    return {"min_speakers": speakers.minimum, "max_speakers": speakers.maximum}


def _hook(progress: Progress) -> Callable[..., None]:
    """Return the hook that the library calls after each batch and each step; its progress never decreases."""
    reached = 0.0

    def hook(step: str, _artefact: Any, **state: Any) -> None:
        nonlocal reached
        start, end = _STEPS.get(step, (reached, reached))
        total, completed = state.get("total"), state.get("completed")
        fraction = completed / total if total and completed is not None else 1.0
        reached = max(reached, start + (end - start) * min(1.0, fraction))
        progress(reached)

    return hook


def _diarization(output: Any, model: str) -> Diarization:
    """Convert the library's result, speakers named in order of first appearance."""
    turns, exclusive = _turns(output.speaker_diarization), _turns(output.exclusive_speaker_diarization)
    names: dict[str, str] = {}
    for turn in turns:
        names.setdefault(turn.speaker, f"SPEAKER_{len(names):02d}")
    return Diarization(
        tuple(Turn(turn.start, turn.end, names[turn.speaker]) for turn in turns),
        engine="pyannote",
        model=model,
        exclusive=tuple(Turn(turn.start, turn.end, names[turn.speaker]) for turn in exclusive),
    )


def _turns(annotation: Any) -> list[Turn]:
    turns = [
        Turn(segment.start, segment.end, str(label))
        for segment, _track, label in annotation.itertracks(yield_label=True)
    ]
    return sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))


def _no_speech() -> UserError:
    return UserError(messages.AUDIO_NO_SPEECH)


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise MemoryError if torch runs out of memory."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise MemoryError("memory ran out in torch") from error
        raise


class RecordingWaveform:
    """A recording in place of the (1, samples) float32 tensor that the library expects, channels mixed.

    The library reads its shape and slices, each further on than the last. Only the samples from the current
    slice to the end of its block are in memory; three hours would take 690 MB. A slice before the current
    one restarts at the beginning of the recording, which happens once per pass.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._blocks = recording.blocks()
        self._held = np.zeros(0, np.float32)
        self._start = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(1, samples)."""
        return 1, self._recording.samples

    def __getitem__(self, key: tuple[slice, slice]) -> Any:
        """Return `[:, start:stop]` as a tensor (1, stop - start), shorter at the end of the recording."""
        import torch

        start, stop, _ = key[1].indices(self._recording.samples)
        if start < self._start:
            self._blocks, self._held, self._start = self._recording.blocks(), self._held[:0], 0
        while self._start + len(self._held) < stop:
            passed = min(len(self._held), max(0, start - self._start))
            self._held = np.concatenate([self._held[passed:], next(self._blocks)])
            self._start += passed
        return torch.tensor(self._held[start - self._start : max(start, stop) - self._start])[None]
