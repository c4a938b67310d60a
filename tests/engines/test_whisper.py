"""Whisper through the real library, with models that produce given words."""

from __future__ import annotations

import inspect
import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import CancelledByUser, Interrupted, UserError
from fi_desktop.core.transcript import Region, Transcription
from fi_desktop.engines.contracts import Speech, TranscriptionOptions
from fi_desktop.engines.dereverberation import without_reverberation
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.whisper import WhisperTranscriber, passes
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodedWord
from fi_desktop.engines.whisper.decoder import Decoder, DecodingOptions
from fi_desktop.engines.whisper.passes import WindowDecoder, to_words
from fi_desktop.engines.whisper.spoken_languages import LanguageWindow
from fi_desktop.engines.whisper.windows import Window, frame_power, plan_windows, read_windows
from tests.engines.conftest import Sound, Write, ignore, in_a_room
from tests.packs.make_whisper import make_whisper

CONSULTATION = ["Hola,", "¿cómo", "está?", "Sí,", "sí,", "la", "tos", "mejoró", "con", "l", "'antibiótico"]
CONSULTATION += ["que", "me", "dio", "la", "otra", "semana.", "Bien."]
SAID = [*CONSULTATION[:9], "l'antibiótico", *CONSULTATION[11:]]
ENGLISH = ["Hello", "there,", "how", "are", "you", "today?", "I", "feel", "much", "better,", "thanks."]
PACE_S = 1.24  # so that the words cover the speech: in gaps, the model would say all of them again
NO_SPEECH = Speech(np.zeros((1, 100), np.float32), 0.032, ())

Make = Callable[..., WhisperTranscriber]


@pytest.fixture(scope="session")
def spanish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whisper") / "spanish"
    return make_whisper(folder, CONSULTATION, language="es", seconds_per_word=PACE_S)


@pytest.fixture
def transcriber(spanish: Path) -> WhisperTranscriber:
    return WhisperTranscriber(spanish)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make_transcriber(words: list[str], **given: Any) -> WhisperTranscriber:
        pace_s = given.pop("seconds_per_word", 2.0)
        return WhisperTranscriber(make_whisper(tmp_path / "model", words, seconds_per_word=pace_s, **given))

    return make_transcriber


def texts(transcriber: WhisperTranscriber, recording: Recording, speech: Speech, **options: Any) -> list[str]:
    found = transcriber.transcribe(
        recording, speech, options=TranscriptionOptions(**options), progress=ignore
    )
    return [word.text for word in found.words]


def without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave speech without words as it is: these models would say all their words there again."""
    monkeypatch.setattr(WindowDecoder, "_fill_gaps", lambda _self, _part, words, *_others: words)


def test_words_are_in_order_and_inside_the_speech(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech
):
    found = transcriber.transcribe(call, call_speech, options=TranscriptionOptions(), progress=ignore)
    assert [word.text for word in found.words] == SAID
    assert (found.language, found.engine, found.model, found.notes) == ("es", "whisper", "spanish", ())
    first = call_speech.regions[0]
    assert found.words[0].start == pytest.approx(first.start, abs=0.5)
    assert all(word.start <= word.end <= call.duration for word in found.words)
    assert [word.start for word in found.words] == sorted(word.start for word in found.words)
    assert all(word.probability is not None and not word.doubtful for word in found.words)


def test_words_of_every_window_get_the_times_of_the_recording(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch
):
    without_gaps(monkeypatch)
    recording = write(np.random.default_rng(0).normal(0, 0.05, 100 * 16_000).astype(np.float32))
    regions = (Region(5.0, 31.0), Region(60.0, 80.0))
    speech = Speech(np.ones((1, 3125), np.float32), 0.032, regions)
    words = transcriber.transcribe(recording, speech, options=TranscriptionOptions(), progress=ignore).words
    assert [word.text for word in words] == 2 * SAID
    assert all(region.start - 0.5 < word.start < region.end for word, region in pairs(words, regions))


def pairs(words: tuple[Any, ...], regions: tuple[Region, ...]) -> list[tuple[Any, Region]]:
    return [(word, regions[number // len(SAID)]) for number, word in enumerate(words)]


def test_a_chosen_language_is_not_detected(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Decoder, "detect_languages", None)
    found = transcriber.transcribe(
        call, call_speech, options=TranscriptionOptions(language="en"), progress=ignore
    )
    assert found.language == "en"
    assert [word.text for word in found.words] == SAID


def hears(monkeypatch: pytest.MonkeyPatch, *rows: dict[str, float]) -> None:
    """Have each window's spans get these probabilities, the last ones to the end."""

    def detect_languages(self: Decoder, _sounds: list[Any], spans: list[list[Any]]) -> list[Any]:
        found = [(*rows, *[rows[-1]] * len(row))[: len(row)] for row in spans]
        return [np.array([[row.get(code, 0.0) for code in self.languages] for row in one]) for one in found]

    def detect_languages_alone(self: Decoder, sounds: list[Any]) -> Any:
        return np.array([[rows[-1].get(code, 0.0) for code in self.languages] for _ in sounds])

    monkeypatch.setattr(Decoder, "detect_languages", detect_languages)
    monkeypatch.setattr(Decoder, "detect_languages_alone", detect_languages_alone)


