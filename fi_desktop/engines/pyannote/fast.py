"""The library's speaker diarization with its costliest step done once instead of three times.

`SpeakerDiarization` cuts a recording into windows of 10 s, one a second, and hears up to three local speakers
in each. It then runs the whole embedding network for each of the three, whether or not they say a word, in
batches of 32. But the network's trunk does not know whom it listens to: a speaker's mask comes in where its
output is pooled. So here

- the trunk runs once a window, and the masks of all its speakers are pooled from that;
- a window in which nobody speaks is left out: its embeddings are a constant of the network;
- batch normalization is folded into the convolutions before it;
- batches are small: on a processor large ones are slower, and cost gigabytes;
- the waveform is asked for window by window, so that it need not lie in memory;
- the clustering of hours takes little memory, tells its progress and can be stopped.

Everything else is the library's. Segmentation and embeddings are the same up to rounding, and so the turns
are the same. Written as a subclass of pyannote.audio 4.0's, in its words, to be offered there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
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
from fi_desktop.engines.linkage import lean_linkage

Hook = Callable[..., None]


class FastSpeakerDiarization(SpeakerDiarization):
    """`SpeakerDiarization` for a WeSpeaker embedding.

    Files are mappings with `waveform`, (1, samples) at the models' sample rate: a tensor, or anything with a
    `shape` that gives stretches of one. `embedding_batch_size` counts windows.
    """

    @classmethod
    def adopt(cls, pipeline: SpeakerDiarization) -> Self:
        """Make a pipeline that the library has loaded one of these; its models are changed in place.

        Raises:
            UserError: its embedding is not a WeSpeaker ResNet.
        """
        model: Any = pipeline._embedding.model_
        if not isinstance(model, BaseWeSpeakerResNet):
            raise UserError(messages.ENGINE_ODD_MODEL)
        resnet: Any = model.resnet
        fold_batch_norms(resnet)
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
        """Diarize; as the library's, with one more step for `hook`, "clustering", where that takes long."""

        def tell(completed: int, total: int) -> None:
            self.setup_hook(file, hook)("clustering", None, completed=completed, total=total)

        with lean_linkage(library_clustering, tell):
            return super().apply(file, num_speakers, min_speakers, max_speakers, hook, **kwargs)

    def get_segmentations(self, file: Any, hook: Hook | None = None) -> SlidingWindowFeature:
        """As the library's: (num_chunks, num_frames, num_speakers)."""
        inference, waveform = self._segmentation, file["waveform"]
        tell = partial(hook, "segmentation", None) if hook else _silent
        window = inference.model.audio.get_num_samples(inference.duration)
        step = round(inference.step * file["sample_rate"])
        # the last window that is not whole is padded; there is always one
        num_chunks = 1 + math.ceil(max(0, waveform.shape[1] - window) / step)
        segmentations: NDArray[np.float32] | None = None
        tell(completed=0, total=num_chunks)
        for first in range(0, num_chunks, inference.batch_size):
            starts = range(first * step, min(first + inference.batch_size, num_chunks) * step, step)
            found: Any = inference.infer(torch.stack([_padded(waveform, start, window) for start in starts]))
            if segmentations is None:
                segmentations = np.empty((num_chunks, *found.shape[1:]), found.dtype)
            segmentations[first : first + len(found)] = found
            tell(completed=first + len(found), total=num_chunks)
        frames = SlidingWindow(start=0.0, duration=inference.duration, step=inference.step)
        return SlidingWindowFeature(segmentations, frames)

    def get_embeddings(
        self,
        file: Any,
        binary_segmentations: SlidingWindowFeature,
        exclude_overlap: bool = False,
        hook: Hook | None = None,
    ) -> NDArray[np.float32]:
        """As the library's: (num_chunks, num_speakers, dimension)."""
        embedding, chunks = self._embedding, binary_segmentations.sliding_window
        tell = partial(hook, "embeddings", None) if hook else _silent
        num_chunks, num_frames, num_speakers = binary_segmentations.data.shape
        min_num_frames = -1
        if exclude_overlap:
            num_samples = chunks.duration * embedding.sample_rate
            min_num_frames = math.ceil(num_frames * embedding.min_num_samples / num_samples)
        # what the network makes of an empty mask depends on neither the sound nor its length
        second = torch.zeros(1, 1, embedding.sample_rate)
        embeddings = np.empty((num_chunks, num_speakers, embedding.dimension), np.float32)
        embeddings[:] = embedding(second, masks=torch.zeros(1, num_frames))
        spoken = np.flatnonzero(np.nansum(binary_segmentations.data, axis=(1, 2)))
        tell(completed=0, total=len(spoken))
        for first in range(0, len(spoken), self.embedding_batch_size):
            batch = spoken[first : first + self.embedding_batch_size]
            waveforms = [self._audio.crop(file, chunks[int(chunk)], mode="pad")[0] for chunk in batch]
            masks = [_masks(binary_segmentations.data[chunk], min_num_frames) for chunk in batch]
            embeddings[batch] = self._embed(torch.stack(waveforms), torch.from_numpy(np.stack(masks)))
            tell(completed=first + len(batch), total=len(spoken))
        return embeddings

    def _embed(self, waveforms: torch.Tensor, masks: torch.Tensor) -> NDArray[np.float32]:
        """One pass of the trunk. (batch, 1, samples), (batch, speakers, frames) -> (batch, speakers, dim)."""
        model, device = self._embedding.model_, self._embedding.device
        with torch.inference_mode():
            trunk = model.forward_frames(waveforms.to(device))
            pooled = model.forward_embedding(trunk, weights=masks.to(device))
        return cast(NDArray[np.float32], pooled.cpu().numpy())


def fold_batch_norms(resnet: nn.Module) -> None:
    """Fold every batch normalization of a ResNet into the convolution before it, in place."""
    for block in list(resnet.modules()):
        if isinstance(block, nn.Sequential):  # a shortcut is its convolution and normalization in a row
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
    """(1, length) of the waveform from a sample on, with silence after its end."""
    found = waveform[:, start : start + length]
    return functional.pad(found, (0, length - found.shape[1]))


def _masks(segmentation: NDArray[np.floating[Any]], min_num_frames: int) -> NDArray[np.float32]:
    """Where to hear each speaker of a window: alone if that suffices, else over others too.

    segmentation: (frames, speakers), NaN where unknown. Returns: (speakers, frames).
    """
    masks: NDArray[np.float32] = np.nan_to_num(segmentation, nan=0.0).astype(np.float32).T
    if min_num_frames < 0:
        return masks
    clean = masks * (masks.sum(axis=0) < 2)
    return np.asarray(np.where(clean.sum(axis=1, keepdims=True) > min_num_frames, clean, masks))


def _silent(**_progress: int) -> None:
    """Stands in where nobody asked for progress."""
