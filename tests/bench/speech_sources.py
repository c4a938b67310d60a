"""The voices that `consultations.py` lets talk: which recordings are whose, and how they are cut to phrases.

Real speech comes from public repositories with a free licence, laid out as FOLDER/NAME for each `Source`:

    git clone REPOSITORY FOLDER/NAME && git -C FOLDER/NAME checkout COMMIT

No audio is part of this project. Spanish comes from espeak-ng and flite, whose commands must be installed.
None of these speakers is among those of the held-out evaluation sets; one utterance each of LibriSpeech's
26, 4088, 4406, 5652 and 8226 was in the training data of the built-in engine's background model.

Speech is found by energy in the dry recording, before any room: frames of 10 ms above a threshold, pauses
below 0.2 s bridged, the rule of the DIHARD challenges (Ryant et al. 2018). "libri-flac" comes with forced
alignments of its words. Elsewhere an utterance's known words are spread over its speech evenly by characters:
such a word's time is an estimate, good to some tenths of a second. Its speaker is exact in both cases.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

RATE_HZ = 16_000
FRAME = RATE_HZ // 100
PAUSE_S = 0.2  # shorter pauses belong to the speech around them
_RANGE_DB = 35.0  # speech is at most this far below a voice's loud frames
_ABOVE_FLOOR_DB = 9.0
_MIN_SPEECH_S = 0.1
_MARGIN_S = 0.03  # of sound kept around a phrase, faded
_LEVEL = 0.05  # RMS of a voice's speech

Sound = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """A public collection of recordings."""

    name: str
    repository: str
    commit: str
    licence: str
    credit: str


@dataclass(frozen=True)
class Voice:
    """A speaker. half: the only half of the set in which this voice may speak."""

    name: str
    sex: str
    source: str
    half: str
    language: str = "en"
    where: str = ""  # the files, as a pattern within the source; of a synthesizer, its command


@dataclass(frozen=True)
class Word:
    """A word; seconds from the start of its utterance or phrase."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Phrase:
    """A stretch of speech without a pause of 0.2 s. `margin` samples at both ends are not speech."""

    sound: Sound
    margin: int
    words: tuple[Word, ...]
    pause_after: float

    @property
    def seconds(self) -> float:
        """The speech's duration."""
        return (len(self.sound) - 2 * self.margin) / RATE_HZ


SOURCES = (
    Source(
        "libri-mp3",
        "github.com/felixbastian/Speaker_partition_module",
        "c2c3a432e784513db56389a2c0a9983953a5f572",
        "CC BY 4.0",
        "LibriSpeech dev-clean, V. Panayotov et al. 2015, as MP3 of 24 kbit/s",
    ),
    Source(
        "libri-demo",
        "github.com/MontrealCorpusTools/librispeech-demo",
        "3f226b2e1629aab7b755aa4ba42e3a0c10c8b216",
        "CC BY 4.0",
        "LibriSpeech train-clean-100, V. Panayotov et al. 2015",
    ),
    Source(
        "libri-flac",
        "github.com/Jenny-Smolensky/LibriSpeechFilesParser",
        "ffd91057493367281266af400119f64ab4cd81ab",
        "CC BY 4.0",
        "LibriSpeech train-clean-100, V. Panayotov et al. 2015, with forced alignments",
    ),
    Source(
        "emodb",
        "github.com/sylaschacko/voice-emotion-analysis",
        "4b0f64c947b84beb43c8b1a7e7a6597a04902f02",
        "CC0 1.0",
        "Berlin Database of Emotional Speech, F. Burkhardt et al. 2005",
    ),
)

