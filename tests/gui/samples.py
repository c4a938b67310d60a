"""Made-up jobs in every state, and made-up transcripts."""

import random
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.alignment import assign_speakers, missing_segments, segments_of, segments_of_words
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, apply
from fi_desktop.core.messages import Note
from fi_desktop.core.name_patterns import label_of_file
from fi_desktop.core.review import Review
from fi_desktop.core.transcript import Grade, Provenance, Region, Segment, Transcript, Turn, Word
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Stage, StageTime, Summary
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.jobs.queue_events import (
    JobChanged,
    JobProgressed,
    QueueEvent,
    WorkerInfo,
    WorkersChanged,
    WorkerState,
)
from fi_desktop.jobs.review_files import StoredResult
from fi_desktop.system.files import PEAKS_HZ

DOUBT = messages.RESULT_DOUBTFUL_VOICES()


def submitted(
    job_id: int,
    name: str = "Consultation.wav",
    *,
    at: float | None = None,
    speakers: str = "2",
    folder: str | Path = "/home/clinic/Recordings",
    transcriber: str = "none",
) -> JobChanged:
    at = time.time() if at is None else at
    label = label_of_file(Path(name).stem, "", modified_at=at - 7 * 3600, now=at)
    event = ev.Submitted(
        job_id,
        at,
        str(Path(folder) / name),
        JobOptions(SpeakerCount.parse(speakers), transcriber=transcriber),
        Priority.NORMAL,
        label=label,
    )
    return JobChanged(apply(None, event), event)


def claim_of(job: Job) -> str:
    """Return the claim of a running job."""
    assert job.claim is not None
    return job.claim


def then(news: JobChanged, event: ev.JobEvent) -> JobChanged:
    return JobChanged(apply(news.job, event), event)


def claimed(news: JobChanged, at: float, worker: str = "worker-1") -> JobChanged:
    job = news.job
    return then(news, ev.Claimed(job.id, at, f"1.{job.id}.{len(job.attempts) + 1}", worker))


def completed(
    news: JobChanged,
    at: float,
    *,
    speakers: int = 2,
    duration_s: float = 1804.0,
    grade: str | None = "clear",
    notes: tuple[Note, ...] = (),
    stages: tuple[StageTime, ...] = (),
) -> JobChanged:
    summary = Summary(speakers, duration_s, "builtin", grade, notes)
    return then(news, ev.Completed(news.job.id, at, claim_of(news.job), summary, stages=stages))


def failed(
    news: JobChanged,
    at: float,
    message: str,
    *,
    kind: ErrorKind = ErrorKind.USER,
    code: str = "audio.bad",
    retry_at: float | None = None,
) -> JobChanged:
    error = ErrorInfo(kind, code, message)
    return then(news, ev.Failed(news.job.id, at, claim_of(news.job), error, retry_at))


def finished(job_id: int, name: str, now: float, *, ago_s: float, took_s: float, **result: Any) -> JobChanged:
    start = submitted(job_id, name, at=now - ago_s - took_s - 20)
    return completed(claimed(start, now - ago_s - took_s), now - ago_s, **result)


def busy_day(now: float) -> tuple[QueueEvent, ...]:
    """Return the events of a queue with a job in every state."""
    done = [
        finished(1, "2026-11-20 Follow-up Ms Alvarez.m4a", now, ago_s=2900, took_s=11.4, duration_s=1523),
        finished(
            2, "Intake interview – room 2.wav", now, ago_s=2600, took_s=24, duration_s=3127, grade="fair"
        ),
        finished(
            3, "WS330117.WMA", now, ago_s=2300, took_s=6, duration_s=412, grade="doubtful", notes=(DOUBT,)
        ),
        finished(4, "Family meeting.mp4", now, ago_s=1900, took_s=38, duration_s=4380, speakers=4),
    ]
    broken = failed(
        claimed(submitted(5, "Telehealth 14-30.webm", at=now - 700), now - 680),
        now - 679,
        "The recording is damaged and cannot be read. Copy it again from the recorder.",
        code="audio.damaged",
    )
    retrying = failed(
        claimed(submitted(6, "Consultation Mr Okafor, second part.flac", at=now - 600), now - 400),
        now - 28,
        "The disk is full. Free some space, and the job continues.",
        kind=ErrorKind.TRANSIENT,
        code="disk.full",
        retry_at=now + 92.4,
    )
    cancelled = then(submitted(7, "Test recording.wav", at=now - 500), ev.CancelAsked(7, now - 490))
    running = claimed(submitted(8, "Ward round 23 November.mp3", at=now - 90), now - 42)
    other = claimed(submitted(9, "Sesión de pareja – señora Núñez.ogg", at=now - 80), now - 9, "worker-2")
    waiting = [
        submitted(
            10,
            "Neurology outpatient clinic, first consultation with interpreter, room 14 01.m4a",
            at=now - 31,
            speakers="3",
        ),
        submitted(11, "Consulta 0117.wav", at=now - 30, speakers="2-4"),
        submitted(12, "Consulta 0118.wav", at=now - 30, speakers="auto"),
    ]
    return (
        *done,
        broken,
        retrying,
        cancelled,
        running,
        other,
        *waiting,
        JobProgressed(8, Stage.DIARIZE, 0.34),
        JobProgressed(9, Stage.SPEECH, 0.4),
        workers(WorkerState.BUSY, WorkerState.BUSY),
    )


