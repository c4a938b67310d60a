"""What is spoken in the set of `word_sets.py`, by whom, in which half, with the text.

Real speech is laid out as FOLDER/NAME for each source of `speech_sources.py` and of `SOURCES` here:

    git clone REPOSITORY FOLDER/common-voice && git -C FOLDER/common-voice checkout COMMIT
    apt-get download tuxpaint-stamps-default && dpkg-deb -x tuxpaint-stamps-default*.deb FOLDER/tuxpaint

No audio is part of this project. Synthetic voices are espeak-ng's and flite's, whose commands must be
installed, and SVOX Pico's (`pip install py-nanotts`). No speaker is in both halves, except that Pico has a
single Spanish voice: its pitch is lower in `report`, and no text is in both halves. The times of words are
exact to some tenths of a second; see `speech_sources.py`.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tests.bench import speech_sources
from tests.bench.speech_sources import RATE_HZ, Sound, Source, Voice, Word, find_speech, read, speak, spread

HALVES = ("tune", "report")
SENTENCES = Path(__file__).parent / "sentences"
SOURCES = (
    Source(
        "common-voice",
        "github.com/omnilingo/rsample-100-cv-corpus-6.1-2020-12-11",
        "6785f863fec9770151abfe50a5e3e3787fd20ba2",
        "CC0 1.0",
        "Common Voice 6.1, 100 random clips a language, R. Ardila et al. 2020",
    ),
    Source(
        "tuxpaint",
        "Debian: tuxpaint-stamps-default",
        "2022.06.04-1",
        "GPL 2",
        "Tux Paint's descriptions of stamps, spoken in Spanish by Estefanía Ortiz",
    ),
)
_LIBRI = ("libri-mp3", "libri-demo", "libri-flac")
_STAMPS = "usr/share/tuxpaint/stamps"
_NARRATOR = "estefania"
# descriptions whose texts changed after they were spoken: how they begin
_CHANGED = (
    "Impresora",
    "Un ordenador portátil.",
    "¡Recuerda tirar",
    "El bastón de caramelo",
    "Un reno con naríz",
    "Un globo de historieta",
    "Una casita rosa",
    "Una torre con una bandera",
    "Una señal de alto.",
    "La luz amarilla",
    "Un buzón de correos",
    "¡Una rueda!",
    "Un pequeño camión con volcadora",
    "Un vagón de cola",
    "Los vagones sisterna",
)
_WRITTEN_ONLY = re.compile(r"[\d«»()$€/ː…]|letra |señas")
_SHORTEST_S = 1.0
_LEVEL = 0.05  # RMS of speech
_ESPEAK = "espeak-ng -v {} -p {} -s {} --stdout"
_FLITE = "flite -voice {} -o /dev/stdout"
_PICO = "pico {} {}"
SYNTHETIC = {
    ("en", "tune"): (
        _PICO.format("en-US", 1.0),
        _FLITE.format("slt"),
        _FLITE.format("rms"),
        _ESPEAK.format("en-us+f2", 55, 150),
    ),
    ("en", "report"): (
        _PICO.format("en-GB", 1.0),
        _FLITE.format("awb"),
        _FLITE.format("kal16"),
        _ESPEAK.format("en-gb+m3", 40, 150),
    ),
    ("es", "tune"): (
        _PICO.format("es-ES", 1.0),
        _ESPEAK.format("es-419+f2", 55, 150),
        _ESPEAK.format("es+m3", 35, 150),
    ),
    ("es", "report"): (
        _PICO.format("es-ES", 0.8),
        _ESPEAK.format("es+f5", 60, 155),
        _ESPEAK.format("es-419+m7", 30, 150),
    ),
}


@dataclass(frozen=True)
class Utterance:
    """One sentence as somebody said it. words: with times in seconds from the start of `sound`."""

    voice: str
    language: str
    real: bool
    words: tuple[Word, ...]
    sound: Sound

    @property
    def seconds(self) -> float:
        """Its duration."""
        return len(self.sound) / RATE_HZ


def missing(folder: Path) -> list[str]:
    """Return a sentence for each source that is not in the folder."""
    absent = [line for line in speech_sources.missing(folder) if "/emodb " not in line]
    for source in SOURCES:
        if not (folder / source.name).is_dir():
            absent.append(f"{folder / source.name} is missing: {source.repository} at {source.commit}")
    return absent


@cache
def readers(half: str, folder: Path) -> dict[str, tuple[Utterance, ...]]:
    """Return the real English readers of LibriSpeech with what they say, by name."""
    found = {}
    for voice in speech_sources.voices():
        if voice.half == half and voice.source in _LIBRI:
            found[voice.name] = tuple(_spoken_by(voice, folder))
    return found


@cache
def volunteers(language: str, half: str, folder: Path) -> tuple[Utterance, ...]:
    """Return Common Voice's clips of the half, most of them by different people."""
    place = folder / "common-voice" / language
    rows = csv.DictReader(
        (place / "validated.tsv").read_text(encoding="utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    found = []
    for row in sorted(rows, key=lambda row: row["path"]):
        speaker, text = row["client_id"], row["sentence"].replace('""', '"').strip('"')
        in_half = HALVES[zlib.crc32(speaker.encode()) % 2] == half
        if in_half and not _WRITTEN_ONLY.search(text) and len(text.split()) > 2:
            sound = read(place / "clips" / row["path"])
            found.append(_utterance(f"cv-{speaker[:8]}", language, text, sound))
    return tuple(found)


@cache
def narrator(folder: Path) -> tuple[Utterance, ...]:
    """Return the Spanish descriptions of Tux Paint's stamps, of five words or more. She is in `report`."""
    stamps = folder / "tuxpaint" / _STAMPS
    found, known = [], set()
    for path in sorted(stamps.rglob("*_desc_es.ogg")):
        name = path.name.removesuffix("_desc_es.ogg")
        about = path.with_name(f"{name}.txt").read_text(encoding="utf-8", errors="replace")
        line = re.search(r"^es\.utf8=(.+)$", about, re.MULTILINE)
        text = line[1].strip() if line else ""
        if len(text.split()) < 5 or text in known or text.startswith(_CHANGED) or _WRITTEN_ONLY.search(text):
            continue
        known.add(text)
        found.append(_utterance(_NARRATOR, "es", text, read(path)))
    return tuple(found)


def sentences(name: str, language: str, half: str) -> tuple[str, ...]:
    """Return the half's sentences of a file: every other one of "numbers", a half of "dialogue"."""
    lines = (SENTENCES / f"{name}.{language}.txt").read_text(encoding="utf-8").splitlines()
    place = HALVES.index(half)
    if name == "numbers":
        return tuple(lines[place::2])
    middle = len(lines) // 2
    return tuple(lines[middle:] if place else lines[:middle])


def spoken(command: str, language: str, text: str) -> Utterance:
    """Return a sentence by a synthetic voice, which is named by its command."""
    sound = _pico(command, text) if command.startswith("pico ") else speak(command, text)
    return _utterance(command, language, text, sound, real=False)


def _spoken_by(voice: Voice, folder: Path) -> Iterator[Utterance]:
    for sound, said in speech_sources.utterances(voice, folder):
        if len(sound) > _SHORTEST_S * RATE_HZ:
            yield _utterance(voice.name, "en", said, sound)


def _utterance(
    voice: str, language: str, said: str | tuple[Word, ...], sound: Sound, *, real: bool = True
) -> Utterance:
    """Bring speech to one level, cut silence around it, and give its words their times."""
    speech = find_speech(sound)
    margin = round(0.15 * RATE_HZ)
    begin = max(speech[0][0] - margin, 0) if speech else 0
    end = min(speech[-1][1] + margin, len(sound)) if speech else len(sound)
    words = spread(said, speech or [(0, len(sound))]) if isinstance(said, str) else said
    at = begin / RATE_HZ
    words = tuple(Word(w.text, max(w.start - at, 0.0), max(w.end - at, 0.0)) for w in words if w.text)
    loud = np.concatenate([sound[a:b] for a, b in speech]) if speech else sound
    gain = np.float32(_LEVEL / max(float(np.sqrt(np.mean(loud**2))), 1e-4))
    return Utterance(voice, language, real, words, sound[begin:end] * gain)


def _pico(command: str, text: str) -> Sound:
    try:
        from py_nanotts import NanoTTS
    except ImportError as error:
        raise SystemExit("SVOX Pico's voices are needed: pip install py-nanotts") from error
    _, voice, pitch = command.split()
    samples = NanoTTS().speak(text, voice=voice, pitch=float(pitch), speed=1.0)
    sound = np.frombuffer(samples, dtype="<i2") / 32768
    return np.asarray(sound, dtype=np.float32)
