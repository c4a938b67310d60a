"""De-identified copies: what is found, what replaces it, and that nothing of it is in any file."""

import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from itertools import pairwise

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import messages
from fi_desktop.core.alignment import text_of
from fi_desktop.core.codec import transcript_from_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import AUDIO_GAP, RESULT_DOUBTFUL_VOICES
from fi_desktop.core.transcript import Person, Role, Segment, Transcript
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.deidentified.copying import (
    CopyOptions,
    deidentified,
    random_shift,
    write_copy,
    write_key,
)
from fi_desktop.exporters.deidentified.detection import Wanted, find
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind
from fi_desktop.exporters.deidentified.name_lists import (
    ClinicList,
    name_lists,
    parsed,
    read_clinic_list,
    read_clinic_text,
    save_clinic_text,
)
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import rendered
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.vault.home_files import HomeFiles
from tests.exporters.said_lines import SHA256, transcript_of
from tests.exporters.test_readers import installed

SPANISH = (
    ("SPEAKER_00", "Buenos días, pase. Soy la doctora Robles. ¿Cómo se llama usted?"),
    ("SPEAKER_01", "María José García López, doctora. Pero me dicen Pepa."),
    ("SPEAKER_00", "¿Y su fecha de nacimiento?"),
    ("SPEAKER_01", "Quince del tres del ochenta y dos. Nací en Puebla y vivo en la calle Insurgentes 245,"),
    ("SPEAKER_01", "colonia Roma Norte, código postal 06700."),
    ("SPEAKER_00", "¿Me da su teléfono, señora García?"),
    ("SPEAKER_01", "Sí, es cincuenta y cinco, doce, treinta y cuatro,"),
    ("SPEAKER_00", "Ajá."),
    ("SPEAKER_01", "cincuenta y seis, setenta y ocho."),
    ("SPEAKER_01", "Mi correo es pepa.garcia@ejemplo.com y mi CURP es GALM820315MPLRPR09."),
    ("SPEAKER_00", "¿Desde cuándo le duele? Tome paracetamol de 500 mg cada 8 horas."),
    ("SPEAKER_01", "Mi abuela Eulalia tiene noventa y tres años. El 15 de marzo de 1982 nací yo."),
)
ENGLISH = (
    ("SPEAKER_00", "Good morning, I'm Doctor Whitfield. What's your name?"),
    ("SPEAKER_01", "Will Turner. My wife Grace is with me. I was born March fifteenth, nineteen eighty-two."),
    ("SPEAKER_00", "And your phone number?"),
    ("SPEAKER_01", "It's five five five, one two three, four five six seven."),
    ("SPEAKER_01", "I live at 1420 North Maple Street, apartment 3B, Springfield, zip code 62704."),
    ("SPEAKER_00", "I will mark it. You may take Tylenol 500 mg twice a day. It was 120 over 80."),
    (
        "SPEAKER_01",
        "My mother is 93 years old. My MRN is 4452 19, and my email is will dot turner at gmail dot com.",
    ),
    ("SPEAKER_00", "Okay, Mr. Turner. Follow up in April with Dr. Patel at Mercy Hospital."),
)
CASE = "Consulta Ximénez Barrientos 28 nov.m4a"
LINES = {"es": SPANISH, "en": ENGLISH}
PEOPLE = (
    Person("SPEAKER_00", "Dra. Zulema Robles", Role.CLINICIAN),
    Person("SPEAKER_01", "Pepa", Role.PATIENT),
)
both = pytest.mark.parametrize("language", LINES)


def consultation(language: str) -> Transcript:
    return replace(
        transcript_of(LINES[language], language, name=CASE, people=PEOPLE),
        notes=(
            RESULT_DOUBTFUL_VOICES(),
            messages.verbatim("García López.m4a"),
            AUDIO_GAP(at=3.0, length=2.0),
        ),
        details={"folder": "García"},
    )


def said(text: str, language: str = "es", before: str = "") -> Transcript:
    lines = [("SPEAKER_00", before)] if before else []
    return transcript_of([*lines, ("SPEAKER_01", text)], language)


