"""From a transcript to what the table shows of it."""

from __future__ import annotations

from fi_desktop.core.job import Summary
from fi_desktop.core.transcript import Transcript


def summarize(transcript: Transcript) -> Summary:
    """Return what the table shows of a result."""
    return Summary(
        speakers=len(transcript.speakers),
        duration_s=transcript.duration,
        engine=transcript.provenance.engine,
        grade=transcript.grade.value if transcript.grade else None,
        notes=transcript.notes,
        transcriber=transcript.provenance.transcriber,
        words=sum(len(segment.words) for segment in transcript.segments),
        language=transcript.language,
        model=transcript.provenance.transcriber_model,
    )
