"""JSON: a whole transcript with its provenance, for other programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from fi_desktop.core.codec import label_to_json, transcript_to_json
from fi_desktop.core.conversation import conversation_of
from fi_desktop.core.review import SIGNATURE
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded

_LABEL, _FIGURES = "label", "figures"
_DECIMALS = 3  # of figures: a millisecond


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return what `transcript_from_json` reads, with label and figures; or signed, with the signature.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    data = transcript_to_json(transcript)
    reviewed = options.reviewed
    if reviewed is not None and reviewed.state is ReviewState.SIGNED:
        # nothing but what was signed: case and date may be corrected later, figures counted otherwise
        data |= {SIGNATURE: {"by": reviewed.by, "at": reviewed.at, "sha256": reviewed.sha256}}
    else:
        if label := label_to_json(options.label):
            data |= {_LABEL: label}
        if transcript.turns:
            data |= {_FIGURES: _figures(transcript)}
    return encoded(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def _figures(transcript: Transcript) -> dict[str, Any]:
    """Return the figures of a conversation, as `jobs show --figures --json` does, but rounded."""

    def rounded(fields: list[tuple[str, Any]]) -> dict[str, Any]:
        return {
            name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in fields
        }

    return asdict(conversation_of(transcript), dict_factory=rounded)


EXPORTER = Exporter("json", "JSON (everything)", "json", "application/json", render)
