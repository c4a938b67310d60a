"""Each format, its golden files, and properties of all."""

import json
import re
from dataclasses import fields, replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import messages
from fi_desktop.core.alignment import segments_of
from fi_desktop.core.codec import transcript_from_json, transcript_to_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import verbatim
from fi_desktop.core.review import (
    Review,
    ReviewedTranscript,
    Step,
    StepKind,
    check_signature,
    fingerprint,
)
from fi_desktop.core.revision import Check, Describe, Edit
from fi_desktop.core.transcript import Grade, Provenance, Role, Segment, Transcript, Turn, Word
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters import EXPORTERS, _Exporters
from fi_desktop.exporters.exporter import DEFAULTS, ExportOptions, marked_text
from fi_desktop.exporters.files import export, rendered
from fi_desktop.exporters.phrases import LABELS, Labels

GOLDEN = Path(__file__).parent.parent / "golden"

PROVENANCE = Provenance(
    app_version="0.1.0",
    engine="builtin",
    model="",
    options={"speakers": "2", "transcribe": True},
    source_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    source_name="Consulta nº 3 – García.m4a",
    created_at="2026-11-23T19:40:00+00:00",
    transcriber="whisper",
    transcriber_model="small",
)

TURNS = (
    Turn(0.5, 3.2504, "SPEAKER_00"),
    Turn(3.2504, 6.7, "SPEAKER_01"),
    Turn(6.7, 7.2, "SPEAKER_00"),
    Turn(3725.0, 3726.04, "SPEAKER_01"),
)

WITH_WORDS = Transcript(
    duration=3730.25,
    speech=7.74,
    turns=TURNS,
    segments=(
        Segment(
            0.5,
            3.2504,
            "SPEAKER_00",
            "Buenos días, ¿qué le pasa?",
            (Word(0.5, 0.9, "Buenos", 0.98, "SPEAKER_00"), Word(0.9, 1.4, "días,", 0.97, "SPEAKER_00")),
        ),
        Segment(3.2504, 6.7, "SPEAKER_01", "Me duele\nla cabeza."),
        Segment(6.7, 7.2, "SPEAKER_00"),
        Segment(3725.0, 3726.04, None, "Gracias."),
    ),
    provenance=PROVENANCE,
    grade=Grade.DOUBTFUL,
    details={"distance": 0.41},
    language="es",
    notes=(verbatim("The voices are hard to tell apart: check who speaks."),),
)

WITHOUT_WORDS = replace(
    WITH_WORDS,
    segments=segments_of(TURNS),
    provenance=replace(PROVENANCE, transcriber="", transcriber_model=""),
    grade=None,
    details={},
    language=None,
    notes=(),
)


def text_of(format: str, transcript: Transcript, options: ExportOptions = DEFAULTS) -> str:
    return EXPORTERS[format].render(transcript, options).decode("utf-8")


# test_golden.py compares all formats
@pytest.mark.parametrize("format", ["json", "rttm", "srt", "txt", "vtt"])
@pytest.mark.parametrize(("stem", "transcript"), [("words", WITH_WORDS), ("turns", WITHOUT_WORDS)])
def test_exports_have_the_golden_bytes(tmp_path, compare_golden, stem, transcript, format):
    target = tmp_path / f"result.{EXPORTERS[format].extension}"

    export(ReviewedTranscript(transcript), format, target)

    compare_golden(target.read_bytes(), f"{stem}.{EXPORTERS[format].extension}")


SPANISH = ExportOptions(
    LABELS["es"], timezone(timedelta(hours=-6)), {WITH_WORDS.notes[0]: "Voces parecidas."}.get
)
DOUBTFUL = replace(
    WITH_WORDS,
    segments=(
        Segment(
            1.5,
            3.2504,
            "SPEAKER_00",
            "Me duelen las mayagas, doctora.",
            (
                Word(1.5, 1.7, "Me", 0.98),
                Word(1.7, 2.0, "duelen", 0.98),
                Word(2.0, 2.1, "las", 0.97),
                Word(2.1, 2.6, "mayagas,", 0.2),
                Word(2.6, 3.2, "doctora.", 0.99),
            ),
        ),
        Segment(3.4, 4.0, "SPEAKER_01"),
        Segment(4.0, 5.0, None, "Gracias."),
    ),
)


