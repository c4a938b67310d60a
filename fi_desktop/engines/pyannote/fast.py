"""pyannote.audio's speaker diarization, with its costliest step done once instead of three times.

`SpeakerDiarization` cuts a recording into windows of 10 s, one per second, and finds up to three local
speakers in each. It then runs the whole embedding network for each of the three, even if they are silent,
in batches of 32. But a speaker's mask enters the network only where the output of its trunk is pooled. So:

- the trunk runs once per window, and the masks of all its speakers are pooled from that;
- windows without speech are skipped: their embeddings are a constant of the network;
- batch normalization is fused into the preceding convolutions;
- batches are small: on a CPU, large ones are slower and take gigabytes;
- the waveform is read window by window, so that it need not be in memory;
- the clustering of hours takes little memory, reports progress and can be stopped.

Everything else is the library's. Segmentation and embeddings are the same up to rounding, and so the turns
are the same. Written as a subclass in the style of pyannote.audio 4.0, to be offered upstream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.pipelines import SpeakerDiarization
from pyannote.audio.pipelines import clustering as library_clustering
from pyannote.core import SlidingWindow, SlidingWindowFeature
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.engines.linkage import MergeProgress, centroid_linkage

FEW_POINTS = 4_000
"""The number of points up to which SciPy's own linkage is used."""

Hook = Callable[..., None]


class FastSpeakerDiarization(SpeakerDiarization):
    """`SpeakerDiarization` for a WeSpeaker embedding.

    Files are mappings with `waveform`, (1, samples) at the models' sample rate: a tensor, or anything that
    has a `shape` and can be sliced into tensors. `embedding_batch_size` counts windows.
    """

    @classmethod
    def adopt(cls, pipeline: SpeakerDiarization) -> Self:
        """Convert a pipeline that the library has loaded; its models are changed in place.

        Raises:
            UserError: its embedding is not a WeSpeaker ResNet.
        """
        model: Any = pipeline._embedding.model_
        if not isinstance(model, BaseWeSpeakerResNet):
            raise UserError(messages.ENGINE_ODD_MODEL)
        resnet: Any = model.resnet
        fuse_batch_norms(resnet)
        pipeline.__class__ = cls
        return cast(Self, pipeline)

    def apply(
        self,
        file: Any,
        num_speakers: int | None = None,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        hook: Hook | None = None,
        **kwargs: Any,
    ) -> Any:
        """Diarize as the library does, and report a long clustering to `hook` as a step "clustering"."""

        def report(completed: int, total: int) -> None:
            self.setup_hook(file, hook)("clustering", None, completed=completed, total=total)

        with lean_linkage(library_clustering, report):
            return super().apply(file, num_speakers, min_speakers, max_speakers, hook, **kwargs)

    def get_segmentations(self, file: Any, hook: Hook | None = None) -> SlidingWindowFeature:
        """Segment as the library does: (num_chunks, num_frames, num_speakers)."""
        inference, waveform = self._segmentation, file["waveform"]
        report = partial(hook, "segmentation", None) if hook else _ignore
        window = inference.model.audio.get_num_samples(inference.duration)
        step = round(inference.step * file["sample_rate"])
        # an incomplete last window is padded; there is at least one window
        num_chunks = 1 + math.ceil(max(0, waveform.shape[1] - window) / step)
        segmentations: NDArray[np.float32] | None = None
        report(completed=0, total=num_chunks)
        for first in range(0, num_chunks, inference.batch_size):
            starts = range(first * step, min(first + inference.batch_size, num_chunks) * step, step)
            found: Any = inference.infer(torch.stack([_padded(waveform, start, window) for start in starts]))
            if segmentations is None:
                segmentations = np.empty((num_chunks, *found.shape[1:]), found.dtype)
            segmentations[first : first + len(found)] = found
            report(completed=first + len(found), total=num_chunks)
        frames = SlidingWindow(start=0.0, duration=inference.duration, step=inference.step)
        return SlidingWindowFeature(segmentations, frames)

    def get_embeddings(
        self,
        file: Any,
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Hook | None = None,
    ) -> NDArray[np.float32]:
        """Embed as the library does: (num_chunks, num_speakers, dimension)."""
        embedding, chunks = self._embedding, binary_segmentations.sliding_window
        report = partial(hook, "embeddings", None) if hook else _ignore
        num_chunks, num_frames, num_speakers = binary_segmentations.data.shape
        min_num_frames = -1
        if exclude_overlap:
            num_samples = chunks.duration * embedding.sample_rate
            min_num_frames = math.ceil(num_frames * embedding.min_num_samples / num_samples)
        # the embedding of an empty mask depends on neither the sound nor its length
        second = torch.zeros(1, 1, embedding.sample_rate)
        embeddings = np.empty((num_chunks, num_speakers, embedding.dimension), np.float32)
        embeddings[:] = embedding(second, masks=torch.zeros(1, num_frames))
        spoken = np.flatnonzero(np.nansum(binary_segmentations.data, axis=(1, 2)))
        report(completed=0, total=len(spoken))
        for first in range(0, len(spoken), self.embedding_batch_size):
            batch = spoken[first : first + self.embedding_batch_size]
            waveforms = [self._audio.crop(file, chunks[int(chunk)], mode="pad")[0] for chunk in batch]
            masks = [_masks(binary_segmentations.data[chunk], min_num_frames) for chunk in batch]
            embeddings[batch] = self._embed(torch.stack(waveforms), torch.from_numpy(np.stack(masks)))
            report(completed=first + len(batch), total=len(spoken))
        return embeddings

    def _embed(self, waveforms: torch.Tensor, masks: torch.Tensor) -> NDArray[np.float32]:
        """Run the trunk once: (batch, 1, samples), (batch, speakers, frames) -> (batch, speakers, dim)."""
        model, device = self._embedding.model_, self._embedding.device
        with torch.inference_mode():
            trunk = model.forward_frames(waveforms.to(device))
            pooled = model.forward_embedding(trunk, weights=masks.to(device))
        return cast(NDArray[np.float32], pooled.cpu().numpy())


