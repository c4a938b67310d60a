"""Jobs and events as JSON: the one form in which they are stored and sent between processes.

A field that is missing in an older record takes its default here, so that old stores stay readable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import (
    Attempt,
    EarlierResult,
    Job,
    JobOptions,
    JobState,
    Outcome,
    Priority,
    Stage,
    StageEnd,
    StageTime,
    Summary,
)
from fi_desktop.core.speakers import SpeakerCount

_EVENTS: dict[str, type[ev.JobEvent]] = {
    kind.__name__: kind
    for kind in (
        ev.Submitted,
        ev.Claimed,
        ev.Due,
        ev.CancelAsked,
        ev.RetryAsked,
        ev.Prioritized,
        ev.OptionsChanged,
        ev.Seen,
        ev.Completed,
        ev.Failed,
        ev.Released,
        ev.Cancelled,
    )
}
_DEFAULTS: dict[str, Any] = {"transcriber": JobOptions().transcriber, "vocabulary": [], "prompt": ""}
_FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _EVENTS.values()}


def options_to_json(options: JobOptions) -> dict[str, Any]:
    """Return JSON values; options that came later only where they are not as by default.

    So a recording that was done before they were there is known again by its fingerprint.
    """
    data = {"speakers": str(options.speakers), "engine": options.engine, "language": options.language}
    later = {
        "transcriber": options.transcriber,
        "vocabulary": list(options.vocabulary),
        "prompt": options.prompt,
    }
    return data | {name: value for name, value in later.items() if value != _DEFAULTS[name]}


def options_from_json(data: dict[str, Any]) -> JobOptions:
    """Read what `options_to_json` wrote."""
    return JobOptions(
        SpeakerCount.parse(data["speakers"]),
        data["engine"],
        data["language"],
        data.get("transcriber", _DEFAULTS["transcriber"]),
        tuple(data.get("vocabulary", ())),
        data.get("prompt", ""),
    )


def event_to_json(event: ev.JobEvent) -> dict[str, Any]:
    """Return the event as JSON values, its name under "event"."""
    data: dict[str, Any] = {"event": type(event).__name__}
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if name == "stages":
            if value:
                data[name] = stages_to_json(value)
            continue
        match value:
            case JobOptions():
                value = options_to_json(value)
            case Summary():
                value = summary_to_json(value)
            case ErrorInfo():
                value = error_to_json(value)
            case Priority():
                value = int(value)
        data[name] = value
    return data


def event_from_json(data: dict[str, Any]) -> ev.JobEvent:
    """Read what `event_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the record is damaged or of a newer program.
    """
    values = dict(data)
    kind = _EVENTS[values.pop("event")]
    if "options" in values:
        values["options"] = options_from_json(values["options"])
    if "summary" in values:
        values["summary"] = summary_from_json(values["summary"])
    if "error" in values:
        values["error"] = error_from_json(values["error"])
    if "priority" in values:
        values["priority"] = Priority(values["priority"])
    if "stages" in values:
        values["stages"] = stages_from_json(values["stages"])
    return kind(**values)


def job_to_json(job: Job) -> dict[str, Any]:
    """Return the job as JSON values."""
    data = {
        "id": job.id,
        "path": job.path,
        "options": options_to_json(job.options),
        "priority": int(job.priority),
        "submitted_at": job.submitted_at,
        "state": job.state.value,
        "attempts": [_attempt_to_json(attempt) for attempt in job.attempts],
        "deliveries": job.deliveries,
        "claim": job.claim,
        "due_at": job.due_at,
        "cancelling": job.cancelling,
        "summary": summary_to_json(job.summary) if job.summary else None,
        "finished_at": job.finished_at,
        "batch": job.batch,
        "fingerprint": job.fingerprint,
        "seen_at": job.seen_at,
    }
    return data | {"earlier": _earlier_to_json(job.earlier)} if job.earlier else data


def job_from_json(data: dict[str, Any]) -> Job:
    """Read what `job_to_json` wrote.

    Raises:
        KeyError, ValueError: the record is damaged or of a newer program.
    """
    return Job(
        id=data["id"],
        path=data["path"],
        options=options_from_json(data["options"]),
        priority=Priority(data["priority"]),
        submitted_at=data["submitted_at"],
        state=JobState(data["state"]),
        attempts=tuple(_attempt_from_json(attempt) for attempt in data["attempts"]),
        deliveries=data["deliveries"],
        claim=data["claim"],
        due_at=data["due_at"],
        cancelling=data["cancelling"],
        summary=summary_from_json(data["summary"]) if data["summary"] else None,
        finished_at=data["finished_at"],
        batch=data.get("batch"),
        fingerprint=data.get("fingerprint"),
        seen_at=data.get("seen_at"),
        earlier=_earlier_from_json(data["earlier"]) if data.get("earlier") else None,
    )


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """Return JSON values."""
    return {
        "speakers": summary.speakers,
        "duration_s": summary.duration_s,
        "engine": summary.engine,
        "grade": summary.grade,
        "notes": list(summary.notes),
        "transcriber": summary.transcriber,
        "words": summary.words,
        "language": summary.language,
        "model": summary.model,
    }


def summary_from_json(data: dict[str, Any]) -> Summary:
    """Read what `summary_to_json` wrote."""
    return Summary(
        data["speakers"],
        data["duration_s"],
        data["engine"],
        data["grade"],
        tuple(data["notes"]),
        data.get("transcriber", ""),
        data.get("words", 0),
        data.get("language"),
        data.get("model", ""),
    )


def error_to_json(error: ErrorInfo) -> dict[str, Any]:
    """Return JSON values; those of the sentence only where there are some, as in records before them."""
    data: dict[str, Any] = {"kind": error.kind.value, "code": error.code}
    data |= {"message": error.message, "details": error.details}
    return data | ({"values": dict(error.values)} if error.values else {})


def error_from_json(data: dict[str, Any]) -> ErrorInfo:
    """Read what `error_to_json` wrote."""
    values = tuple(data.get("values", {}).items())
    return ErrorInfo(ErrorKind(data["kind"]), data["code"], data["message"], data["details"], values)


def stages_to_json(stages: Sequence[StageTime]) -> list[list[Any]]:
    """Return JSON values: short, since each attempt of each job has them."""
    return [[time.stage.value, time.took_s, time.end.value] for time in stages]


def stages_from_json(data: Sequence[Sequence[Any]]) -> tuple[StageTime, ...]:
    """Read what `stages_to_json` wrote."""
    return tuple(StageTime(Stage(stage), took_s, StageEnd(end)) for stage, took_s, end in data)


def _earlier_to_json(earlier: EarlierResult) -> dict[str, Any]:
    return {
        "options": options_to_json(earlier.options),
        "fingerprint": earlier.fingerprint,
        "finished_at": earlier.finished_at,
    }


def _earlier_from_json(data: dict[str, Any]) -> EarlierResult:
    return EarlierResult(options_from_json(data["options"]), data["fingerprint"], data["finished_at"])


def _attempt_to_json(attempt: Attempt) -> dict[str, Any]:
    data = {
        "number": attempt.number,
        "started_at": attempt.started_at,
        "worker": attempt.worker,
        "ended_at": attempt.ended_at,
        "outcome": attempt.outcome.value if attempt.outcome else None,
        "error": error_to_json(attempt.error) if attempt.error else None,
        "charged": attempt.charged,
        "device": attempt.device,
    }
    return data | {"stages": stages_to_json(attempt.stages)} if attempt.stages else data


def _attempt_from_json(data: dict[str, Any]) -> Attempt:
    return Attempt(
        number=data["number"],
        started_at=data["started_at"],
        worker=data["worker"],
        ended_at=data["ended_at"],
        outcome=Outcome(data["outcome"]) if data["outcome"] else None,
        error=error_from_json(data["error"]) if data["error"] else None,
        charged=data["charged"],
        device=data.get("device", "cpu"),
        stages=stages_from_json(data.get("stages", ())),
    )