def test_adjacent_doubtful_words_of_a_sentence_share_one_mark():
    said = (
        ("Hoy", 0.9),
        ("le", 0.2),
        ("duele,", 0.2),
        ("mucho.", 0.3),
        ("Tome", 0.1),
        ("dos", 0.9),
        ("al", 0.2),
    )
    words = tuple(Word(at, at + 0.5, text, sure) for at, (text, sure) in enumerate(said))
    segment = Segment(0.0, 7.0, "SPEAKER_00", " ".join(text for text, _ in said), words)
    assert marked_text(segment, SPANISH) == "Hoy [¿le duele, mucho?]. [¿Tome?] dos [¿al?]"


def test_text_is_in_the_persons_language_and_marks_words_that_were_hard_to_hear():
    assert text_of("txt", DOUBTFUL, SPANISH) == (
        "Consulta nº 3 – García.m4a\n"
        "Duración 01:02:10, 2 hablantes\n"
        "Hecho con fi-desktop 0.1.0 (builtin y whisper), 23/11/2026 13:40\n"
        f"SHA-256 de la grabación: {PROVENANCE.source_sha256}\n"
        "Borrador sin revisar. Las palabras entre [¿corchetes?] se oyeron mal.\n"
        "Nota: Voces parecidas.\n"
        "\n"
        "[00:00:01] Hablante 1: Me duelen las [¿mayagas?], doctora.\n"
        "00:00:03.4 – 00:00:04.0  Hablante 2\n"
        "[00:00:04] Hablante desconocido: Gracias.\n"
    )


def test_subtitles_are_in_the_persons_language_too():
    srt = text_of("srt", DOUBTFUL, SPANISH)
    assert srt.startswith("1\n00:00:00,000 --> 00:00:01,500\nBorrador sin revisar.\n\n2\n")
    assert "Hablante 1: Me duelen las [¿mayagas?]," in srt
    vtt = text_of("vtt", DOUBTFUL, SPANISH)
    explained = "Borrador sin revisar. Las palabras entre [¿corchetes?] se oyeron mal."
    assert vtt.startswith(f"WEBVTT\n\nNOTE {explained}\n\n")
    assert "<v Hablante 1>Me duelen las [¿mayagas?], doctora." in vtt


@pytest.mark.parametrize("format", ["json", "rttm"])
def test_formats_for_programs_are_the_same_in_any_language(format):
    assert text_of(format, DOUBTFUL, SPANISH) == text_of(format, DOUBTFUL)


def test_each_language_has_all_labels_with_the_same_values():
    def asked(text):
        return set(re.findall(r"\{(\w+)\}", text))

    for labels in LABELS.values():
        assert set(labels.roles) == set(Role)
        for field in fields(Labels):
            text = getattr(labels, field.name)
            if not isinstance(text, str):
                assert text.keys() == getattr(LABELS["en"], field.name).keys()
                assert all(text.values())
                continue
            assert text
            assert asked(text) == asked(getattr(LABELS["en"], field.name))


def test_transcript_of_the_first_schema_is_read():
    data = json.loads((GOLDEN / "words.version-1.json").read_text(encoding="utf-8"))

    assert transcript_from_json(data) == WITH_WORDS


def test_unknown_fields_of_another_version_are_ignored():
    data = {**transcript_to_json(WITH_WORDS), "voices": {"SPEAKER_00": [0.5, -0.25]}}

    assert transcript_from_json(data) == WITH_WORDS
    assert "voices" not in transcript_to_json(transcript_from_json(data))


def test_formats_are_keyed_by_name_and_have_different_extensions():
    assert all(key == exporter.name for key, exporter in EXPORTERS.items())
    assert len({exporter.title for exporter in EXPORTERS.values()}) == len(EXPORTERS)
    formats = set(EXPORTERS) - {"docx-numbered", "pdf-figures", "html-figures"}  # files like the others
    assert len({EXPORTERS[format].extension for format in formats}) == len(formats)


def test_documents_come_before_formats_for_programs():
    assert list(EXPORTERS)[:3] == ["docx", "pdf", "txt"]
    assert [name for name, exporter in EXPORTERS.items() if exporter.common] == ["docx", "pdf", "txt"]