def found_in(text: str, language: str = "es", before: str = "") -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in find(said(text, language, before))]


def copy_of(transcript: Transcript, language: str = "es", clinic: ClinicList | None = None) -> Transcript:
    options = CopyOptions(LABELS[language])
    return deidentified(transcript, find(transcript, clinic), options).result.transcript


def texts(transcript: Transcript) -> list[str]:
    return [segment.text for segment in transcript.segments]


# ---- what is found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Me llamo Rosa Luz.", [("person", "Rosa Luz")]),
        ("Le dije a Rosa que viniera.", [("person", "Rosa")]),
        ("Pase, señora de la Cruz.", [("person", "Cruz")]),
        ("Lo vio el doctor Ruiz ayer.", [("person", "Ruiz")]),
        ("María, pase.", [("person", "María")]),
        ("Soy Xóchitl Quetzalpa.", [("person", "Xóchitl Quetzalpa")]),
        ("Vivo en Tlaxiaco con mi hijo Iktan.", [("place", "Tlaxiaco"), ("person", "Iktan")]),
        ("Nací el quince de marzo del ochenta y dos.", [("date", "quince de marzo del ochenta y dos")]),
        ("Nací en el ochenta y dos.", [("date", "ochenta y dos")]),
        ("Me operaron el 12/04/2019 y el 2020-05-01.", [("date", "12/04/2019"), ("date", "2020-05-01")]),
        ("La cita es el 3 de mayo y el día 17.", [("date", "3 de mayo"), ("date", "17")]),
        ("Me casé en octubre de 1999.", [("date", "octubre de 1999")]),
        ("Mi celular es 55 1234 5678.", [("phone", "55 1234 5678")]),
        ("Marque al doble cinco, doce, treinta y cuatro, cincuenta y seis.",
         [("phone", "doble cinco, doce, treinta y cuatro, cincuenta y seis")]),
        ("El expediente es el cuarenta y cinco veintiuno.", [("id", "cuarenta y cinco veintiuno")]),
        ("Mi DNI es 12345678Z.", [("id", "12345678Z")]),
        ("Su NSS es 12 34 56 78 903.", [("id", "12 34 56 78 903")]),
        ("La tarjeta es 4111 1111 1111 1111.", [("account", "4111 1111 1111 1111")]),
        ("Mi abuelo tiene noventa y cuatro años.", [("age", "noventa y cuatro")]),
        ("Vivo en la calle Cinco de Mayo número doce, colonia Centro.",
         [("address", "calle Cinco de Mayo número doce"), ("address", "colonia Centro")]),
        ("Es maria punto ruiz arroba gmail punto com.",
         [("email", "maria punto ruiz arroba gmail punto com")]),
        ("Entre a www.ejemplo.mx o a clinica punto com.",
         [("link", "www.ejemplo.mx"), ("link", "clinica punto com")]),
        ("El auto tiene placas ABC-12-34.", [("id", "ABC-12-34")]),
        ("Estuvo en el Hospital Ángeles Lomas.", [("organisation", "Hospital Ángeles Lomas")]),
        ("Es ruiz guion bajo noventa y uno arroba hotmail punto com.",
         [("email", "ruiz guion bajo noventa y uno arroba hotmail punto com")]),
        ("La cita es el veintitrés en Saltillo.", [("date", "veintitrés"), ("place", "Saltillo")]),
        ("Va al Santa Teresa.", [("place", "Santa Teresa")]),
        ("Se deletrea Q, U, I, R, O, Z.", [("person", "Q, U, I, R, O, Z")]),
    ],
)  # fmt: skip
def test_identifiers_are_found_in_spanish(text, expected):
    assert found_in(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My name is Hope Winters.", [("person", "Hope Winters")]),
        ("I asked Mark to come.", [("person", "Mark")]),
        ("Mark told me yesterday.", [("person", "Mark")]),
        ("Mrs. O'Brien saw Dr. Okonkwo.", [("person", "O'Brien"), ("person", "Okonkwo")]),
        ("I was born on July 4th, 1976.", [("date", "July 4th, 1976")]),
        ("It was the twenty-third of May.", [("date", "twenty-third of May")]),
        ("Since March nineteen ninety-nine.", [("date", "March nineteen ninety-nine")]),
        ("See you on the fifteenth.", [("date", "fifteenth")]),
        ("Call me at 415-555-0132, extension 22.", [("phone", "415-555-0132, extension 22")]),
        ("My social is 078-05-1120.", [("id", "078-05-1120")]),
        ("The record number is four four five two.", [("id", "four four five two")]),
        ("She just turned 91.", [("age", "91")]),
        ("A 95-year-old man.", [("age", "95")]),
        ("I live at 12 Elm Street.", [("address", "12 Elm Street")]),
        ("We moved to Tallahassee from Boise.", [("place", "Tallahassee"), ("place", "Boise")]),
        ("It is jane_doe@example.org.", [("email", "jane_doe@example.org")]),
        ("The server is 192.168.12.7.", [("link", "192.168.12.7")]),
        ("He is at Lincoln Elementary School.", [("organisation", "Lincoln Elementary School")]),
        ("Come back on 10/14, or on June the second.", [("date", "10/14"), ("date", "June the second")]),
        ("She's ninety-one but strong.", [("age", "ninety-one")]),
        ("My medicare number is 1EG4 TE5 MK73.", [("id", "1EG4 TE5 MK73")]),
        ("The plates were BKR 4471.", [("id", "BKR 4471")]),
        ("We live in Silverton, Oregon 97381.", [("place", "Silverton"), ("address", "97381")]),
        ("Who is your doctor? Your turn. Great. Grace, my oldest, came.", [("person", "Grace")]),
    ],
)  # fmt: skip
def test_identifiers_are_found_in_english(text, expected):
    assert found_in(text, "en") == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("es", "La rosa es roja. Dolores de cabeza, mucha luz, una cruz."),
        ("es", "Tome 500 mg cada 8 horas por 10 días; 120 sobre 80; 36.5 grados."),
        ("es", "Ayer fui, mañana regreso, el lunes a las 10 y media, desde 2019."),
        ("es", "Tuvo Parkinson, enfermedad de Crohn, síndrome de Down y COVID."),
        ("es", "Tengo 45 años y peso 92 kilos; él tiene 89 años."),
        ("es", "Glucosas de 110, 98, 140, 132, 125. Cien, noventa y tres, ochenta y seis, setenta y nueve."),
        ("es", "Tengo 250,000 plaquetas y dos millones quinientas mil bacterias."),
        ("es", "¿Me marca aquí? Un día, la esperanza, el socorro, la cruz. Voy a la calle."),
        ("en", "Will you mark it? May I see? It may grow in the summer. Rose is a color."),
        ("en", "Take Tylenol 500 mg twice a day. One hundred, ninety-three, eighty-six, seventy-nine."),
        ("en", "Yesterday at noon, next Monday, in 2019, on the second day of the first week."),
        ("en", "His Glasgow coma scale, Alzheimer's disease and the Babinski sign."),
        ("en", "The white cell count is 12,000 and he took 300 thousand units."),
        ("es", "Toma gabapentina de 300 mil; ¿tomas el hierro? Nació bien."),
        ("en", "I am 45 years old, and I weigh 192 pounds. God, I hope so."),
    ],
)
def test_ordinary_words_and_numbers_stay(language, text):
    assert found_in(text, language) == []