def workers(*states: WorkerState, trouble: Note | None = None) -> WorkersChanged:
    infos = (
        WorkerInfo(f"worker-{number}", 100 + number, state, None, 0.0, 0, 0)
        for number, state in enumerate(states, 1)
    )
    return WorkersChanged(tuple(infos), trouble)


def jobs_of(news: Iterable[QueueEvent]) -> list[Job]:
    return [item.job for item in news if isinstance(item, JobChanged)]


def conversation(
    turns: int = 60,
    *,
    speakers: int = 2,
    grade: Grade | None = Grade.CLEAR,
    seed: int = 4,
    name: str = "Intake interview – room 2.wav",
    notes: tuple[Note, ...] = (),
) -> Transcript:
    """Return a conversation without words."""
    rng = random.Random(seed)
    moment, made = 1.2, []
    speaker = 0
    for _ in range(turns):
        length = min(28.0, 0.6 + rng.expovariate(1 / 5.5))
        made.append(Turn(round(moment, 2), round(moment + length, 2), f"SPEAKER_{speaker:02d}"))
        moment += length + rng.uniform(-0.3, 1.4)
        speaker = (speaker + rng.randrange(1, max(2, speakers))) % speakers
    made.sort(key=lambda turn: turn.start)
    ordered = tuple(made)
    return Transcript(
        duration=moment + 2,
        speech=sum(turn.duration for turn in ordered),
        turns=ordered,
        segments=segments_of(ordered),
        provenance=Provenance("0.1.0", "builtin", "", {}, "0" * 64, name, "2026-11-23T10:00:00+00:00"),
        grade=grade,
        notes=notes,
    )


_ASKED = (
    "Buenos días. ¿Qué la trae hoy por la consulta?",
    "¿Desde cuándo le pasa?",
    "¿Y ha tomado algo para el dolor?",
    "¿Tiene alguna alergia a medicamentos?",
    "Vale.",
    "Le voy a mirar la tensión, y después hablamos de cómo está durmiendo estos días.",
    "Entiendo. ¿Hay antecedentes de migraña en su familia?",
)
_ANSWERED = (
    "Pues mire, doctora, llevo dos semanas con un dolor de cabeza que no se me va, sobre todo por las "
    "tardes, y cuando me agacho o subo las escaleras de casa me late aquí, en el lado derecho, y a veces "
    "me dan náuseas.",
    "Sí.",
    "Empecé con paracetamol y luego mi hermana me dio un sumatriptán que tenía ella, pero no me hizo nada.",
    "A la amoxicilina, creo. Me salieron ronchas de pequeña.",
    "Duermo mal. Me despierto a las cuatro y ya no me puedo volver a dormir, le doy vueltas a todo.",
    "Mi madre tenía, y la hermana de mi madre también, ahora que lo dice.",
    "Desde el día de Todos los Santos, más o menos.",
)
_HARD_TO_HEAR = ("sumatriptán", "amoxicilina,", "Santos,", "ronchas", "agacho")


def crosstalk() -> Transcript:
    """Return a visit during which people speak at once, and the voices suggest a third speaker."""
    talk = consultation()
    second = [
        Turn(round(turn.start + 1.5, 2), round(turn.start + 2.2, 2), talk.speakers[number % 2 == 0])
        for number, turn in enumerate(talk.turns)
        if turn.duration > 4
    ]
    turns = tuple(sorted((*talk.turns, *second), key=lambda turn: (turn.start, turn.end)))
    words = [word for part in talk.segments for word in part.words]
    note = messages.RESULT_PROBABLY_OTHER_NUMBER(probable=3, asked="2")
    return replace(
        talk,
        turns=turns,
        segments=segments_of_words(assign_speakers(words, turns, talk.turns)),
        grade=Grade.FAIR,
        notes=(note,),
        probable_speakers=3,
    )