@contextmanager
def lean_linkage(clustering: ModuleType, progress: MergeProgress) -> Iterator[None]:
    """Replace `linkage` in the library's clustering module by ours, for many points."""
    stock = clustering.linkage

    def linkage(points: NDArray[Any], method: str, metric: str) -> NDArray[np.float64]:
        if len(points) <= FEW_POINTS or (method, metric) != ("centroid", "euclidean"):
            return np.asarray(stock(points, method=method, metric=metric))
        return centroid_linkage(points, progress)

    clustering.linkage = linkage  # type: ignore[attr-defined]  # the library offers no other way in
    try:
        yield
    finally:
        clustering.linkage = stock  # type: ignore[attr-defined]


def fuse_batch_norms(resnet: nn.Module) -> None:
    """Fuse every batch normalization of a ResNet into the preceding convolution, in place."""
    for block in list(resnet.modules()):
        if isinstance(block, nn.Sequential):  # a shortcut: convolution, normalization
            pairs = [("0", "1")] if len(block) == 2 and isinstance(block[1], nn.BatchNorm2d) else []
        else:
            pairs = [
                (f"conv{number}", f"bn{number}") for number in (1, 2, 3) if hasattr(block, f"bn{number}")
            ]
        for convolution, norm in pairs:
            fused = fuse_conv_bn_eval(getattr(block, convolution), getattr(block, norm))
            setattr(block, convolution, fused)
            setattr(block, norm, nn.Identity())


def _padded(waveform: Any, start: int, length: int) -> torch.Tensor:
    """Return `length` samples from `start`, (1, length), padded with silence after the end."""
    samples = waveform[:, start : start + length]
    return functional.pad(samples, (0, length - samples.shape[1]))


def _masks(segmentation: NDArray[np.floating[Any]], min_num_frames: int) -> NDArray[np.float32]:
    """Return the frames to embed for each speaker: those without overlap if there are enough, else all.

    segmentation: (frames, speakers), NaN if unknown. Returns: (speakers, frames).
    """
    masks: NDArray[np.float32] = np.nan_to_num(segmentation, nan=0.0).astype(np.float32).T
    if min_num_frames < 0:
        return masks
    clean = masks * (masks.sum(axis=0) < 2)
    return np.asarray(np.where(clean.sum(axis=1, keepdims=True) > min_num_frames, clean, masks))


def _ignore(**_progress: int) -> None:
    """Replace a hook that the caller did not pass."""