# Readers by sex; the first half of each list speaks in `tune`, the rest in `report`.
_LIBRI_MP3 = {
    "f": ("84", "1673", "1988", "2035", "2412", "1462", "1919", "1993", "2277"),
    "m": ("174", "422", "777", "1272", "2086", "2803", "251", "652", "2078", "2428", "2902"),
}
_LIBRI_DEMO = {"19": ("f", "tune"), "26": ("m", "tune"), "27": ("m", "report")}
_LIBRI_FLAC = {
    "4088": ("f", "tune"),
    "8226": ("m", "tune"),
    "5652": ("f", "report"),
    "4406": ("m", "report"),
}
# Pairs of one sex whose voices are most alike: cosines of 0.41 to 0.58 between the engine's own embeddings.
ALIKE = {
    "tune": (("libri84", "libri2412"), ("libri174", "libri2086"), ("libri422", "libri2086")),
    "report": (("libri1462", "libri1993"), ("libri251", "libri652"), ("libri652", "libri2902")),
}
_EMODB = {
    "tune": {"03": "m", "08": "f", "10": "m", "13": "f", "15": "m"},
    "report": {"09": "f", "11": "m", "12": "m", "14": "f", "16": "f"},
}
_EMODB_TEXTS = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}
_ESPEAK = "espeak-ng -v {} -p {} -s {} --stdout"
_FLITE = "flite -voice {} -o /dev/stdout"
_SPANISH = {
    "tune": (
        ("es-f2", "f", _ESPEAK.format("es+f2", 62, 165)),
        ("es-m3", "m", _ESPEAK.format("es-419+m3", 35, 150)),
        ("es-slt", "f", _FLITE.format("slt")),
        ("es-kal", "m", _FLITE.format("kal16")),
        ("es-klatt", "m", _ESPEAK.format("es-419+klatt2", 20, 140)),
    ),
    "report": (
        ("es-f5", "f", _ESPEAK.format("es-419+Annie", 70, 155)),
        ("es-m7", "m", _ESPEAK.format("es+m7", 25, 160)),
        ("es-awb", "m", _FLITE.format("awb")),
        ("es-rms", "m", _FLITE.format("rms")),
    ),
}
_SPANISH_TEXT = (
    "Buenos días, pase y siéntese, por favor.",
    "¿Cómo se ha sentido desde la última visita?",
    "Más o menos, me canso mucho cuando subo las escaleras.",
    "¿Desde cuándo tiene esa tos?",
    "Empezó hace tres semanas, después de un resfriado.",
    "Por la noche me despierto y no puedo volver a dormir.",
    "¿Ha tenido fiebre o dolor en el pecho?",
    "Fiebre no, pero a veces siento una presión aquí.",
    "Vamos a medirle la presión y a escuchar los pulmones.",
    "Respire hondo, por favor, y ahora suelte el aire.",
    "Tomo una pastilla por la mañana y otra antes de acostarme.",
    "¿Es usted alérgica a algún medicamento?",
    "Sí, la penicilina me da ronchas en los brazos.",
    "Le voy a pedir un análisis de sangre y una radiografía.",
    "Mi mamá también tuvo problemas del corazón.",
    "Trate de caminar media hora todos los días.",
    "El azúcar me sale en ciento ochenta cuando me despierto.",
    "No se preocupe, eso se puede tratar bien.",
    "¿Tengo que dejar de comer sal?",
    "Un poco menos de sal le va a ayudar con las piernas hinchadas.",
    "Anoche me dolió la cabeza hasta la madrugada.",
    "Venga en dos semanas con los resultados.",
    "¿Me puede dar una constancia para mi trabajo?",
    "Claro que sí, se la preparo ahora mismo.",
    "Cuando hace frío se me duermen los dedos de la mano derecha.",
    "Entonces vamos a revisar también la circulación.",
    "Muchas gracias por su paciencia.",
    "Si se siente peor, llame de inmediato o vaya a urgencias.",
)


def voices() -> tuple[Voice, ...]:
    """Return everybody who may speak in the set."""
    found = []
    for sex, names in _LIBRI_MP3.items():
        for place, name in enumerate(names):
            half = "tune" if 2 * place < len(names) else "report"
            files = f"data/LibriSpeech/dev-clean/{name}/*/*.wav"
            found.append(Voice(f"libri{name}", sex, "libri-mp3", half, where=files))
    for name, (sex, half) in _LIBRI_DEMO.items():
        found.append(Voice(f"libri{name}", sex, "libri-demo", half, where=f"{name}/*.wav"))
    for name, (sex, half) in _LIBRI_FLAC.items():
        files = f"sample_data_libriSpeech/audio/{name}/*/*.flac"
        found.append(Voice(f"libri{name}", sex, "libri-flac", half, where=files))
    for half, people in _EMODB.items():
        for name, sex in people.items():
            found.append(Voice(f"emodb{name}", sex, "emodb", half, "de", f"wav/{name}*.wav"))
    for half, synthesizers in _SPANISH.items():
        for name, sex, command in synthesizers:
            found.append(Voice(name, sex, "synthetic", half, "es", command))
    return tuple(found)


