"""A speaker embedding of a hundredth of the real one's size, built from pyannote.audio's classes.

A separate module, because a checkpoint names the module of its architecture and the library imports it.
"""

from __future__ import annotations

from typing import Any

from pyannote.audio.models.embedding.wespeaker import BaseWeSpeakerResNet
from pyannote.audio.models.embedding.wespeaker.resnet import BasicBlock, ResNet


class TinyWeSpeaker(BaseWeSpeakerResNet):
    """WeSpeaker's ResNet with one narrow block per layer."""

    def __init__(self, task: Any = None, **parameters: Any) -> None:
        super().__init__(task=task, **parameters)
        self.resnet = ResNet(  # type: ignore[no-untyped-call]
            BasicBlock,
            [1, 1, 1, 1],
            m_channels=4,
            feat_dim=80,
            embed_dim=256,
            pooling_func="TSTP",
            two_emb_layer=False,
        )
