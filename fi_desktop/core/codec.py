"""Jobs, events and transcripts as JSON, the form in which they are stored and sent.

A dataclass becomes an object with its fields in order. `_as_object` derives both directions from the types of
the fields, once, when this module is imported. Exceptions are declared below: values with a compact form, and
later fields that are omitted while they have their default, so that a recording processed before they existed
is still recognized by its fingerprint. Missing fields take their default; unknown ones are ignored.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.case_labels import CaseLabel
from fi_desktop.core.dataclass_fields import members_of, names_of
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Attempt, Done, EarlierResult, Job
from fi_desktop.core.messages import MESSAGES, VERBATIM, Note, Value, Values, by_name, verbatim
from fi_desktop.core.revision import EDITS, Edit
from fi_desktop.core.transcript import (
    SCHEMA,
    SCHEMA_VERSION,
    Person,
    Provenance,
    Region,
    Segment,
    Transcript,
    Turn,
    Word,
)
from fi_desktop.core.values import JobOptions, SpeakerCount, Stage, StageEnd, StageTime, Summary

T = TypeVar("T")
Hook = Callable[[Any], Any]

_SCHEMA_BEFORE_NOTE_CODES = 2
# codes of stored notes that have another name now
_RENAMED = {"result.probably_more": messages.RESULT_PROBABLY_OTHER_NUMBER.code}


def note_to_json(note: Note) -> dict[str, Any] | str:
    """Return JSON values, with the English text for other programs; text without a message as a string."""
    if note.code == VERBATIM.code:
        return str(note)
    data = {"code": note.code, "text": str(note)}
    return data | ({"values": _values_to_json(note.values)} if note.values else {})


def note_from_json(data: dict[str, Any] | str) -> Note:
    """Read what `note_to_json` wrote, or an English sentence that an old version wrote."""
    if isinstance(data, str):
        return _old_note(data) or verbatim(data)
    code = _RENAMED.get(data["code"], data["code"])
    if code not in MESSAGES:
        return verbatim(data["text"])
    return Note(code, _values_from_json(data.get("values", {})))


def notes_to_json(notes: Sequence[Note]) -> list[Any]:
    """Return JSON values."""
    return [note_to_json(note) for note in notes]


def notes_from_json(data: Sequence[Any]) -> tuple[Note, ...]:
    """Read what `notes_to_json` wrote."""
    return tuple(map(note_from_json, data))


def _values_to_json(values: Values) -> dict[str, Any]:
    return {name: note_to_json(value) if isinstance(value, Note) else value for name, value in values}


def _values_from_json(data: dict[str, Any]) -> Values:
    return by_name({name: _value_from_json(name, value) for name, value in data.items()})


def _value_from_json(name: str, value: Any) -> Value:
    if isinstance(value, dict) or (name in _REASONS and isinstance(value, str)):
        return note_from_json(value)
    return cast(Value, value)


def error_to_json(error: ErrorInfo) -> dict[str, Any]:
    """Return JSON values; the placeholders' values only if there are any."""
    data: dict[str, Any] = {"kind": error.kind.value, "code": error.code}
    data |= {"message": error.message, "details": error.details}
    return data | ({"values": _values_to_json(error.values)} if error.values else {})


def error_from_json(data: dict[str, Any]) -> ErrorInfo:
    """Read what `error_to_json` wrote."""
    code, message = data["code"], data["message"]
    # errors had no values at first
    values = _values_from_json(data["values"]) if "values" in data else _old_values(code, message) or ()
    return ErrorInfo(ErrorKind(data["kind"]), code, message, data["details"], values)


def _stage_to_json(time: StageTime) -> list[Any]:
    return [time.stage.value, time.took_s, time.end.value]


def _stage_from_json(data: Sequence[Any]) -> StageTime:
    stage, took_s, end = data
    return StageTime(Stage(stage), took_s, StageEnd(end))


_HOOKS: dict[Any, tuple[Hook, Hook]] = {
    Note: (note_to_json, note_from_json),
    ErrorInfo: (error_to_json, error_from_json),
    StageTime: (_stage_to_json, _stage_from_json),
    SpeakerCount: (str, SpeakerCount.parse),
}
"""How values of a type are written and read; `_as_object` adds its dataclasses."""