def missing(folder: Path) -> list[str]:
    """Return a sentence for each source that is not in the folder."""
    return [
        f"{folder / source.name} is missing: {source.repository} at {source.commit} ({source.licence})"
        for source in SOURCES
        if not (folder / source.name).is_dir()
    ]


@cache
def phrases_of(voice: Voice, folder: Path) -> tuple[tuple[Phrase, ...], ...]:
    """Return a voice's utterances, each cut to phrases, all at one level."""
    spoken = [(sound, text) for sound, text in utterances(voice, folder) if len(sound) > RATE_HZ // 2]
    if not spoken:
        raise SystemExit(f"{voice.name} says nothing: {folder / voice.source} is not what it should be.")
    loud = np.concatenate([sound[_mask(sound)] for sound, _ in spoken])
    gain = np.float32(_LEVEL / np.sqrt(np.mean(loud**2)))
    return tuple(cut for sound, said in spoken if (cut := _phrases(sound * gain, said)))


def digest(folder: Path, source: Source) -> str:
    """Return a fingerprint of the files that are used, to tell whether two sets had the same speech."""
    total = hashlib.sha256()
    for voice in voices():
        if voice.source == source.name:
            for path in sorted((folder / voice.source).glob(voice.where)):
                total.update(path.name.encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def find_speech(sound: Sound) -> list[tuple[int, int]]:
    """Return the samples between which a dry voice speaks, pauses below 0.2 s bridged."""
    frames = len(sound) // FRAME
    power = (sound[: frames * FRAME].reshape(frames, FRAME).astype(np.float64) ** 2).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3, mode="same")
    level = 10 * np.log10(smooth + 1e-9)
    loud, floor = np.percentile(level, 95), max(float(np.percentile(level, 5)), -80.0)
    active = level > max(loud - _RANGE_DB, min(floor + _ABOVE_FLOOR_DB, loud - 15.0))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], active.astype(np.int8), [0])))).reshape(-1, 2)
    runs: list[list[int]] = []
    for start, end in edges.tolist():
        if runs and start - runs[-1][1] < PAUSE_S * 100:
            runs[-1][1] = end
        else:
            runs.append([start, end])
    return [(a * FRAME, b * FRAME) for a, b in runs if b - a >= _MIN_SPEECH_S * 100]


def shorten(phrase: Phrase, seconds: float) -> Phrase:
    """Cut a phrase at its quietest moment near a duration."""
    low, high = round(0.7 * seconds * RATE_HZ), round(1.3 * seconds * RATE_HZ)
    body = phrase.sound[phrase.margin : len(phrase.sound) - phrase.margin]
    if high + FRAME >= len(body):
        return phrase
    frames = (high - low) // FRAME
    power = (body[low : low + frames * FRAME].reshape(frames, FRAME) ** 2).mean(axis=1)
    end = low + int(np.argmin(np.convolve(power, np.ones(3), mode="same"))) * FRAME
    sound = phrase.sound[: end + 2 * phrase.margin].copy()
    sound[-phrase.margin :] *= np.linspace(1, 0, phrase.margin, dtype=np.float32)
    kept = tuple(word for word in phrase.words if (word.start + word.end) / 2 < end / RATE_HZ)
    return Phrase(sound, phrase.margin, kept, phrase.pause_after)


def _mask(sound: Sound) -> NDArray[np.bool_]:
    mask = np.zeros(len(sound), dtype=bool)
    for start, end in find_speech(sound):
        mask[start:end] = True
    return mask