PLUGIN = """
from fi_desktop.exporters.exporter import Exporter

EXPORTER = Exporter("odt", "Writer", "odt", "application/odt", lambda *_given: b"PK\\xff\\x00")
TXT = Exporter("txt", "Another text", "text", "text/plain", lambda *_given: b"")
"""


def test_plugin_adds_a_binary_format_and_replaces_no_built_in_one(tmp_path, monkeypatch):
    metadata = tmp_path / "plugin-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 1\n")
    names = (
        "odt = fi_odt:EXPORTER",
        "txt = fi_odt:TXT",
        "broken = fi_odt:MISSING",
        "odd = fi_odt:PLUGIN",
    )
    (metadata / "entry_points.txt").write_text("[fi_desktop.exporters]\n" + "\n".join(names))
    (tmp_path / "fi_odt.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(tmp_path)

    found = _Exporters()

    assert list(found) == [*EXPORTERS, "odt"]
    assert found["txt"] is EXPORTERS["txt"]
    assert found["odt"].render(WITH_WORDS, DEFAULTS) == b"PK\xff\x00"


# Property tests

labels = st.sampled_from(["SPEAKER_00", "SPEAKER_01", "SPEAKER_02"]) | st.text(max_size=20)
seconds = st.floats(0, 100_000, allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def spans(draw):
    start = draw(seconds)
    return start, start + draw(st.floats(0, 600))


words = st.builds(
    lambda span, text, probability, speaker: Word(*span, text, probability, speaker),
    spans(),
    texts,
    st.none() | st.floats(0, 1),
    st.none() | labels,
)
turns = st.builds(lambda span, speaker: Turn(*span, speaker), spans(), labels)
segments = st.builds(
    lambda span, speaker, text, parts: Segment(*span, speaker, text, tuple(parts)),
    spans(),
    st.none() | labels,
    texts,
    st.lists(words, max_size=4),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
notes = st.sampled_from(
    (
        verbatim("Something."),
        messages.RESULT_DOUBTFUL_VOICES(),
        messages.AUDIO_GAP(at=1.5, length=70.0),
        messages.RESULT_WORDS_MISSING(reason=messages.AUDIO_NO_SPEECH()),
    )
)
transcripts = st.builds(
    Transcript,
    duration=seconds,
    speech=seconds,
    turns=st.lists(turns, max_size=6).map(tuple),
    segments=st.lists(segments, max_size=6).map(tuple),
    provenance=st.builds(
        Provenance,
        app_version=texts,
        engine=texts,
        model=texts,
        options=st.dictionaries(texts, json_values, max_size=3),
        source_sha256=texts,
        source_name=texts,
        created_at=texts,
        transcriber=texts,
        transcriber_model=texts,
    ),
    grade=st.none() | st.sampled_from(Grade),
    details=st.dictionaries(texts, json_values, max_size=3),
    language=st.none() | texts,
    notes=st.lists(notes, max_size=3).map(tuple),
    probable_speakers=st.none() | st.integers(1, 9),
)


@given(transcripts)
def test_json_round_trip(transcript):
    text = text_of("json", transcript)

    assert transcript_from_json(json.loads(text)) == transcript


@given(transcripts)
def test_rttm_has_ten_fields_and_keeps_every_turn_to_the_millisecond(transcript):
    text = text_of("rttm", transcript)

    # Parsed independently of the product: lines end in "\n", fields are separated by white space.
    rows = [line.split() for line in text.split("\n") if line]
    assert all(len(row) == 10 for row in rows)
    assert all(row[0] == "SPEAKER" and row[2] == "1" for row in rows)
    assert all(row[5] == row[6] == row[8] == row[9] == "<NA>" for row in rows)
    assert len({row[1] for row in rows}) <= 1
    starts = [float(row[3]) for row in rows]
    assert starts == sorted(starts)
    expected = [turn for turn in transcript.turns if round(turn.end * 1000) > round(turn.start * 1000)]
    assert len(rows) == len(expected)
    for row, turn in zip(
        rows, sorted(expected, key=lambda turn: (turn.start, turn.end, turn.speaker)), strict=True
    ):
        assert float(row[3]) == pytest.approx(turn.start, abs=0.00051)
        assert float(row[3]) + float(row[4]) == pytest.approx(turn.end, abs=0.00051)


ms = st.integers(0, 100_000)
overlapping = st.lists(
    st.builds(
        lambda start, length, number: Turn(start / 1000, (start + length) / 1000, f"SPEAKER_{number:02d}"),
        ms,
        st.integers(1, 30_000),
        st.integers(0, 2),
    ),
    max_size=12,
).map(lambda turns: tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))))


