"""A consultation of an hour, with all that makes exports difficult; the same whenever it is made.

Four people, in Spanish with sentences in other languages and scripts: accents, emoji, text from right to
left, people who speak at the same time, doubtful and missing words, and what a person corrected.
"""

from __future__ import annotations

from dataclasses import replace

from fi_desktop.core.case_labels import CaseLabel, DateSource
from fi_desktop.core.messages import AUDIO_GAP, RESULT_DOUBTFUL_VOICES
from fi_desktop.core.review import Review, ReviewedTranscript, Step, StepKind, fingerprint
from fi_desktop.core.revision import Check, Describe, Edit, Write
from fi_desktop.core.transcript import Grade, Provenance, Role, Segment, Transcript, Turn, Word

TURNS = 120
_LABEL = CaseLabel("0042 María José", "2026-11-29T14:00:00", DateSource.NAME)
_EVERY_S = 30.0  # a turn starts
_AT = 1_795_982_400.0  # 2026-11-29 20:00 UTC
_SAID = (
    "Buenos días, ¿cómo se ha sentido desde la última consulta?",
    "Pues más o menos, doctora; el dolor de cabeza no se me quita con nada.",
    "¿Ha tomado el losartán de 50 mg todos los días?",
    "Sí… bueno, el domingo se me olvidó, porque fuimos a Mérida a ver a mi hermana.",
    "Anoche vomitó dos veces, yo la vi, y no quiso cenar.",
    "La presión está en 150/95; vamos a ajustar la dosis.",
    "Me mandó esto por el teléfono 😀👍🏽 y ya no supe qué hacer.",
    "¿Y las mayagas, digo, las náuseas, son por la mañana o por la noche?",
    "Por la noche, sobre todo cuando me acuesto del lado izquierdo.",
    "Vamos a pedir una biometría hemática, química sanguínea y un electrocardiograma.",
    "=HYPERLINK es lo que decía el papel, no sé qué es eso.",
    "Ñandú, pingüino, corazón, «comillas» y raya —así— para probar.",
)
_FOREIGN = {
    39: ("ar", "عندي صداع منذ أسبوع، يا دكتورة."),
    41: ("he", "יש לי כאב ראש כבר שבוע."),
    42: ("en", "She says her head has hurt for a week."),
    100: ("en", "I will translate what the doctor said."),
}
_MISSING = {77, 110}
_WORDLESS = {105}

PROVENANCE = Provenance(
    app_version="0.1.0",
    engine="builtin",
    model="voices-1",
    options={"speakers": "4", "language": "es"},
    source_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    source_name="García López, María José – 28 nov 2026.m4a",
    created_at="2026-11-28T19:40:00+00:00",
    transcriber="whisper",
    transcriber_model="small",
)


def transcript() -> Transcript:
    """Return the machine's version."""
    segments = tuple(_segment(number) for number in range(TURNS))
    turns = tuple(Turn(part.start, part.end, part.speaker) for part in segments if part.speaker is not None)
    return Transcript(
        duration=TURNS * _EVERY_S,
        speech=sum(turn.duration for turn in turns),
        turns=turns,
        segments=segments,
        provenance=PROVENANCE,
        grade=Grade.FAIR,
        language="es",
        notes=(RESULT_DOUBTFUL_VOICES(), AUDIO_GAP(at=605.5, length=12.0)),
    )


def draft() -> ReviewedTranscript:
    """Return the corrected version, which nobody has reviewed."""
    return replace(_review().current, label=_LABEL)


def signed() -> ReviewedTranscript:
    """Return the corrected version, signed."""
    review = _review()
    review.add(Step(StepKind.REVIEW, _AT + 60, "Dra. Robles Ñúñez"))
    review.add(Step(StepKind.SIGN, _AT + 61, "Dra. Robles Ñúñez", sha256=fingerprint(review.transcript)))
    return replace(review.current, label=replace(_LABEL, recorded_from=DateSource.FILE))


def _review() -> Review:
    review = Review(transcript())
    edits: tuple[Edit, ...] = (
        Describe("SPEAKER_00", "Dra. Robles Ñúñez", Role.CLINICIAN),
        Describe("SPEAKER_01", "María José «Pepa» García", Role.PATIENT),
        Describe("SPEAKER_02", role=Role.COMPANION),
        Write(11, 2, 3, "náuseas,"),
        Check(0, 0, 4),
    )
    for edit in edits:
        review.add(Step(StepKind.EDIT, _AT, "robles", (edit,)))
    return review


def _segment(number: int) -> Segment:
    speaker = f"SPEAKER_{(number * 7 + number // 5) % 4:02d}"
    language, text = _FOREIGN.get(number, (None, _SAID[number * 5 % len(_SAID)]))
    overlaps = number % 9 == 4  # starts before the one before it ends
    start = number * _EVERY_S - (2.5 if overlaps else 0.0)
    spoken = text.split()
    step = 18.0 / 14
    if number in _MISSING:
        return Segment(start, start + 6.0, speaker, missing=True)
    if number in _WORDLESS:
        return Segment(start, start + 6.0, speaker)
    words = tuple(
        Word(
            round(start + place * step, 3),
            round(start + (place + 1) * step, 3),
            word,
            0.42 if (number * 13 + place * 5) % 23 == 0 else 0.93,
            speaker,
            overlap=overlaps and place < 3,
            language=language,
        )
        for place, word in enumerate(spoken)
    )
    last = words[-1]
    return replace(Segment(start, last.end, speaker, text, words), language=language)