def three_people() -> Transcript:
    """Return a visit with a companion, in which people interrupt each other."""
    talk = consultation()
    turns: list[Turn] = []
    for number, turn in enumerate(talk.turns):
        speaker = "SPEAKER_02" if number % 7 == 5 else turn.speaker
        start = turns[-1].end - 0.6 if number % 4 == 3 else turn.start
        turns.append(Turn(start, turn.end, speaker))
    words = [word for part in talk.segments for word in part.words]
    return replace(talk, turns=tuple(turns), segments=segments_of_words(assign_speakers(words, turns)))


def with_missing_words() -> Transcript:
    """Return a visit with two passages of speech that have no words."""
    talk = consultation()
    gaps = (Region(22.3, 27.1), Region(64.2, 66.2))
    words = [word for part in talk.segments for word in part.words]
    heard = [word for word in words if not any(gap.start <= word.start < gap.end for gap in gaps)]
    spoken = assign_speakers(heard, talk.turns)
    return replace(
        talk,
        segments=segments_of_words(spoken, missing_segments(gaps, talk.turns)),
        notes=(messages.RESULT_NOT_UNDERSTOOD(length=6.8),),
    )


def with_two_languages() -> Transcript:
    """Return a visit in Spanish in which an interpreter says two things in English."""
    talk, said = (
        consultation(8),
        {2: "How long have you had this pain?", 5: "About three weeks, every morning."},
    )
    parts = []
    for number, part in enumerate(talk.segments):
        if number in said:
            texts = said[number].split()
            step = (part.end - part.start) / len(texts)
            words = tuple(
                Word(
                    part.start + place * step,
                    part.start + (place + 1) * step,
                    text,
                    0.9,
                    part.speaker,
                    language="en",
                )
                for place, text in enumerate(texts)
            )
            part = replace(part, text=said[number], words=words, language="en")
        parts.append(part)
    return replace(talk, segments=tuple(parts))


def consultation(
    segments: int = 26,
    *,
    seed: int = 7,
    named: bool = True,
    notes: tuple[Note, ...] = (),
    name: str = "Consulta señora Núñez.m4a",
) -> Transcript:
    """Return a visit in Spanish with words, some doubtful and some overlapped."""
    rng = random.Random(seed)
    moment, turns, parts = 1.4, [], []
    for number in range(segments):
        speaker = f"SPEAKER_{number % 2:02d}"
        text = (_ANSWERED if number % 2 else _ASKED)[number // 2 % 7]
        overlapped = number % 9 == 4
        begun, words = moment, []
        for place, spoken in enumerate(text.split()):
            length = 0.12 + 0.055 * len(spoken)
            probability = 0.21 if spoken in _HARD_TO_HEAR else max(0.73, round(rng.uniform(0.7, 1.0), 2))
            words.append(
                Word(
                    round(moment, 2),
                    round(moment + length, 2),
                    spoken,
                    probability,
                    speaker if named else None,
                    overlapped and place < 2,
                )
            )
            moment += length + rng.uniform(0, 0.08)
        turns.append(Turn(round(begun, 2), words[-1].end, speaker))
        parts.append(Segment(words[0].start, words[-1].end, words[0].speaker, text, tuple(words)))
        moment += rng.uniform(-0.2, 1.2)
    engines = ("builtin" if named else "", "")
    provenance = Provenance(
        "0.2.0", *engines, {}, "0" * 64, name, "2026-11-23T10:00:00+00:00", "whisper", "faster-whisper-small"
    )
    return Transcript(
        duration=moment + 2,
        speech=sum(part.end - part.start for part in parts),
        turns=tuple(turns) if named else (),
        segments=tuple(parts),
        provenance=provenance,
        grade=Grade.CLEAR if named else None,
        language="es",
        notes=notes,
    )


def waveform(transcript: Transcript, *, seed: int = 7) -> bytes:
    """Return what a transcript's recording may look like: syllables in the turns, little between them."""
    rng = np.random.default_rng(seed)
    count = round(transcript.duration * PEAKS_HZ)
    syllables = np.convolve(rng.uniform(0, 1, count) ** 2, np.hanning(7) / 3, "same")
    phrases = np.convolve(rng.uniform(0.2, 1, count), np.ones(31) / 31, "same")
    loud = rng.uniform(2, 9, count)
    for turn in transcript.turns:
        said = slice(round(turn.start * PEAKS_HZ), round(turn.end * PEAKS_HZ))
        loud[said] = np.clip(255 * syllables[said] * (0.3 + phrases[said]), 6, 235)
    return loud.astype(np.uint8).tobytes()


def session_of(transcript: Transcript, bridge: Bridge, job_id: int = 1) -> ReviewSession:
    """Return what a result window shows of a transcript; its steps go to the bridge's queue."""
    stored = StoredResult("0" * 16, transcript, Review(transcript))
    return ReviewSession(job_id, stored, bridge._service, bridge)
