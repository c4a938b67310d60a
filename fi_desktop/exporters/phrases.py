"""The texts of exports in each language, and what notes say in it, without Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from fi_desktop.core import messages
from fi_desktop.core.messages import Message, Note, Phrasing
from fi_desktop.core.transcript import Role
from fi_desktop.system import qm
from fi_desktop.system.files import resource


@dataclass(frozen=True, slots=True)
class Labels:
    """The texts of an export in one language, with their values in braces.

    Attributes:
        code: the language, with the country whose spelling it has (BCP 47).
        speaker: a speaker's name, with a {number} from 1; unknown: of an unknown speaker.
        length: of the recording, {time}; one_speaker, speakers: how many there are, {number}.
        made_by: with which {version} and {engines}, at which {moment}; both: {one} and {other} engine.
        hashed: the hash of the recording, {sha256}.
        note: precedes a {note}.
        draft: says that nobody has reviewed the transcript; reviewed: that a person with {name} did, at which
            {moment}; signed: that they signed it, with its {sha256}.
        roles: what speakers without a name are called, by role; person: a speaker's {name} with the {role}.
        people: lists the speakers, {people}.
        doubt: marks a {word} that was hard to hear; doubts: explains the mark.
        underlined, underscored: explain other marks of such words; unmarked: says that a {number} has none.
        overlaps: explains the mark of words that overlap with another speaker's.
        missing: stands for speech without words, from {start} to {end}.
        silence: says that nobody speaks.
        moment: date and time, for strftime; day: only the date.
        page: {number} of a page, {total} number of pages.
        turn, interruption, pause: say what these figures of a conversation count.
        names: headings of columns and facts, by the name of a field of a table.
        languages: names of frequent spoken languages, by ISO 639-1 code.
        deidentified: name of a de-identified copy; kinds: what its labels call what they stand for.
    """

    code: str
    speaker: str
    unknown: str
    length: str
    one_speaker: str
    speakers: str
    made_by: str
    both: str
    hashed: str
    note: str
    draft: str
    reviewed: str
    signed: str
    roles: Mapping[Role, str]
    person: str
    people: str
    doubt: str
    doubts: str
    underlined: str
    underscored: str
    unmarked: str
    overlaps: str
    missing: str
    silence: str
    moment: str
    day: str
    page: str
    turn: str
    interruption: str
    pause: str
    names: Mapping[str, str]
    languages: Mapping[str, str]
    deidentified: str
    kinds: Mapping[str, str]


LABELS = {
    "en": Labels(
        code="en-US",
        speaker="Speaker {number}",
        unknown="Unknown speaker",
        length="{time} long",
        one_speaker="1 speaker",
        speakers="{number} speakers",
        made_by="Made by fi-desktop {version} ({engines}), {moment}",
        both="{one} and {other}",
        hashed="SHA-256 of the recording: {sha256}",
        note="Note: {note}",
        draft="Draft, not reviewed.",
        reviewed="Reviewed by {name}, {moment}.",
        signed="Signed by {name}, {moment}. SHA-256 {sha256}.",
        roles={
            Role.CLINICIAN: "Clinician",
            Role.PATIENT: "Patient",
            Role.COMPANION: "Companion",
            Role.NURSE: "Nurse",
            Role.INTERPRETER: "Interpreter",
            Role.OTHER: "Other",
        },
        person="{name} ({role})",
        people="Speakers: {people}",
        doubt="[{word}?]",
        doubts="Words in [brackets?] were hard to hear.",
        underlined="Underlined words were hard to hear.",
        underscored="Words between _underscores_ were hard to hear.",
        unmarked="Words that were hard to hear, and are not marked here: {number}.",
        overlaps="Words between //slashes// were spoken at the same time as another person's.",
        missing="[not understood, {start}–{end}]",
        silence="Nobody speaks in this recording.",
        moment="%Y-%m-%d %H:%M",
        day="%Y-%m-%d",
        page="Page {number} of {total}",
        turn=(
            "A turn lasts until another person takes over, or until three seconds of silence; "
            "what a listener says meanwhile, such as “mhm”, is not a turn."
        ),
        interruption=(
            "An interruption is a turn that begins at least a quarter of a second before another person "
            "stops, and goes on for at least as long after them."
        ),
        pause="Pauses are medians: from when another person stops to when the answer begins.",
        names={
            "recorded": "Recorded",
            "file_date": "Date of the file",
            "recording": "Recording",
            "length": "Length",
            "speakers": "Speakers",
            "language": "Language",
            "transcribed": "Transcribed",
            "line": "No.",
            "time": "Time",
            "start": "Start",
            "end": "End",
            "speaker": "Speaker",
            "role": "Role",
            "text": "Text",
            "doubtful": "Hard to hear",
            "overlap": "Overlap",
            "state": "State",
            "figures": "Figures of the conversation",
            "speaking": "Speaking time",
            "share": "Share",
            "turns": "Turns",
            "interruptions": "Interruptions",
            "longest": "Longest turn",
            "pause": "Pause",
            "rate": "Words/min",
            "answers": "Pause before answers",
            "silence": "Silence",
            "together": "Several at once",
        },
        languages={
            "ar": "Arabic",
            "de": "German",
            "en": "English",
            "es": "Spanish",
            "fr": "French",
            "he": "Hebrew",
            "it": "Italian",
            "ja": "Japanese",
            "ko": "Korean",
            "pt": "Portuguese",
            "ru": "Russian",
            "zh": "Chinese",
        },
        deidentified="De-identified copy",
        kinds={
            "person": "PERSON",
            "date": "DATE",
            "age": "AGE 90 OR OVER",
            "phone": "PHONE",
            "email": "E-MAIL",
            "address": "ADDRESS",
            "place": "PLACE",
            "organisation": "INSTITUTION",
            "id": "NUMBER",
            "account": "ACCOUNT",
            "link": "LINK",
            "name": "NAME",
        },
    ),
    "es": Labels(
        code="es-MX",
        speaker="Hablante {number}",
        unknown="Hablante desconocido",
        length="Duración {time}",
        one_speaker="1 hablante",
        speakers="{number} hablantes",
        made_by="Hecho con fi-desktop {version} ({engines}), {moment}",
        both="{one} y {other}",
        hashed="SHA-256 de la grabación: {sha256}",
        note="Nota: {note}",
        draft="Borrador sin revisar.",
        reviewed="Revisado por {name}, {moment}.",
        signed="Firmado por {name}, {moment}. SHA-256 {sha256}.",
        roles={
            Role.CLINICIAN: "Médico",
            Role.PATIENT: "Paciente",
            Role.COMPANION: "Acompañante",
            Role.NURSE: "Enfermería",
            Role.INTERPRETER: "Intérprete",
            Role.OTHER: "Otra persona",
        },
        person="{name} ({role})",
        people="Hablantes: {people}",
        doubt="[¿{word}?]",
        doubts="Las palabras entre [¿corchetes?] se oyeron mal.",
        underlined="Las palabras subrayadas se oyeron mal.",
        underscored="Las palabras entre _guiones bajos_ se oyeron mal.",
        unmarked="Palabras que se oyeron mal y que aquí no se señalan: {number}.",
        overlaps="Las palabras entre //diagonales// se dijeron al mismo tiempo que las de otra persona.",
        missing="[no se entendió, {start}–{end}]",
        silence="Nadie habla en esta grabación.",
        moment="%d/%m/%Y %H:%M",
        day="%d/%m/%Y",
        page="Página {number} de {total}",
        turn=(
            "Un turno dura hasta que otra persona toma la palabra o hasta tres segundos de silencio; "
            "lo que dice entretanto quien escucha, como «mhm», no cuenta como turno."
        ),
        interruption=(
            "Una interrupción es un turno que empieza al menos un cuarto de segundo antes de que otra "
            "persona deje de hablar y sigue al menos otro tanto después."
        ),
        pause="Las pausas son medianas: de que otra persona deja de hablar a que empieza la respuesta.",
        names={
            "recorded": "Fecha",
            "file_date": "Fecha del archivo",
            "recording": "Grabación",
            "length": "Duración",
            "speakers": "Hablantes",
            "language": "Idioma",
            "transcribed": "Transcripción",
            "line": "N.º",
            "time": "Tiempo",
            "start": "Inicio",
            "end": "Fin",
            "speaker": "Hablante",
            "role": "Papel",
            "text": "Texto",
            "doubtful": "Se oyó mal",
            "overlap": "Simultáneo",
            "state": "Estado",
            "figures": "Cifras de la conversación",
            "speaking": "Tiempo hablado",
            "share": "Parte",
            "turns": "Turnos",
            "interruptions": "Interrupciones",
            "longest": "Turno más largo",
            "pause": "Pausa",
            "rate": "Palabras/min",
            "answers": "Pausa antes de responder",
            "silence": "Silencio",
            "together": "Varios a la vez",
        },
        languages={
            "ar": "árabe",
            "de": "alemán",
            "en": "inglés",
            "es": "español",
            "fr": "francés",
            "he": "hebreo",
            "it": "italiano",
            "ja": "japonés",
            "ko": "coreano",
            "pt": "portugués",
            "ru": "ruso",
            "zh": "chino",
        },
        deidentified="Copia desidentificada",
        kinds={
            "person": "PERSONA",
            "date": "FECHA",
            "age": "EDAD 90 O MÁS",
            "phone": "TELÉFONO",
            "email": "CORREO",
            "address": "DOMICILIO",
            "place": "LUGAR",
            "organisation": "INSTITUCIÓN",
            "id": "NÚMERO",
            "account": "CUENTA",
            "link": "ENLACE",
            "name": "NOMBRE",
        },
    ),
}
"""By language, ISO 639-1; for files, the clipboard and the command line."""


class _Catalogue(Phrasing):
    """Says notes in another language, with the texts of the window's catalogue."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def template(self, message: Message) -> str:
        return self._texts.get(message.text) or message.text


@cache
def said_in(language: str) -> Callable[[Note], str]:
    """Return what says notes in a language, one of `LABELS`; in English if its catalogue cannot be read."""
    try:
        content = resource("i18n", f"fi_desktop_{language}.qm").read_bytes()
        texts = qm.translations(content, messages.CONTEXT)
    except (OSError, ValueError):
        texts = {}
    return _Catalogue(texts).say
