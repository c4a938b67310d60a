"""What is written of finished results, where, when, and under which names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fi_desktop.core.job import Job
from fi_desktop.core.name_template import filled
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import file_key
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.settings import Settings

_STATES = {
    "completed": ReviewState.DRAFT,
    "reviewed": ReviewState.REVIEWED,
    "signed": ReviewState.SIGNED,
}


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is written, where and when.

    Attributes:
        least: how far a result must be checked.
        formats: keys of `EXPORTERS`.
        template: of the files' names.
        language: of the files, one of `LABELS`; None: the system's.
    """

    least: ReviewState
    folder: Path
    formats: tuple[str, ...]
    template: str
    language: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> ExportPlan | None:
        """Return the plan of the settings; None if nothing is written."""
        least = _STATES.get(settings.export_when)
        if least is None or not settings.export_folder:
            return None
        formats = tuple(format for format in settings.export_formats if format in EXPORTERS)
        if not formats:
            return None
        language = settings.language if settings.language in LABELS else None
        return cls(least, Path(settings.export_folder), formats, settings.export_name, language)


def stem_of(template: str, job: Job, name: str, reviewed: ReviewedTranscript, options: ExportOptions) -> str:
    """Return the name of a result's files, without number and ending."""
    added = datetime.fromtimestamp(job.submitted_at, options.zone)
    told = replace(options, reviewed=reviewed)
    values = {
        "date": added.strftime("%Y-%m-%d"),
        "time": added.strftime("%H-%M"),
        "name": Path(name).stem,
        "speakers": ", ".join(told.speaker(label) for label in reviewed.transcript.speakers),
    }
    return filled(template, values) or values["name"]


def named(reviewed: ReviewedTranscript, name: str) -> ReviewedTranscript:
    """Return a result under a recording's name; what is signed stays as it is."""
    if reviewed.state is ReviewState.SIGNED:
        return reviewed
    made = replace(reviewed.transcript.provenance, source_name=name)
    return replace(reviewed, transcript=replace(reviewed.transcript, provenance=made))


def different_names(paths: tuple[str, ...]) -> list[Path]:
    """Return the paths whose names differ: a copy of the same name has the same files."""
    return list({file_key(Path(path).name): Path(path) for path in reversed(paths)}.values())[::-1]