@given(overlapping)
def test_rttm_round_trip_of_overlapping_turns(turns):
    rows = text_of("rttm", replace(WITHOUT_WORDS, turns=turns, segments=segments_of(turns))).splitlines()

    fields = [row.split(" ") for row in rows]
    read = [
        Turn(float(at), round(float(at) + float(length), 3), who)
        for _, _, _, at, length, *_, who, _, _ in fields
    ]
    assert tuple(read) == turns


@given(transcripts)
def test_text_has_one_line_per_segment(transcript):
    text = text_of("txt", transcript)

    body = text.split("\n\n", 1)[1] if transcript.segments else ""
    assert len([line for line in body.split("\n") if line]) == len(transcript.segments)


@pytest.mark.parametrize(
    ("source_name", "file_id"),
    [
        ("visit.wav", "visit"),
        ("Consulta nº 3 – García.m4a", "Consulta_nº_3_–_García"),
        ("tab\tand\nline.wav", "tab_and_line"),
        ("two\u2003spaces .wav", "two_spaces"),
        (";;comment.wav", "comment"),
        ("", "recording"),
        ("  ", "recording"),
    ],
)
def test_file_id_is_one_field(source_name, file_id):
    transcript = replace(WITHOUT_WORDS, provenance=replace(PROVENANCE, source_name=source_name))

    fields = text_of("rttm", transcript).split("\n")[0].split(" ")

    assert fields[1] == file_id
    assert len(fields) == 10


def test_transcript_without_speech_says_so():
    silent = replace(WITHOUT_WORDS, turns=(), segments=(), speech=0.0)

    assert text_of("rttm", silent) == ""
    assert text_of("txt", silent).endswith("\n\nNobody speaks in this recording.\n")


def test_speaker_names_given_by_people_are_kept():
    named = replace(
        WITHOUT_WORDS, segments=(Segment(0, 1, "Dra. Ruiz", "Hola."), Segment(1, 2, "SPEAKER_11", "Sí."))
    )

    lines = text_of("txt", named).splitlines()

    assert lines[-2:] == ["[00:00:00] Dra. Ruiz: Hola.", "[00:00:01] Speaker 12: Sí."]


def test_name_with_half_a_character_does_not_prevent_the_export(tmp_path):
    broken = replace(WITH_WORDS, provenance=replace(PROVENANCE, source_name="caf\udce9.wav"))

    for name, exporter in EXPORTERS.items():
        target = tmp_path / f"result.{exporter.extension}"
        export(ReviewedTranscript(broken), name, target)
        if exporter.extension not in ("docx", "pdf"):
            target.read_bytes().decode("utf-8")


def test_export_replaces_the_file_and_leaves_no_other(tmp_path):
    target = tmp_path / ("n" * 251 + ".txt")
    target.write_text("before")

    export(ReviewedTranscript(WITH_WORDS), "txt", target)

    assert "Buenos días" in target.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [target]


def test_error_of_a_folder_that_refuses_files_names_no_path(tmp_path):
    with pytest.raises(UserError) as caught:
        export(ReviewedTranscript(WITH_WORDS), "txt", tmp_path / "missing" / "result.txt")

    assert caught.value.code == "export.not_written"
    assert str(tmp_path) not in str(caught.value)


def test_target_that_is_a_folder_leaves_nothing_behind(tmp_path):
    (tmp_path / "result.txt").mkdir()
    (tmp_path / "result.txt" / "inside").touch()

    with pytest.raises(UserError):
        export(ReviewedTranscript(WITH_WORDS), "txt", tmp_path / "result.txt")

    assert [path.name for path in tmp_path.iterdir()] == ["result.txt"]


WITH_GAP = replace(
    DOUBTFUL,
    segments=(DOUBTFUL.segments[0], Segment(3.4, 13.9, "SPEAKER_01", missing=True), DOUBTFUL.segments[2]),
)