def _phrases(sound: Sound, said: str | tuple[Word, ...]) -> tuple[Phrase, ...]:
    """Cut an utterance at its pauses, each part with the words whose middle is in it."""
    speech = find_speech(sound)
    words = spread(said, speech) if isinstance(said, str) else said
    margin = round(_MARGIN_S * RATE_HZ)
    fade = np.linspace(0, 1, margin, dtype=np.float32)
    padded = np.pad(sound, margin)
    found = []
    for place, (start, end) in enumerate(speech):
        piece = padded[start : end + 2 * margin].copy()
        piece[:margin] *= fade
        piece[-margin:] *= fade[::-1]
        begin, seconds = start / RATE_HZ, (end - start) / RATE_HZ
        inside = tuple(
            Word(word.text, max(word.start - begin, 0.0), min(word.end - begin, seconds))
            for word in words
            if 0 <= (word.start + word.end) / 2 - begin < seconds
        )
        later = speech[place + 1][0] if place + 1 < len(speech) else end + RATE_HZ // 2
        found.append(Phrase(piece, margin, inside, (later - end) / RATE_HZ))
    return tuple(found)


def spread(text: str, speech: list[tuple[int, int]]) -> tuple[Word, ...]:
    """Spread a text over the speech, evenly by characters."""
    words = text.split()
    letters = np.cumsum([0] + [len(word) + 1 for word in words])
    lengths = np.array([end - start for start, end in speech])
    spoken = np.concatenate(([0], lengths.cumsum())) / RATE_HZ
    starts = np.array([start for start, _ in speech]) / RATE_HZ

    def clock(share: float) -> tuple[int, float]:
        at = share * spoken[-1]
        part = min(int(np.searchsorted(spoken, at, side="right")) - 1, len(speech) - 1)
        return part, float(starts[part] + at - spoken[part])

    found = []
    for word, first, last in zip(words, letters[:-1], letters[1:], strict=True):
        part, middle = clock((first + last) / 2 / letters[-1])
        half = (last - first) / 2 / letters[-1] * spoken[-1]
        low, high = starts[part], starts[part] + lengths[part] / RATE_HZ
        found.append(Word(word, float(max(middle - half, low)), float(min(middle + half, high))))
    return tuple(found)


def utterances(voice: Voice, folder: Path) -> Iterator[tuple[Sound, str | tuple[Word, ...]]]:
    """Yield what a voice says, with the text, or with its words if their times are known."""
    if voice.source == "synthetic":
        for sentence in _SPANISH_TEXT:
            yield speak(voice.where, sentence), sentence
        return
    for path in sorted((folder / voice.source).glob(voice.where)):
        yield read(path), _said(voice, path)


def _said(voice: Voice, path: Path) -> str | tuple[Word, ...]:
    """Return a file's words, with times if they are known."""
    if voice.source == "libri-flac":
        return _aligned(Path(str(path).replace("/audio/", "/alignment/")).with_suffix(".TextGrid"))
    if voice.source == "libri-mp3":
        lines = path.parent.joinpath(f"{path.stem.rsplit('-', 1)[0]}.trans.txt").read_text().splitlines()
        return dict(line.split(maxsplit=1) for line in lines)[path.stem].lower()
    if voice.source == "libri-demo":
        return path.with_suffix(".lab").read_text(encoding="utf-8").strip().lower()
    return _EMODB_TEXTS[path.stem[2:5]]


def _aligned(path: Path) -> tuple[Word, ...]:
    """Read the tier of words of a Praat TextGrid."""
    tier = re.split(r'name = "(\w+)"', path.read_text(encoding="utf-8"))
    words = tier[tier.index("words") + 1]
    rows = re.findall(r'xmin = ([\d.]+)\s+xmax = ([\d.]+)\s+text = "([^"]+)"', words)
    return tuple(Word(text, float(start), float(end)) for start, end, text in rows)


def read(path: Path) -> Sound:
    """Return a file's sound, 16 kHz mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    blocks = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            blocks += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    blocks += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return np.concatenate(blocks).astype(np.float32)


def speak(command: str, sentence: str) -> Sound:
    """Return a sentence spoken by a synthesizer, 16 kHz mono."""
    arguments = command.split()
    extra = ["-t", sentence] if arguments[0] == "flite" else [sentence]
    try:
        wave = subprocess.run([*arguments, *extra], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"{arguments[0]} is needed for the Spanish voices: {error}") from error
    header = wave.index(b"data") + 8
    rate = int.from_bytes(wave[24:28], "little")
    sound = np.frombuffer(wave[header : header + (len(wave) - header) // 2 * 2], dtype="<i2") / 32768
    return np.asarray(resample_poly(sound, RATE_HZ, rate), dtype=np.float32)