def test_an_uncertain_language_is_noted(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    hears(monkeypatch, {"es": 0.4, "gl": 0.35, "pt": 0.25})
    found = transcriber.transcribe(call, call_speech, options=TranscriptionOptions(), progress=ignore)
    assert found.language == "es"
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("asked", "main"),
    [
        (TranscriptionOptions(likely_languages=("es", "en")), "fr"),
        (TranscriptionOptions("es,en"), "es"),
        (TranscriptionOptions(), "fr"),
    ],
)
def test_only_automatic_detection_finds_a_language_that_is_not_expected(
    make: Make,
    call: Recording,
    call_speech: Speech,
    monkeypatch: pytest.MonkeyPatch,
    asked: TranscriptionOptions,
    main: str,
):
    hears(monkeypatch, {"fr": 0.95, "es": 0.04, "en": 0.01})
    french = make(["Bonjour,", "ça", "va?"], language="fr")
    found = french.transcribe(call, call_speech, options=asked, progress=ignore)
    assert found.language == main
    assert bool(found.notes) == (main == "es")


def test_a_few_seconds_are_in_an_expected_language(
    transcriber: WhisperTranscriber, call: Recording, monkeypatch: pytest.MonkeyPatch
):
    hears(monkeypatch, {"ru": 0.97, "es": 0.02})
    short = Speech(np.ones((1, 1000), np.float32), 0.032, (Region(5.0, 9.0),))
    options = TranscriptionOptions(likely_languages=("es", "en"))
    found = transcriber.transcribe(call, short, options=options, progress=ignore)
    assert found.language == "es"


