"""pyannote.audio's pipeline with published weights: `python pyannote_turns.py ROOT CHECKPOINT [shared]`.

CHECKPOINT is segmentation-3.0's `pytorch_model.bin`. The parameters are those of speaker-diarization-3.1,
except that CAM++ from the project's pack of voices takes the place of its embedding, and the threshold is the
one of `diarizers.py`. Like the library's own embedding, it runs once for each local speaker of a window, with
their frames as weights; with `shared`, once per window, which changes no result.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
import wave
from importlib.metadata import version
from pathlib import Path

import numpy as np
from turn_server import Diarize, Turns, serve

from fi_desktop.engines.networks import load_network
from fi_desktop.engines.pyannote import import_pyannote

library = import_pyannote()
import torch  # noqa: E402 torchaudio and torch need what import_pyannote prepares
import torchaudio.compliance.kaldi as kaldi  # noqa: E402
from pyannote.audio.core.inference import BaseInference  # noqa: E402
from pyannote.audio.core.plda import PLDA  # noqa: E402
from pyannote.audio.models.blocks.pooling import StatsPool  # noqa: E402
from pyannote.audio.pipelines import SpeakerDiarization  # noqa: E402

_RATE_HZ = 16_000
_FBANK_WINDOW = 400  # samples
_BATCH = 32
# of speaker-diarization-3.1
_METHOD, _SMALLEST_CLUSTER = "centroid", 12


class CampPlus(BaseInference):
    """CAM++ as a `PretrainedSpeakerEmbedding` of the library."""

    sample_rate, dimension, metric, min_num_samples = _RATE_HZ, 192, "cosine", _FBANK_WINDOW

    def __init__(self, pack: Path, *, shared: bool) -> None:
        super().__init__()
        self._frames, self._embedding = (
            load_network(pack, f"{name}.onnx") for name in ("frames", "embedding")
        )
        self._pool = StatsPool()
        self._last = torch.zeros(0), torch.zeros(0)
        self._shared = shared

    def to(self, _device: torch.device) -> CampPlus:
        """Stay on the CPU."""
        return self

    def __call__(self, waveforms: torch.Tensor, masks: torch.Tensor) -> np.ndarray:
        """Return embeddings (batch, 192). waveforms: (batch, 1, samples); masks: (batch, steps)."""
        frames = torch.cat([self._frames_of(waveform) for waveform in waveforms])
        pooled = self._pool(frames, masks)
        return self._embedding.run(pooled=pooled.numpy())

    def _frames_of(self, waveform: torch.Tensor) -> torch.Tensor:
        known, frames = self._last
        if not self._shared or not torch.equal(known, waveform):
            bands = kaldi.fbank(waveform, num_mel_bins=80, sample_frequency=_RATE_HZ, dither=0.0)
            bands = bands - bands.mean(dim=0, keepdim=True)
            frames = torch.from_numpy(self._frames.run(bands=bands[None].numpy()))
            self._last = waveform, frames
        return frames


def load() -> tuple[str, Diarize]:
    """Load the pipeline; refuse a checkpoint other than the published one."""
    root, checkpoint = Path(sys.argv[1]), Path(sys.argv[2])
    pack = root / "resources" / "models" / "voices"
    if hashlib.sha256(checkpoint.read_bytes()).hexdigest() not in (pack / "NOTICE.md").read_text():
        sys.exit("The checkpoint is not the published segmentation-3.0.")
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    model = library.Model.from_pretrained(checkpoint)
    pipeline = SpeakerDiarization(
        segmentation=model,
        segmentation_batch_size=_BATCH,
        embedding=model,  # replaced below
        embedding_batch_size=_BATCH,
        embedding_exclude_overlap=True,
        # this clustering uses no PLDA; without the argument the library fetches one
        plda=object.__new__(PLDA),
        clustering="AgglomerativeClustering",
    )
    pipeline._embedding = CampPlus(pack, shared="shared" in sys.argv[3:])
    # keeps a recording's networks' outputs for the next number of speakers or threshold
    pipeline.training = True
    files: dict[str, dict[str, object]] = {}

    def diarize(path: str, speakers: int | None, threshold: float) -> Turns:
        if path not in files:
            files.clear()
            files[path] = {"waveform": _read(path), "sample_rate": _RATE_HZ, "uri": "recording"}
        clustering = {"method": _METHOD, "min_cluster_size": _SMALLEST_CLUSTER, "threshold": threshold}
        pipeline.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": clustering})
        found = pipeline(files[path], num_speakers=speakers).speaker_diarization
        return [
            (segment.start, segment.end, label) for segment, _, label in found.itertracks(yield_label=True)
        ]

    return f"pyannote.audio {version('pyannote.audio')}", diarize


def _read(path: str) -> torch.Tensor:
    with wave.open(path) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return torch.from_numpy(samples.astype(np.float32) / 32_768)[None]


if __name__ == "__main__":
    serve(load)