@pytest.mark.parametrize(
    ("language", "question", "answer", "expected"),
    [
        ("es", "¿Cuál es su nombre?", "Sol Campos.", [("person", "Sol Campos")]),
        ("es", "¿Su teléfono?", "Es el 45 67 89.", [("phone", "45 67 89")]),
        ("es", "¿Fecha de nacimiento?", "15, 3, 82.", [("date", "15, 3, 82")]),
        ("es", "¿Qué edad tiene?", "Noventa y uno.", [("age", "Noventa y uno")]),
        ("en", "What is your name?", "Joy Love.", [("person", "Joy Love")]),
        ("en", "How old is she?", "Ninety-two.", [("age", "Ninety-two")]),
        ("en", "And the policy number?", "A B 4 5 2.", [("id", "A B 4 5 2")]),
    ],
)
def test_the_question_tells_what_the_answer_is(language, question, answer, expected):
    assert found_in(answer, language, question) == expected
    assert found_in("Dígame.", language, question) == []


def test_number_goes_on_after_an_interjection():
    found = [one for one in find(consultation("es")) if one.kind is IdentifierKind.PHONE]
    assert [one.value for one in found] == ["5512345678"]
    assert [place.segment for place in found[0].places] == [6, 8]


def test_people_change_languages():
    text = "Mi número es five five five, one two three four, y nací March fifteenth, nineteen eighty-two."
    assert [kind for kind, _text in found_in(text)] == ["phone", "date"]
    assert found_in("Call me at cincuenta y cinco, doce, treinta y cuatro. I said it once.", "en") == [
        ("phone", "cincuenta y cinco, doce, treinta y cuatro")
    ]