def test_a_language_the_model_does_not_know_is_refused(
    make: Make, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    without_gaps(monkeypatch)
    english = make(ENGLISH, multilingual=False)
    with pytest.raises(UserError):
        texts(english, call, call_speech, language="es")
    assert texts(english, call, call_speech) == ENGLISH


def test_words_of_languages_without_spaces_are_joined(make: Make, call: Recording, call_speech: Speech):
    chinese = make(["你", "好", "医", "生"] * 3, language="zh")
    found = chinese.transcribe(call, call_speech, options=TranscriptionOptions(), progress=ignore)
    assert [(word.text, word.joined) for word in found.words] == [(text, True) for text in "你好医生" * 3]


def test_prompt_and_vocabulary_fit_into_the_context(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech
):
    short = TranscriptionOptions(vocabulary=("Omeprazol",), prompt="Consulta de neumología.")
    long = TranscriptionOptions(
        vocabulary=tuple(f"fármaco{n}" for n in range(200)), prompt="Consulta. " * 500
    )
    for options in (short, long):
        found = transcriber.transcribe(call, call_speech, options=options, progress=ignore)
        assert [word.text for word in found.words] == SAID
        assert found.notes == ()


def test_silence_never_reaches_the_model(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch
):
    for way in ("detect_languages", "decode_batch", "decode_gap", "decode_with_fallback"):
        monkeypatch.setattr(Decoder, way, None)
    silence = write(np.zeros(60 * 16_000, np.float32))
    found = transcriber.transcribe(silence, NO_SPEECH, options=TranscriptionOptions(), progress=ignore)
    assert (found.words, found.language) == ((), None)


def test_the_model_hears_a_room_without_its_reverberation(
    transcriber: WhisperTranscriber, write: Write, call_samples: Sound, monkeypatch: pytest.MonkeyPatch
):
    heard: list[Any] = []
    real = Decoder.decode_batch

    def decode_batch(self: Decoder, sounds: Any, options: Any) -> list[DecodedWindow]:
        heard.extend(sounds)
        return real(self, sounds, options)

    monkeypatch.setattr(Decoder, "decode_batch", decode_batch)
    in_room = write(in_a_room(call_samples))
    speech = detect_speech(in_room, per_channel=False, progress=ignore)
    assert texts(transcriber, in_room, speech, language="es")
    (window,) = plan_windows(speech, in_room.duration, frame_power(in_room, speech))
    ((_window, samples),) = read_windows(in_room, [window])
    (sound,) = heard
    assert sound.shape == samples.shape
    np.testing.assert_array_equal(sound, without_reverberation(samples))
    assert not np.array_equal(sound, samples)


def test_a_loop_is_collapsed(make: Make, call: Recording, call_speech: Speech):
    stuck = make(["Gracias", "por", "ver."] * 40, seconds_per_word=0.2)
    assert texts(stuck, call, call_speech) == ["Gracias", "por", "ver."]


def test_text_without_time_to_say_it_is_dropped(make: Make, call: Recording, call_speech: Speech):
    hasty = make([f"{stem}{end}" for stem in "abcdef" for end in "aeiou"], seconds_per_word=0.001)
    assert len(texts(hasty, call, call_speech)) < 4


def test_text_that_is_not_trusted_is_decoded_with_fallback(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    doubtful = DecodedWindow((DecodedWord(0.5, 1.0, " Amara.org", 0.2),), trusted=False)
    monkeypatch.setattr(Decoder, "decode_batch", lambda _self, sounds, _options: [doubtful for _ in sounds])
    assert texts(transcriber, call, call_speech) == SAID


def test_every_option_is_passed_to_the_library(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    import faster_whisper

    omitted: dict[str, set[str]] = {}

    def spy(kind: type[Any]) -> None:
        real = kind.transcribe

        def transcribe(self: Any, audio: Any, **options: Any) -> Any:
            omitted[kind.__name__] = set(inspect.signature(real).parameters) - {"self", "audio", *options}
            return real(self, audio, **options)

        monkeypatch.setattr(kind, "transcribe", transcribe)

    spy(faster_whisper.WhisperModel)
    monkeypatch.setattr("fi_desktop.engines.whisper.postprocess.has_crammed", lambda _words: True)
    texts(transcriber, call, call_speech)
    assert omitted == {"WhisperModel": set()}


def test_a_cancelled_job_does_not_wait_for_the_model(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    resume, started = threading.Event(), threading.Event()
    real = Decoder.decode_batch

    def slow(self: Decoder, *given: Any) -> list[DecodedWindow]:
        started.set()
        assert resume.wait(120)
        return real(self, *given)

    def cancel(_fraction: float) -> None:
        if started.is_set():
            raise CancelledByUser

    monkeypatch.setattr(Decoder, "decode_batch", slow)
    with pytest.raises(CancelledByUser):
        transcriber.transcribe(
            call, call_speech, options=TranscriptionOptions(language="es"), progress=cancel
        )
    assert not resume.is_set()
    resume.set()
    assert texts(transcriber, call, call_speech, language="es") == SAID


@pytest.mark.parametrize("message", ["CUDA failed with error out of memory", "std::bad_alloc"])
def test_too_little_memory_is_a_memory_error(
    transcriber: WhisperTranscriber,
    call: Recording,
    call_speech: Speech,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
):
    import faster_whisper

    def full(*_given: Any, **_options: Any) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr(faster_whisper.WhisperModel, "get_prompt", full)
    with pytest.raises(MemoryError):
        texts(transcriber, call, call_speech)


def test_memory_level_makes_batches_smaller(spanish: Path):
    assert Decoder(spanish, memory_level=2, threads=1).batch == 1


def test_a_gpu_that_fails_is_not_used(
    spanish: Path, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    import ctranslate2

    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    assert texts(WhisperTranscriber(spanish), call, call_speech) == SAID


@pytest.mark.parametrize("missing", ["tokenizer.json", "model.bin"])
def test_an_incomplete_pack_is_a_user_error(tmp_path: Path, missing: str):
    folder = make_whisper(tmp_path / "model", ["Hola."])
    (folder / missing).unlink()
    with pytest.raises(UserError):
        WhisperTranscriber(folder)


def test_a_gap_is_decoded_again_and_only_text_that_can_be_trusted_fills_it(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    alone = DecodedWindow((DecodedWord(0.0, 0.5, " Hola,", 0.9),))
    lengths: list[float] = []
    trusted = True
    real = Decoder.decode_gap

    def decode_gap(self: Decoder, sound: Any, options: Any) -> DecodedWindow:
        lengths.append(len(sound) / 16_000)
        return replace(real(self, sound, options), trusted=trusted)

    monkeypatch.setattr(Decoder, "decode_batch", lambda _self, sounds, _options: [alone for _ in sounds])
    monkeypatch.setattr(Decoder, "decode_gap", decode_gap)
    assert texts(transcriber, call, call_speech, language="es") == SAID
    assert lengths == [pytest.approx(23.4, abs=1.0)]  # the gap and what precedes it
    trusted = False
    assert texts(transcriber, call, call_speech, language="es") == SAID  # the whole window, with fallback
    careful = Decoder.decode_with_fallback
    sure = 8

    def decode_with_fallback(self: Decoder, sound: Any, options: Any) -> DecodedWindow:
        found = careful(self, sound, options)
        words = [replace(word, trusted=number < sure) for number, word in enumerate(found.words)]
        return replace(found, words=tuple(words), trusted=False)

    monkeypatch.setattr(Decoder, "decode_with_fallback", decode_with_fallback)
    assert texts(transcriber, call, call_speech, language="es") == SAID[:8]
    sure = 0
    assert texts(transcriber, call, call_speech, language="es") == ["Hola,"]


def test_two_gaps_without_a_word_between_them_are_decoded_as_one(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch
):
    recording = write(np.random.default_rng(0).normal(0, 0.05, 30 * 16_000).astype(np.float32))
    regions = (Region(1.0, 8.0), Region(8.5, 16.0), Region(16.5, 24.0))
    speech = Speech(np.ones((1, 940), np.float32), 0.032, regions)
    gaps: list[float] = []
    said = DecodedWindow((DecodedWord(0.4, 0.9, " Hola,", 0.9), DecodedWord(15.9, 16.4, " bien.", 0.9)))

    def decode_gap(_self: Decoder, sound: Any, _options: Any) -> DecodedWindow:
        gaps.append(len(sound) / 16_000)
        return DecodedWindow(())

    monkeypatch.setattr(Decoder, "decode_batch", lambda _self, sounds, _options: [said for _ in sounds])
    monkeypatch.setattr(Decoder, "decode_gap", decode_gap)
    monkeypatch.setattr(Decoder, "decode_with_fallback", lambda _self, _sound, _options: DecodedWindow(()))
    assert texts(transcriber, recording, speech, language="es") == ["Hola,", "bien."]
    # from the first word to the second, over the pause; and from there to the end
    assert gaps == pytest.approx([18.0, 9.7], abs=1.5)


@pytest.mark.parametrize(("heard", "kept"), [("en", True), ("es", False)])
def test_a_short_sentence_in_another_language_is_decoded_in_it(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch, heard: str, kept: bool
):
    recording = write(np.random.default_rng(0).normal(0, 0.05, 15 * 16_000).astype(np.float32))
    regions = (Region(0.5, 5.0), Region(5.3, 6.6), Region(7.0, 12.0))
    speech = Speech(np.ones((1, 470), np.float32), 0.032, regions)
    places = [at for at in np.arange(0.3, 12.0, 0.8) if not 4.6 < at < 6.2]
    said = DecodedWindow(tuple(DecodedWord(at, at + 0.7, " Hola,", 0.9) for at in places))
    decoded: list[str] = []

    def decode_gap(_self: Decoder, _sound: Any, options: Any) -> DecodedWindow:
        decoded.append(options.language)
        return DecodedWindow((DecodedWord(0.2, 0.7, " Let's", 0.9), DecodedWord(0.7, 1.3, " go.", 0.9)))

    hears(monkeypatch, {"es": 0.95})
    alone = np.array([float(code == heard) for code in transcriber._decoder.languages])
    monkeypatch.setattr(Decoder, "detect_languages_alone", lambda _self, _sounds: alone[None])
    monkeypatch.setattr(Decoder, "decode_batch", lambda _self, sounds, _options: [said for _ in sounds])
    monkeypatch.setattr(Decoder, "decode_gap", decode_gap)
    found = transcriber.transcribe(
        recording, speech, options=TranscriptionOptions("es,en"), progress=ignore
    ).words
    new = [word for word in found if word.text != "Hola,"]
    assert [(word.text, word.language) for word in new] == [("Let's", "en"), ("go.", "en")] * kept
    assert all(5.2 < word.start < word.end < 6.7 for word in new)
    assert decoded == ["en"] * kept


def test_words_of_a_text_with_fallback_are_as_trusted_as_their_sentence(
    make: Make, call: Recording, monkeypatch: pytest.MonkeyPatch
):
    import faster_whisper

    words = ["Uno", "dos", "tres.", "Cuatro", "cinco."]
    decoder = make(words, language="es")._decoder
    real = faster_whisper.WhisperModel.transcribe

    def transcribe(self: Any, sound: Any, **options: Any) -> Any:
        segments, about = real(self, sound, **options)
        (whole,) = list(segments)[:1]
        cut = next(n for n, token in enumerate(whole.tokens) if "Cuatro" in self.hf_tokenizer.decode([token]))
        first = replace(whole, tokens=whole.tokens[:cut], avg_logprob=-0.2)
        second = replace(whole, tokens=whole.tokens[cut:], avg_logprob=-1.4)
        return [first, second], about

    monkeypatch.setattr(faster_whisper.WhisperModel, "transcribe", transcribe)
    samples = np.concatenate(list(call.blocks()))[: 20 * 16_000]
    found = decoder.decode_with_fallback(samples, DecodingOptions("es"))
    assert [(word.text.strip(), word.trusted) for word in found.words] == [
        ("Uno", True),
        ("dos", True),
        ("tres.", True),
        ("Cuatro", False),
        ("cinco.", False),
    ]
    assert not found.trusted


def test_speech_covered_by_words_is_decoded_once(
    make: Make, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    # as varied as real text: repetitive text is decoded again
    words = ["".join(random.Random(n).choices("abcdefghijklmnoprstuv", k=6)) for n in range(23)]
    fluent = make(words, language="es", seconds_per_word=1.0)
    monkeypatch.setattr(Decoder, "decode_with_fallback", None)
    assert len(texts(fluent, call, call_speech)) == len(words)


@pytest.mark.parametrize("language", [None, "es"])
def test_less_than_half_a_second_of_speech_has_no_words(
    transcriber: WhisperTranscriber, call: Recording, language: str | None
):
    short = Speech(np.ones((1, 1000), np.float32), 0.032, (Region(7.0, 7.25), Region(9.0, 9.2)))
    assert texts(transcriber, call, short, language=language) == []


def test_each_part_of_a_recording_is_decoded_in_its_own_language(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch
):
    recording = write(np.random.default_rng(0).normal(0, 0.05, 32 * 16_000).astype(np.float32))
    regions = tuple(Region(start, start + 4.5) for start in (0.5, 5.5, 10.5, 15.5, 20.5))
    speech = Speech(np.ones((1, 1000), np.float32), 0.032, regions)
    asked: list[tuple[str, float]] = []
    real = Decoder.decode_batch

    def decode_batch(self: Decoder, sounds: list[Any], options: Any) -> list[DecodedWindow]:
        asked.extend((options.language, len(sound) / 16_000) for sound in sounds)
        return real(self, sounds, options)

    spanish, english = {"es": 0.98}, {"en": 0.98}
    hears(monkeypatch, *[spanish] * 4, *[english] * 4, *[spanish] * 2)
    monkeypatch.setattr(Decoder, "decode_batch", decode_batch)
    monkeypatch.setattr(passes, "rival_of", lambda _part, _decoded: None)  # the text is in Spanish
    options = TranscriptionOptions("en,es")
    found = transcriber.transcribe(recording, speech, options=options, progress=ignore)
    assert [language for language, _length in asked] == ["es", "es", "en"]
    assert [length for _language, length in asked] == pytest.approx([10.2, 5.0, 10.0], abs=0.6)
    assert found.language == "es"
    english_words = [word for word in found.words if word.language == "en"]
    assert english_words
    assert all(9.5 < word.start < 21.0 for word in english_words)
    assert {word.language for word in found.words} == {None, "en"}


def test_a_span_in_no_likely_language_is_encoded_alone(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    hears(monkeypatch, {"tl": 0.6, "en": 0.06})
    alone: list[float] = []

    def detect_languages_alone(self: Decoder, sounds: list[Any]) -> Any:
        alone.extend(len(sound) / 16_000 for sound in sounds)
        return np.array([[0.9 if code == "es" else 0.0 for code in self.languages] for _ in sounds])

    monkeypatch.setattr(Decoder, "detect_languages_alone", detect_languages_alone)
    found = transcriber.transcribe(call, call_speech, options=TranscriptionOptions("en,es"), progress=ignore)
    assert (found.language, found.notes) == ("es", ())
    assert alone
    assert all(0.8 <= seconds <= 3.0 for seconds in alone)


def test_languages_of_a_window_and_of_a_sound_alone_are_those_of_the_model(spanish: Path):
    decoder = Decoder(spanish, memory_level=0, threads=1)
    sound = np.random.default_rng(0).normal(0, 0.05, 8 * 16_000).astype(np.float32)
    (spans,) = decoder.detect_languages([sound], [[(0.0, 1.0), (1.0, 4.0), (7.9, 8.0)]])
    alone = decoder.detect_languages_alone([sound[:16_000], sound[: 3 * 16_000]])
    assert spans.shape == (3, len(decoder.languages))
    assert alone.shape == (2, len(decoder.languages))
    for row in (*spans, *alone):
        assert decoder.languages[int(row.argmax())] == "es"
        assert row.sum() == pytest.approx(1.0, abs=0.01)


def test_a_text_that_is_cut_off_is_not_trusted(tmp_path: Path):
    words = [f"{number}" for number in random.Random(0).sample(range(100_000, 1_000_000), 230)]
    folder = make_whisper(tmp_path / "model", words, seconds_per_word=0.1)
    decoder = Decoder(folder, memory_level=0, threads=1)
    sound = np.random.default_rng(0).normal(0, 0.05, 28 * 16_000).astype(np.float32)
    (found,) = decoder.decode_batch([sound], DecodingOptions("en"))
    assert found.text.split() == words[:224]
    assert (found.trusted, found.repetitive) == (False, False)


def test_a_text_longer_than_the_context_is_aligned_as_far_as_it_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Decoding with fallback may repeat itself in each of a window's parts."""
    words = [f"a{number}" for number in range(200)]
    decoder = Decoder(
        make_whisper(tmp_path / "model", words, seconds_per_word=0.1), memory_level=0, threads=1
    )
    sound = np.random.default_rng(0).normal(0, 0.05, 25 * 16_000).astype(np.float32)
    real = decoder._model.transcribe

    def transcribe(*given: Any, **options: Any) -> tuple[list[Any], Any]:
        segments, about = real(*given, **options)
        return [*segments] * 3, about

    monkeypatch.setattr(decoder._model, "transcribe", transcribe)
    found = decoder.decode_with_fallback(sound, DecodingOptions("en"))
    assert not found.trusted
    assert len(found.words) == 448 - 5


def test_a_part_with_little_evidence_has_the_likelier_of_two_texts(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    texts_by_language = {"es": " Eso es lo que me duele.", "en": " That is what hurts me."}

    def decode_batch(_self: Decoder, sounds: list[Any], options: Any) -> list[DecodedWindow]:
        said = texts_by_language[options.language]
        words = tuple(DecodedWord(n, n + 0.5, f" {word}", 0.9) for n, word in enumerate(said.split()))
        return [DecodedWindow(words, log_probability=probable[options.language]) for _ in sounds]

    monkeypatch.setattr(Decoder, "decode_batch", decode_batch)
    monkeypatch.setattr("fi_desktop.engines.whisper.postprocess.uncovered_s", lambda *_: 0.0)
    hears(monkeypatch, {"es": 0.05, "en": 0.06})
    for language, other in (("es", "en"), ("en", "es")):
        probable = {language: -0.2, other: -0.9}
        found = transcriber.transcribe(
            call, call_speech, options=TranscriptionOptions("es,en"), progress=ignore
        )
        assert found.language == language
        assert found.words[0].text == texts_by_language[language].split()[0]


def test_progress_moves_while_a_batch_is_decoded(
    transcriber: WhisperTranscriber, call: Recording, call_speech: Speech, monkeypatch: pytest.MonkeyPatch
):
    fractions: list[float] = []
    moved = threading.Event()
    real = Decoder.decode_batch

    def report(fraction: float) -> None:
        fractions.append(fraction)
        if len(set(fractions)) > 5:
            moved.set()

    def slow(self: Decoder, *given: Any) -> list[DecodedWindow]:
        assert moved.wait(20)
        return real(self, *given)

    monkeypatch.setattr(Decoder, "decode_batch", slow)
    transcriber.transcribe(call, call_speech, options=TranscriptionOptions(language="es"), progress=report)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_progress_grows_to_one(transcriber: WhisperTranscriber, call: Recording, call_speech: Speech):
    fractions: list[float] = []
    transcriber.transcribe(call, call_speech, options=TranscriptionOptions(), progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_hyphenated_word_is_joined_and_a_dash_is_not():
    window = Window((Region(0.0, 4.0),))
    said = [" hard", " -working", " days?", " -Sí.", " -"]
    decoded = DecodedWindow(tuple(DecodedWord(n / 2, n / 2 + 0.4, text, 0.9) for n, text in enumerate(said)))
    part = LanguageWindow(window, np.zeros(4 * 16_000, dtype=np.float32), "en")
    speech = Speech(np.ones((1, 125), dtype=np.float32), 0.032, window.pieces)
    assert [word.joined for word in to_words(part, decoded, speech)] == [False, True, False, False, False]


def test_words_and_the_probabilities_of_their_tokens_are_plain_values(spanish: Path, call: Recording):
    samples = np.concatenate(list(call.blocks()))[: 20 * 16_000]
    (found,) = Decoder(spanish, memory_level=0, threads=1).decode_batch([samples], DecodingOptions("es"))
    assert [word.text for word in found.words] == [f" {text}" for text in SAID]
    times = [[word.start, word.end, word.probability, *word.token_probabilities] for word in found.words]
    assert {type(each) for row in times for each in row} == {float}
    assert [len(word.token_probabilities) for word in found.words] == [*[1] * 9, 2, *[1] * 7]
    assert found.log_probability <= 0.0


class Stopping:
    """Finished batches that stop the transcription after some of them, as the end of a worker does."""

    def __init__(self, stop_after: int | None = None, batches: Sequence[Any] = ()) -> None:
        self.batches = list(batches)
        self._stop_after = stop_after

    def resume(self, _plan: Any) -> list[Any]:
        return json.loads(json.dumps(self.batches))

    def add(self, batch: Any) -> None:
        self.batches.append(batch)
        if len(self.batches) == self._stop_after:
            raise Interrupted


def test_a_later_attempt_goes_on_after_the_last_finished_batch(
    transcriber: WhisperTranscriber, write: Write, monkeypatch: pytest.MonkeyPatch
):
    recording = write(np.random.default_rng(0).normal(0, 0.05, 330 * 16_000).astype(np.float32))
    speech = Speech(np.ones((1, 10_312), np.float32), 0.032, (Region(1.0, 150.0), Region(160.0, 325.0)))
    decoded = 0
    real = Decoder.decode_batch

    def count(self: Decoder, sounds: Sequence[Any], options: Any) -> list[DecodedWindow]:
        nonlocal decoded
        decoded += len(sounds)
        return real(self, sounds, options)

    def transcribe(finished: Stopping) -> Transcription:
        options = TranscriptionOptions(language="es")
        fractions = list[float]()
        found = transcriber.transcribe(
            recording, speech, options=options, progress=fractions.append, finished=finished
        )
        assert fractions == sorted(fractions)
        return found

    monkeypatch.setattr(Decoder, "decode_batch", count)
    whole = transcribe(Stopping())
    windows, decoded = decoded, 0
    stopped = Stopping(stop_after=2)
    with pytest.raises(Interrupted):
        transcribe(stopped)
    assert decoded == 8
    decoded = 0
    assert transcribe(Stopping(batches=stopped.batches)) == whole
    assert decoded == windows - 8 > 0