def test_speech_without_words_is_shown_at_its_place_in_every_format():
    told = "[no se entendió, 0:03–0:13]"
    assert f"\n[00:00:03] Hablante 2: {told}\n" in text_of("txt", WITH_GAP, SPANISH)
    srt = text_of("srt", WITH_GAP, SPANISH)
    assert f"00:00:03,400 --> 00:00:13,900\nHablante 2: {told}\n" in srt
    assert f"<v Hablante 2>{told}\n" in text_of("vtt", WITH_GAP, SPANISH)
    segments = json.loads(text_of("json", WITH_GAP, SPANISH))["segments"]
    assert [segment.get("missing", False) for segment in segments] == [False, True, False]


def test_header_says_how_many_words_may_be_wrong():
    words = tuple(Word(at, at + 0.5, "sí", 0.96) for at in range(40))
    unsure = replace(DOUBTFUL, segments=(Segment(0.0, 40.0, None, " ".join(["sí"] * 40), words),))
    assert "\nDraft, not reviewed. About 4 in 100 words may be wrong.\n" in text_of("txt", unsure)
    assert text_of("vtt", unsure).startswith(
        "WEBVTT\n\nNOTE Draft, not reviewed. About 4 in 100 words may be wrong.\n\n"
    )


def step(kind: StepKind, *edits: Edit, sha256: str = "") -> Step:
    return Step(kind, 1_764_410_400.0, "Dra. Robles", edits, sha256)


def signed() -> ReviewedTranscript:
    """A transcript that was corrected, reviewed and signed."""
    review = Review(WITH_WORDS)
    names = (Describe("SPEAKER_00", role=Role.CLINICIAN), Describe("SPEAKER_01", "María <b>"))
    review.add(step(StepKind.EDIT, *names, Check(0, 0, 1)))
    review.add(step(StepKind.REVIEW))
    review.add(step(StepKind.SIGN, sha256=fingerprint(review.transcript)))
    return review.current


@pytest.mark.parametrize(("format", "lead"), [("txt", "{}: "), ("srt", "{}: "), ("vtt", "<v {}>")])
def test_speakers_have_their_names_and_roles(format: str, lead: str):
    text = rendered(signed(), format, SPANISH).decode("utf-8")
    assert lead.format("Médico") in text
    assert "María" in text
    assert "<b>" not in text or format == "txt"
    assert "Hablante 1" not in text


@pytest.mark.parametrize("format", ["txt", "srt", "vtt"])
def test_export_says_who_signed_what(format: str):
    result = signed()
    text = rendered(result, format, SPANISH).decode("utf-8")
    assert f"Firmado por Dra. Robles, 29/11/2025 04:00. SHA-256 {result.sha256}." in text
    assert "Borrador" not in text
    reviewed = replace(result, state=ReviewState.REVIEWED)
    assert "Revisado por Dra. Robles" in rendered(reviewed, format, SPANISH).decode("utf-8")
    draft = rendered(ReviewedTranscript(result.transcript), format, SPANISH).decode("utf-8")
    assert "Borrador sin revisar." in draft


def test_signature_of_an_exported_result_is_checked():
    exported = json.loads(rendered(signed(), "json"))
    signature = check_signature(exported)
    assert signature is not None
    assert signature.by == "Dra. Robles"
    assert transcript_from_json(exported) == signed().transcript
    exported["segments"][0]["text"] += "!"
    assert check_signature(exported) is None
    with pytest.raises(KeyError):
        check_signature(json.loads(rendered(ReviewedTranscript(WITH_WORDS), "json")))


def test_another_language_than_the_main_one_is_named():
    word = Word(8.0, 9.0, "Yes.", 0.9, "SPEAKER_00", language="en")
    english = Segment(8.0, 9.0, "SPEAKER_00", "Yes.", (word,), language="en")
    transcript = replace(WITH_WORDS, segments=(*WITH_WORDS.segments[:1], english))
    assert "] Speaker 1: Buenos" in text_of("txt", transcript)
    assert "] Speaker 1: [EN] Yes." in text_of("txt", transcript)
    assert "<v Speaker 1><lang en>Yes.</lang>" in text_of("vtt", transcript)
    assert text_of("vtt", transcript).count("<lang") == 1
    assert json.loads(text_of("json", transcript))["segments"][1]["language"] == "en"