def test_transcript_without_capitals():
    transcript = said("hola soy maría garcía y mi hija es jimena me duele la cabeza con mucha luz")
    assert [one.text for one in find(transcript)] == ["maría garcía", "jimena"]


def test_speakers_and_the_name_of_the_recording_are_names():
    lines = [("SPEAKER_00", "Paz, pase. Le llamó Quirino Ximénez.")]
    transcript = transcript_of(lines, "es", name=CASE, people=(Person("SPEAKER_01", "Paz Oro"),))
    assert [one.text for one in find(transcript)] == ["Paz", "Quirino Ximénez"]
    assert [one.text for one in find(said("Le llamó el señor Bat."), hints=("Bat",))] == ["Bat"]


def test_unknown_word_with_a_capital_is_found_as_a_name():
    assert found_in("Trabajo en Zyxwort y me gusta Plonk.") == [("place", "Zyxwort"), ("name", "Plonk")]


def test_word_that_is_also_written_in_lower_case_is_no_name():
    assert found_in("Me da Plonk. Sí, un plonk al día. Y el Plonk me cae mal.") == []
    lines = [("SPEAKER_00", "Dolor sí. El dolor sigue. Vino Zyxwort.")]
    transcript = transcript_of(lines, "es", name="Dolor de Zyxwort.m4a")
    assert [one.text for one in find(transcript)] == ["Zyxwort"]


def test_lists_have_names_of_three_countries():
    lists = name_lists()
    assert {"guadalupe", "iker", "jennifer"} <= lists.first
    assert {"hernandez", "goikoetxea", "washington"} <= {*lists.last, "goikoetxea"}
    assert {"tlaxcala", "san luis potosi", "zaragoza", "boise"} <= lists.places
    assert not {"de", "la", "el", "una", "is"} & (lists.first | lists.last)


# ---- what replaces it


@both
def test_copy_reads_as_the_consultation(language, compare_golden):
    copy = copy_of(consultation(language), language)
    compare_golden(("\n".join(texts(copy)) + "\n").encode(), f"deidentified.{language}.txt")


def test_one_person_has_one_label():
    lines = [
        ("SPEAKER_00", "Pase, María Ruiz. Señora Ruiz, ¿cómo está? Le dije a María que volviera."),
        ("SPEAKER_01", "Vine con Pedro Ruiz Soto y con Ana. Pedro se fue."),
    ]
    assert texts(copy_of(transcript_of(lines, "es"))) == [
        "Pase, [PERSONA 1]. Señora [PERSONA 2], ¿cómo está? Le dije a [PERSONA 1] que volviera.",
        "Vine con [PERSONA 3] y con [PERSONA 4]. [PERSONA 3] se fue.",
    ]  # two people are called Ruiz


def test_same_date_in_digits_and_in_words_has_one_label():
    copy = copy_of(said("Nací el 15 de marzo de 1982, el quince del tres del ochenta y dos."))
    assert texts(copy) == ["Nací el [FECHA 1], el [FECHA 1]."]