def _as_object(kind: type, *, omit_default: Sequence[str] = ()) -> None:
    """Register a dataclass as an object, without the fields in `omit_default` that have their default."""
    types = get_type_hints(kind)
    writes, omits, reads = [], [], []
    for field in fields(kind):
        write, read = _hooks(types[field.name])
        needed = field.default is field.default_factory is MISSING
        if write is not None:
            writes.append((field.name, write))
        if field.name in omit_default and field.default is not MISSING:
            omits.append((field.name, field.default))
        reads.append((field.name, read, needed, type(None) in get_args(types[field.name])))
    names, members = names_of(kind), members_of(kind)

    def to_json(value: Any) -> dict[str, Any]:
        data = dict(zip(names, members(value), strict=True))
        for name, default in omits:
            member = data[name]
            if member is default or member == default:
                del data[name]
        for name, write in writes:
            if (member := data.get(name)) is not None:
                data[name] = write(member)
        return data

    def from_json(data: dict[str, Any]) -> Any:
        values = {}
        for name, read, needed, optional in reads:
            if needed or name in data:
                member = data[name]
                values[name] = member if read is None or (optional and member is None) else read(member)
        return kind(**values)

    _HOOKS[kind] = to_json, from_json


def _hooks(kind: Any) -> tuple[Hook | None, Hook | None]:
    """Return how values of a type are written and read, except None; None: as they are."""
    if kind in _HOOKS:
        return _HOOKS[kind]
    if get_origin(kind) in (Union, UnionType):
        (present,) = (one for one in get_args(kind) if one is not type(None))
        return _hooks(present)
    if get_origin(kind) is tuple:
        write, read = _hooks(get_args(kind)[0])
        return _each(write, list), _each(read, tuple)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return operator.attrgetter("_value_"), kind  # `value` runs Python code
    return None, None


def _each(hook: Hook | None, collection: Callable[[Any], Any]) -> Hook:
    return collection if hook is None else lambda values: collection(map(hook, values))


_as_object(CaseLabel, omit_default=("case", "recorded_at", "recorded_from"))
_as_object(JobOptions, omit_default=("transcriber", "vocabulary", "prompt", "vocabulary_lists", "numbers"))
_as_object(Summary, omit_default=("wrong_share", "version", "recorded_at"))
_as_object(Attempt, omit_default=("stages",))
_as_object(EarlierResult)
_as_object(
    Job,
    omit_default=(
        "earlier",
        "start_at",
        "review",
        "people",
        "keep_turns",
        "copies",
        "exports",
        "label",
        "hold_since",
    ),
)
_as_object(Word, omit_default=("checked", "interpolated", "language", "unsure_speaker"))
_as_object(Segment, omit_default=("missing", "language"))
_as_object(Provenance, omit_default=("confidence_model", "recorded_at"))
for _plain_value in (Turn, Region, Person):
    _as_object(_plain_value)
_as_object(Transcript, omit_default=("probable_speakers", "people", "exclusive", "unsure"))
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
        ev.StartChanged,
        ev.Relocated,
        ev.CopyAdded,
        ev.ExportsChosen,
        ev.LabelChanged,
        ev.LegalHoldPlaced,
        ev.LegalHoldReleased,
        ev.Seen,
        ev.Reviewed,
        ev.VersionChosen,
        ev.Completed,
        ev.Failed,
        ev.Released,
        ev.Cancelled,
    )
}
for _event in _EVENTS.values():
    _as_object(_event, omit_default=("stages", "keep_turns", "wrong_share", "exports", "label"))


def options_to_json(options: JobOptions) -> dict[str, Any]:
    """Return JSON values."""
    return _write(options)


def options_from_json(data: dict[str, Any]) -> JobOptions:
    """Read what `options_to_json` wrote."""
    return _read(JobOptions, data)


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """Return JSON values."""
    return _write(summary)


def label_to_json(label: CaseLabel) -> dict[str, Any]:
    """Return JSON values of what is known."""
    return _write(label)


def job_to_json(job: Job) -> dict[str, Any]:
    """Return JSON values."""
    return _write(job)


def job_from_json(data: dict[str, Any]) -> Job:
    """Read what `job_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the record is damaged or of a newer program.
    """
    return _read(Job, data)


def event_to_json(event: ev.JobEvent) -> dict[str, Any]:
    """Return JSON values, with the event's name under "event"."""
    return {"event": type(event).__name__, **_write(event)}


