"""JSON: a whole transcript with its provenance, for other programs."""

from __future__ import annotations

import json

from fi_desktop.core.codec import label_to_json, transcript_to_json
from fi_desktop.core.review import SIGNATURE
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded

_LABEL = "label"


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return what `transcript_from_json` reads, with case and date; or signed, with the signature.

    Raises:
        ValueError: a number is NaN or infinite.
    """
    data = transcript_to_json(transcript)
    reviewed = options.reviewed
    if reviewed is not None and reviewed.state is ReviewState.SIGNED:
        # nothing but what was signed: case and date may be corrected later
        data |= {SIGNATURE: {"by": reviewed.by, "at": reviewed.at, "sha256": reviewed.sha256}}
    elif label := label_to_json(options.label):
        data |= {_LABEL: label}
    return encoded(json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


EXPORTER = Exporter("json", "JSON (everything)", "json", "application/json", render)