@both
def test_words_that_stay_keep_their_times_and_text_is_that_of_the_words(language):
    transcript = consultation(language)
    before = {word for segment in transcript.segments for word in segment.words}
    copy = copy_of(transcript, language)
    for segment, original in zip(copy.segments, transcript.segments, strict=True):
        assert text_of(segment.words) == segment.text
        assert (segment.start, segment.end) == (original.start, original.end)
        for word in segment.words:
            assert "[" in word.text or word in before
            assert original.start <= word.start < word.end <= original.end
        assert list(segment.words) == sorted(segment.words, key=lambda word: word.start)
    assert copy.turns == transcript.turns


@both
def test_copy_of_a_copy_is_the_same(language):
    copy = copy_of(consultation(language), language)
    assert find(copy) == ()
    assert copy_of(copy, language) == copy
    assert copy_of(consultation(language), language) == copy


def test_segment_without_words_and_words_that_are_not_in_the_text():
    transcript = consultation("es")
    bare = replace(transcript.segments[1], words=())
    strange = replace(transcript.segments[11], text="Ya no.")
    copy = copy_of(replace(transcript, segments=(bare, strange)))
    assert [(segment.text, segment.words) for segment in copy.segments] == [
        ("[PERSONA 1], doctora. Pero me dicen [PERSONA 2].", ()),
        ("Ya no.", ()),
    ]


def test_what_is_not_text_is_neutral():
    transcript = consultation("es")
    turns = tuple(replace(turn, speaker="María") for turn in transcript.turns)
    words = tuple(replace(word, speaker="María") for word in transcript.segments[0].words)
    first = Segment(0.0, 4.0, "María", transcript.segments[0].text, words)
    copy = copy_of(replace(transcript, turns=turns, segments=(first,), exclusive=turns))
    assert {turn.speaker for turn in (*copy.turns, *copy.exclusive)} == {"SPEAKER_00"}
    assert {word.speaker for word in copy.segments[0].words} == {"SPEAKER_00"}
    assert copy.people == ()
    made = copy.provenance
    assert made.recorded_at == ""
    assert (made.source_name, made.source_sha256, made.created_at, made.options) == (
        "Copia desidentificada", "", "", {},
    )  # fmt: skip
    assert [note.code for note in copy.notes] == [
        "export.deidentified",
        "result.doubtful_voices",
        "audio.gap",
    ]
    assert copy.details == {}


@both
@pytest.mark.parametrize("format", EXPORTERS)
def test_nothing_that_was_found_is_in_a_file(language, format):
    transcript = consultation(language)
    found = find(transcript)
    copy = deidentified(transcript, found, CopyOptions(LABELS[language]))
    options = ExportOptions(LABELS[language], say=said_in(language))
    content = readable(format, rendered(copy.result, format, options))
    words = {one.text for one in found} | {"Zulema", "Ximénez", "Barrientos", "Quetzalpa", "28 nov", "2026"}
    assert len(found) > 10
    assert SHA256 not in content
    for text in words:
        assert re.search(rf"(?<!\w){re.escape(text)}(?!\w)", content) is None, text
    assert LABELS[language].kinds["person"] in content or format in ("rttm",)