def event_from_json(data: dict[str, Any]) -> ev.JobEvent:
    """Read what `event_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the record is damaged or of a newer program.
    """
    return _read(_EVENTS[data["event"]], data)


def transcript_to_json(transcript: Transcript) -> dict[str, Any]:
    """Return a transcript as JSON values, under the schema's name and version.

    The version is the oldest that can read it: notes with a code came with version 3.
    """
    data = _write(transcript)
    coded = any(isinstance(note, dict) for note in data["notes"])
    return {"schema": SCHEMA, "version": SCHEMA_VERSION if coded else _SCHEMA_BEFORE_NOTE_CODES, **data}


def transcript_from_json(data: dict[str, Any]) -> Transcript:
    """Read what `transcript_to_json` wrote, now or in an earlier version.

    Raises:
        ValueError: it is not a transcript, or one of a newer schema.
        KeyError, TypeError: it is damaged.
    """
    if data.get("schema") != SCHEMA:
        raise ValueError("not a fi-desktop transcript")
    if data.get("version", 0) > SCHEMA_VERSION:
        raise ValueError(f"transcript schema {data['version']} is newer than this program's {SCHEMA_VERSION}")
    return _read(Transcript, data)


_EDITS = {edit.__name__: edit for edit in EDITS}
for _edit in EDITS:
    _as_object(_edit)


def edit_to_json(edit: Edit) -> dict[str, Any]:
    """Return JSON values, with the edit's name under "edit"."""
    return {"edit": type(edit).__name__, **_write(edit)}


def edit_from_json(data: dict[str, Any]) -> Edit:
    """Read what `edit_to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: the edit is damaged or of a newer program.
    """
    return _read(_EDITS[data["edit"]], data)


def _write(value: Any) -> dict[str, Any]:
    write, _ = _HOOKS[type(value)]
    return cast(dict[str, Any], write(value))


def _read(kind: type[T], data: Any) -> T:
    _, read = _HOOKS[kind]
    return cast(T, read(data))


DONE_PATHS = (
    "$.id",
    "$.path",
    "$.priority",
    "$.submitted_at",
    "$.finished_at",
    "$.batch",
    "$.options.speakers",
    "$.options.engine",
    "$.options.language",
    "$.attempts[0].started_at",
    "$.attempts[0].ended_at",
    "$.summary.speakers",
    "$.summary.duration_s",
    "$.summary.engine",
    "$.summary.grade",
    "$.summary.notes",
    "$.summary.language",
    "$.summary.wrong_share",
    "$.review",
    "$.people",
    "$.summary.transcriber",
    "$.label.case",
    "$.label.recorded_at",
    "$.label.recorded_from",
    "$.hold_since",
)
"""JSON paths of the fields of `Done` in a job's record, in order."""
_NOTES = Done._fields.index("notes")
_PEOPLE = Done._fields.index("people")


def listed_from_json(data: dict[str, Any] | list[Any]) -> Job | Done:
    """Read a job's record, or the values at `DONE_PATHS` of one that is `Done`.

    Raises:
        KeyError, ValueError, TypeError: the record is damaged or of a newer program.
    """
    if isinstance(data, dict):
        return job_from_json(data)
    if len(data) == len(DONE_PATHS):
        data[_NOTES] = notes_from_json(notes) if (notes := data[_NOTES]) else ()
        data[_PEOPLE] = tuple(data[_PEOPLE] or ())
    return Done(*data)


