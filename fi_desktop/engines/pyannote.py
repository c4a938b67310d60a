"""pyannote.audio's own diarization pipelines, loaded from a local folder; never from the network."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.errors import UserError
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Diarization, Turn, rename_speakers
from fi_desktop.engines import torchaudio_guard
from fi_desktop.engines.base import Progress, Speech

# share of the work that each step of the pipeline takes, measured on CPU
_STEPS = {"segmentation": (0.0, 0.15), "embeddings": (0.15, 0.95), "discrete_diarization": (0.95, 1.0)}

_SMALL_BATCH = 1
_ON_PROCESSOR = 2  # so often must memory have run out before the GPU is left alone


class PyannoteDiarizer:
    """A pyannote.audio pipeline from a model folder.

    Attributes:
        per_channel: False; channels are mixed.
    """

    per_channel = False

    def __init__(self, folder: Path, *, frugality: int = 0) -> None:
        """Load the pipeline; `frugality` as in `registry.create`.

        Raises:
            UserError: the folder holds no pipeline.
        """
        library = import_pyannote()
        import torch

        whole = (folder / "config.yaml").is_file()
        pipeline = library.Pipeline.from_pretrained(folder) if whole else None
        if pipeline is None:
            raise UserError("engine.bad_model", "The pyannote model pack is incomplete: install it again.")
        on_gpu = torch.cuda.is_available() and frugality < _ON_PROCESSOR
        pipeline.to(torch.device("cuda" if on_gpu else "cpu"))
        if frugality:
            pipeline.segmentation_batch_size = pipeline.embedding_batch_size = _SMALL_BATCH
        self._pipeline: Any = pipeline
        self._torch: Any = torch
        self._model = folder.name

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize one recording; see `engines.base.Diarizer`."""
        waveform = np.concatenate(list(recording.blocks()))[None]

        reached = 0.0

        def hook(step: str, _artefact: Any, **state: Any) -> None:
            nonlocal reached
            start, end = _STEPS.get(step, (reached, reached))
            total, completed = state.get("total"), state.get("completed")
            fraction = completed / total if total and completed is not None else 1.0
            reached = max(reached, start + (end - start) * min(1.0, fraction))
            progress(reached)

        file = {
            "waveform": self._torch.from_numpy(waveform),
            "sample_rate": SAMPLE_RATE_HZ,
            "uri": "recording",
        }
        try:
            output = self._pipeline(file, hook=hook, **_count(speakers))
        except self._torch.OutOfMemoryError as error:
            raise MemoryError("the GPU's memory") from error
        annotation = getattr(output, "speaker_diarization", output)
        turns = [
            Turn(segment.start, segment.end, str(label))
            for segment, _, label in annotation.itertracks(yield_label=True)
        ]
        return Diarization(rename_speakers(turns), engine="pyannote", model=self._model)


def import_pyannote() -> Any:
    """Import pyannote.audio, which takes seconds and half a gigabyte; return the module."""
    torchaudio_guard.install()
    with warnings.catch_warnings():
        # it warns where torchcodec does not load; it gets samples from us and decodes nothing itself
        warnings.simplefilter("ignore")
        return importlib.import_module("pyannote.audio")


def _count(speakers: SpeakerCount) -> dict[str, int]:
    if speakers.minimum is None or speakers.maximum is None:
        return {}
    if speakers.fixed is not None:
        return {"num_speakers": speakers.fixed}
    return {"min_speakers": speakers.minimum, "max_speakers": speakers.maximum}