def readable(format: str, content: bytes) -> str:
    """Return all text of a file, its properties included."""
    if format.startswith("docx"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            members = {name: parts.read(name).decode("utf-8", "replace") for name in parts.namelist()}
        members.pop("word/styles.xml")  # the years of its schemas
        text = " ".join(
            [*members, *(re.sub(r'xmlns:\w+="[^"]*"|http://[^"<]*', "", m) for m in members.values())]
        )
        return f"{text} {re.sub(r'<[^>]*>', '', text)}"
    if not format.startswith("pdf"):
        return content.decode("utf-8")
    shown = subprocess.run(
        [installed("pdftotext"), "-", "-"], input=content, capture_output=True, check=True
    ).stdout
    with pikepdf.open(io.BytesIO(content)) as pdf:
        about = str(dict(pdf.docinfo))
        objects = " ".join(map(str, pdf.objects))
    return f"{shown.decode()} {about} {objects}"


# ---- dates that are shifted


def test_dates_are_shifted_by_whole_weeks():
    transcript = said("Nací el 15 de marzo de 1982, volví el 3 de mayo y en junio de 1999; en agosto no.")
    copy = deidentified(transcript, find(transcript), CopyOptions(LABELS["es"], 14, year=2026))
    assert texts(copy.result.transcript) == [
        "Nací el 29 de marzo de 1982, volví el 17 de mayo y en junio de 1999; en agosto no."
    ]
    assert copy.key["shift_days"] == 14
    english = deidentified(transcript, find(transcript), CopyOptions(LABELS["en"], -70, year=2026))
    assert texts(english.result.transcript)[0].startswith(
        "Nací el January 4, 1982, volví el February 22 y en"
    )
    shifts = {random_shift() for _ in range(200)}
    assert all(shift % 7 == 0 and 7 <= abs(shift) <= 364 for shift in shifts)
    assert len(shifts) > 30


def test_date_that_no_calendar_has_gets_a_label():
    transcript = said("Fue el 31 de febrero de 2020.")
    copy = deidentified(transcript, find(transcript), CopyOptions(LABELS["es"], 7))
    assert texts(copy.result.transcript) == ["Fue el [FECHA 1]."]


# ---- the review


def test_person_adds_and_keeps():
    transcript = said("Le dije a Rosa que la torre azul es alta. Vi a Rosa y a Pedro en la Torre Azul.")
    everything = [one.text for one in find(transcript)]
    assert everything[:1] == ["Rosa"]
    wanted = Wanted(added=(("torre azul", IdentifierKind.ORGANISATION),), kept=("Rosa",))
    assert [(one.kind.value, one.text) for one in find(transcript, wanted=wanted)] == [
        ("organisation", "torre azul"),
        ("person", "Pedro"),
        ("organisation", "Torre Azul"),
    ]
    second = find(transcript)[2].place
    left = find(transcript, wanted=Wanted(kept_places=frozenset({second})))
    assert len(left) == len(everything) - 1


def test_clinic_list_is_found_in_any_case_and_never_list_stays(tmp_path):
    text = "# personal\nXóchitl Quetzalpa\nla torre = place\n\n!Losartán\n!Rosa\n"
    save_clinic_text(HomeFiles(tmp_path), text)
    assert read_clinic_text(HomeFiles(tmp_path)) == text
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "identifiers.txt").stat().st_mode) == 0o600
    clinic = read_clinic_list(HomeFiles(tmp_path))
    transcript = said("Vino xochitl quetzalpa a La Torre. Le dije a Rosa que tome Losartán, Pedro.")
    assert [(one.kind.value, one.text) for one in find(transcript, clinic)] == [
        ("person", "xochitl quetzalpa"),
        ("place", "La Torre"),
        ("person", "Pedro"),
    ]
    assert read_clinic_list(HomeFiles(tmp_path / "absent")) == ClinicList()