# Records and results from before notes and reasons had codes hold English sentences, which are converted when
# they are read. This table is frozen: it holds the sentences as they were.
_OLD = {
    "audio.clock_jumps": "The file's clock jumps by {length} at {at}: what follows was joined to what "
    "comes before.",
    "audio.cut_short": "The file ends at {at}, although it should last {length}: copy it again from "
    "the recorder.",
    "audio.damaged_after": "The file is damaged after {at}; what comes before was used.",
    "audio.damaged_places": "The file is damaged in {places} places, first at {at}: {length} in all "
    "could not be read and is left silent.",
    "audio.damaged_somewhere": "The file is damaged in places, first at {at}; what could not be read "
    "is left silent.",
    "audio.gap": "Nothing was recorded for {length} at {at}: this is a pause, or a part that was lost.",
    "audio.gaps": "Nothing was recorded in {places} places, first at {at}, {length} in all: these are "
    "pauses, or parts that were lost.",
    "audio.more_than_counted": "The file's header counts only {length} of sound, but the file holds "
    "more: it was read to its end at {at}.",
    "audio.no_speech": "Nobody speaks in this recording.",
    "audio.partly_damaged": "The file is damaged at {at}: {length} could not be read and is left silent.",
    "audio.rest_unread": "A part of the file after {at} could not be read.",
    "audio.some_tracks": "Of {tracks} sound tracks, {used} could be used; the others are silent, the "
    "same, or in another language.",
    "audio.tracks": "{used} sound tracks were used.",
    "disk.full": "The disk is full: make room on it, and it goes on.",
    "ended.exit_code": "exit code {number}",
    "ended.signal": "signal {number}",
    "ended.stopped": "it stopped",
    "engine.bad_language": "The Whisper model does not know the chosen language.",
    "engine.bad_model": "The {engine} model pack is incomplete: install it again.",
    "engine.builtin_damaged": "The built-in voice model is damaged; install the program again.",
    "engine.builtin_missing": "The built-in voice model is missing from this installation.",
    "engine.no_model": "The engine {name} needs a model pack, and none is installed.",
    "engine.no_transcriber": "The model pack {name} is not installed, or does not transcribe.",
    "engine.odd_model": "This pyannote model pack is of a kind that cannot be used here.",
    "engine.silero_missing": "The part that finds speech is missing from this installation.",
    "engine.unexpected": "Something unexpected went wrong ({error}).",
    "engine.unknown": "There is no engine {name!r}; known are {known}.",
    "job.deliveries": "The program ended {times} times while it worked on this.",
    "job.timeout": "Timeout ({minutes} min)",
    "memory.full": "The computer ran out of memory.",
    "models.bad_config": "The model pack's config.yaml cannot be used: {reason}.",
    "models.changed": "The model pack {name} is not used: {file} is damaged or was changed. Install "
    "it again.",
    "models.incomplete": "The model pack {name} is not complete: {reason}. Install it again, or "
    "import it an\x65w.",
    "models.missing": "The model pack {name} is not installed.",
    "pack.file_missing": "{file} is missing",
    "pack.files_missing": "{file} are missing",
    "pack.no_pipeline": "it describes no pipeline",
    "pack.no_yaml": "it is no YAML",
    "pack.other_pipeline": "it asks for more than a speaker diarization pipeline",
    "pack.too_long": "it is far too long",
    "pack.wrong_size": "{file} has {number} bytes, not {wanted}",
    "result.doubtful_voices": "Voices hard to tell apart, or only one voice: please check.",
    "result.language_uncertain": "The language was hard to tell: if it is wrong, choose it and try again.",
    "result.speakers_missing": "The speakers are missing: {reason}",
    "result.unheard": "Sound as loud as the voices was not recognized as speech, {length} in all: "
    "please check.",
    "result.vocabulary_cut": "The vocabulary is too long: its last {number} words were not used.",
    "result.words_missing": "The words are missing: {reason}",
    "worker.crashed": "The worker that had this job ended unexpectedly ({ended}).",
    "worker.ended": "The system ended the worker that had this job ({ended}); memory may have run out.",
    "worker.killed": "The program was ended in the middle of it each time.",
    "worker.stuck": "The worker that had this job was stuck.",
}

_REASONS = ("reason", "ended")  # the placeholders that take a sentence


def _old_note(sentence: str) -> Note | None:
    """Return the note that an old English sentence stands for, if it is known."""
    return next(
        (Note(code, values) for code in _OLD if (values := _old_values(code, sentence)) is not None), None
    )


def _old_values(code: str, sentence: str) -> Values | None:
    """Return the values in an old English sentence; None if it is not the message's."""
    found = _old_pattern(code).fullmatch(sentence) if code in _OLD else None
    if found is None:
        return None
    return by_name({name: _value_from_json(name, value) for name, value in found.groupdict().items()})


@cache
def _old_pattern(code: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(?:!r)?\}", _OLD[code])  # text, a placeholder's name, text, …
    shape = "".join(f"(?P<{part}>.+?)" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
    return re.compile(shape, re.DOTALL)