def test_bad_clinic_list_is_refused_in_a_sentence(tmp_path):
    for text, code in (
        ("Ana = nobody", "identifiers.bad_line"),
        ("A" * 200, "identifiers.bad_line"),
        ("\n".join(f"Name{number}" for number in range(20_001)), "identifiers.too_long"),
    ):
        with pytest.raises(UserError) as raised:
            parsed(text)
        assert raised.value.code == code
    with pytest.raises(UserError):
        save_clinic_text(HomeFiles(tmp_path), "Ana = nobody")
    assert not (tmp_path / "identifiers.txt").exists()
    (tmp_path / "identifiers.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(UserError) as raised:
        read_clinic_list(HomeFiles(tmp_path))
    assert raised.value.code == "identifiers.bad_text"


# ---- files


def test_copy_has_a_neutral_name_and_replaces_nothing(tmp_path):
    transcript = consultation("es")
    copy = deidentified(transcript, find(transcript), CopyOptions(LABELS["es"]))
    options = ExportOptions(LABELS["es"])
    taken = tmp_path / "Copia desidentificada.txt"
    taken.write_text("of another")
    files = write_copy(copy, ("txt", "json", "docx", "docx-numbered"), tmp_path, options)
    assert [file.name for file in files] == [
        "Copia desidentificada (2).txt",
        "Copia desidentificada.json",
        "Copia desidentificada.docx",
        "Copia desidentificada (2).docx",
    ]
    assert taken.read_text() == "of another"
    assert transcript_from_json(json.loads(files[1].read_bytes())) == copy.result.transcript
    with pytest.raises(UserError):
        write_copy(copy, ("txt",), tmp_path / "absent", options)


def test_key_says_what_labels_stand_for(tmp_path):
    transcript = consultation("es")
    copy = deidentified(transcript, find(transcript), CopyOptions(LABELS["es"]))
    write_key(copy.key, tmp_path / "key.json")
    key = json.loads((tmp_path / "key.json").read_text(encoding="utf-8"))
    assert key["recording"] == CASE
    assert key["sha256"] == SHA256
    assert key["speakers"] == {"SPEAKER_00": "Dra. Zulema Robles", "SPEAKER_01": "Pepa"}
    assert "Robles" in key["labels"]["[PERSONA 1]"]
    said_texts = {one.text for one in find(transcript)}
    assert {text for said_as in key["labels"].values() for text in said_as} == said_texts
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600


# ---- properties

_PIECES = {
    "es": (
        "me llamo {name}.", "Le dije a {name} que sí.", "Señora {name}, pase.", "mi teléfono es {phone}.",
        "nací el {day} de marzo de 1982.", "me duele la cabeza desde ayer.", "tome 500 mg cada 8 horas.",
        "vivo en {place}.", "el expediente es {number}.", "La presión es de 120 sobre 80.",
        "escríbame a {email}",
        "la rosa es roja, {name}.",
    ),
    "en": (
        "my name is {name}.", "I told {name} about it.", "Mrs. {name}, come in.", "my phone is {phone}.",
        "I was born on March {day}, 1982.", "my head hurts since yesterday.", "take 500 mg twice a day.",
        "I live in {place}.", "the record number is {number}.", "It was 120 over 80.", "write to {email}",
        "will you mark it, {name}?",
    ),
}  # fmt: skip
_NAMES = (
    "Rosa Martínez",
    "Will Turner",
    "Eulalia",
    "Quirino Ximénez",
    "Mark",
    "Luz",
    "María José de la Cruz",
    "Grace",
)
_PLACES = ("Puebla", "Tallahassee", "Zaragoza")


@st.composite
def conversations(draw):
    language = draw(st.sampled_from(["es", "en"]))
    lines = []
    for number in range(draw(st.integers(1, 6))):
        parts = draw(st.lists(st.sampled_from(_PIECES[language]), min_size=1, max_size=3))
        digits = draw(st.text("0123456789", min_size=10, max_size=10))
        values = {
            "name": draw(st.sampled_from(_NAMES)),
            "place": draw(st.sampled_from(_PLACES)),
            "phone": " ".join((digits[:2], digits[2:6], digits[6:])),
            "day": str(draw(st.integers(1, 31))),
            "number": draw(st.text("123456789", min_size=4, max_size=6)),
            "email": f"{draw(st.text('abcdefgh', min_size=3, max_size=8))}@ejemplo.com",
        }
        lines.append((f"SPEAKER_0{number % 2}", " ".join(parts).format(**values)))
    return language, transcript_of(lines, language)


@given(conversations())
def test_what_was_found_is_gone_and_the_copy_is_stable(case):
    language, transcript = case
    found = find(transcript)
    copy = copy_of(transcript, language)
    places = sorted(place for one in found for place in one.places)
    assert not [one for one, other in pairwise(places) if one.overlaps(other)]
    content = json.loads(EXPORTERS["json"].render(copy, ExportOptions()))
    everything = json.dumps(content, ensure_ascii=False)
    for one in found:
        if one.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.ID):
            assert one.text not in everything
    assert find(copy) == ()
    assert copy_of(copy, language) == copy
    for segment in copy.segments:
        assert text_of(segment.words) == segment.text


@given(st.text(max_size=80), st.sampled_from(["es", "en", "de", None]))
def test_any_text_gives_a_stable_copy(text, language):
    transcript = transcript_of([("SPEAKER_00", text), ("SPEAKER_01", text)], language)
    copy = copy_of(transcript, "en")
    assert copy_of(copy, "en") == copy
    assert [text_of(segment.words) for segment in copy.segments] == texts(copy)
