"""Generate the sample consultation in resources/samples: `python packaging/make_samples.py`.

Two espeak-ng voices speak a fictitious visit in Spanish. Needs the espeak-ng library; run it only to change
the sample. Randomness is seeded, so the same espeak-ng gives the same output.

Times: espeak-ng reports the sample at which each word starts. A word ends where its sound ends before the
next one starts; both are measured on the clean voice, before room and noise are added. A turn is a run of one
speaker's words without a pause of 0.3 s or more.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import json
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

SAMPLES = Path(__file__).resolve().parent.parent / "resources" / "samples"
RATE_HZ = 16_000
SEED = 20_26
VOICE_DB = -31.0
NOISE_DB = -70.0
PAUSE_S = 0.3


@dataclass(frozen=True)
class Voice:
    """A speaker. pitch: 0 to 99; name: an espeak-ng voice and its variant."""

    label: str
    name: str
    pitch: int
    words_per_minute: int
    distance_s: float


@dataclass(frozen=True)
class Spoken:
    """A word on the recording's clock, seconds."""

    text: str
    start: float
    end: float
    speaker: str


DOCTOR = Voice("doctora", "es+f3", 62, 170, 0.004)
PATIENT = Voice("paciente", "es-419+m3", 42, 158, 0.007)

DIALOGUE = (
    (DOCTOR, "Buenos días, pase y siéntese, por favor. ¿Qué le trae hoy por la consulta?"),
    (PATIENT, "Buenos días, doctora. Llevo unos diez días con dolor de cabeza, sobre todo por las mañanas."),
    (DOCTOR, "¿Y dónde le duele exactamente?"),
    (PATIENT, "Aquí, en la frente, y a veces me baja hacia la nuca."),
    (DOCTOR, "¿Ha notado fiebre, náuseas o molestias con la luz?"),
    (PATIENT, "Fiebre no. Alguna vez me molesta la luz y tengo que cerrar los ojos."),
    (DOCTOR, "De acuerdo. ¿Está tomando algún medicamento?"),
    (PATIENT, "Solo un paracetamol, cuando ya no aguanto más."),
    (DOCTOR, "¿Duerme bien? ¿Ha tenido más trabajo de lo normal?"),
    (PATIENT, "La verdad es que duermo poco, unas cinco horas, y paso todo el día delante del ordenador."),
    (DOCTOR, "Entiendo. Vamos a tomarle la tensión y después miraremos los ojos."),
    (PATIENT, "Muy bien, doctora."),
    (DOCTOR, "Está un poco alta, pero no es grave. Apúntela durante una semana, y nos vemos el lunes."),
    (PATIENT, "Perfecto. Muchas gracias, doctora."),
)


# espeak-ng's C interface, speak_lib.h


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_SYNCHRONOUS = 2
_CHARACTERS_UTF8 = 1
_RATE, _PITCH = 1, 3
_EVENT_END, _EVENT_WORD = 0, 1


class Espeak:
    """Speaks sentences, and reports where their words start."""

    def __init__(self) -> None:
        found = ctypes.util.find_library("espeak-ng")
        if found is None:
            sys.exit(
                "espeak-ng is required to generate the sample: "
                "install the package espeak-ng (apt, dnf, brew) and try again."
            )
        self._library = ctypes.CDLL(found)
        self.rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
        if self.rate_hz <= 0:
            sys.exit("espeak-ng is installed without its data: install the package espeak-ng-data.")
        self._callback = _CALLBACK(self._on_sound)
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, voice: Voice, text: str) -> tuple[NDArray[np.float64], list[tuple[int, int]]]:
        """Return samples in -1..1, and for each word its position in the text and its first sample."""
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            sys.exit(f"this espeak-ng has no voice {voice.name}")
        self._library.espeak_SetParameter(_RATE, voice.words_per_minute, 0)
        self._library.espeak_SetParameter(_PITCH, voice.pitch, 0)
        self._sound: list[NDArray[np.float64]] = []
        self._words: list[tuple[int, int]] = []
        encoded = text.encode() + b"\0"
        self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _CHARACTERS_UTF8, None, None)
        return np.concatenate(self._sound), self._words

    def _on_sound(self, samples, count, events) -> int:  # type: ignore[no-untyped-def]
        if samples and count:
            self._sound.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float64) / 32_768)
        for event in itertools.takewhile(lambda event: event.type != _EVENT_END, _from(events)):
            if event.type == _EVENT_WORD:
                first = round(event.audio_position_ms * self.rate_hz / 1000)
                self._words.append((event.text_position - 1, first))
        return 0


def _from(events):  # type: ignore[no-untyped-def]
    return (events[number] for number in itertools.count())


# Sound


def loudness_db(sound: NDArray[np.float64]) -> float:
    """Return the level of everything above a hundredth of the peak, dBFS."""
    active = sound[np.abs(sound) > 0.01 * np.abs(sound).max()]
    return float(10 * np.log10(np.mean(active**2)))


def pitch_hz(sound: NDArray[np.float64]) -> float:
    """Return the median pitch of voiced frames, by autocorrelation between 60 and 400 Hz."""
    pitches = []
    for start in range(0, len(sound) - 640, 320):
        frame = sound[start : start + 640] * np.hanning(640)
        if np.sqrt(np.mean(frame**2)) < 0.01:
            continue
        correlation = np.correlate(frame, frame, "full")[639:]
        lags = slice(RATE_HZ // 400, RATE_HZ // 60)
        lag = int(np.argmax(correlation[lags])) + lags.start
        if correlation[lag] > 0.4 * correlation[0]:
            pitches.append(RATE_HZ / lag)
    return float(np.median(pitches))


def room(voice: Voice, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the impulse response of a small, furnished room: direct sound, then 0.25 s of echoes."""
    time_s = np.arange(round(0.25 * RATE_HZ)) / RATE_HZ
    echoes = rng.normal(0, 1, len(time_s)) * np.exp(-6.9 * time_s / 0.25)
    echoes[time_s < voice.distance_s] = 0
    response = 0.05 * lfilter([0.4], [1, -0.6], echoes)
    response[0] = 1.0
    return response


def noise(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the noise of a quiet room: falling with frequency, with a trace of mains hum."""
    hiss = sosfilt(butter(1, 500, fs=RATE_HZ, output="sos"), rng.normal(0, 1, samples))
    hum = np.sin(2 * np.pi * 50 * np.arange(samples) / RATE_HZ)
    mixed = hiss / np.std(hiss) + 0.3 * hum
    return mixed * 10 ** (NOISE_DB / 20)


def say(espeak: Espeak, voice: Voice, text: str) -> tuple[NDArray[np.float64], list[Spoken]]:
    """Speak one utterance. Returns: its samples, trimmed and levelled, and its words from its start."""
    raw, events = espeak.speak(voice, text)
    scale = RATE_HZ / espeak.rate_hz
    sound = resample_poly(raw, RATE_HZ, espeak.rate_hz)
    heard = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    first, last = int(heard[0]), int(heard[-1]) + 1
    # The word that each event starts; espeak may merge small words, which then share its time.
    positions = [
        index for index, letter in enumerate(text) if letter != " " and (index == 0 or text[index - 1] == " ")
    ]
    starts = {}
    for position, sample in events:
        word = max(index for index in positions if index <= max(position, 0))
        starts.setdefault(word, min(max(round(sample * scale), first), last))
    if set(starts) != set(positions):
        sys.exit(f"espeak-ng did not time every word of: {text}")
    bounds = [*(starts[position] for position in positions), last]
    words = []
    for text_word, start, stop in zip(text.split(), bounds, bounds[1:], strict=False):
        inside = heard[(heard >= start) & (heard < stop)]
        words.append(
            Spoken(
                text_word,
                (int(inside[0]) - first) / RATE_HZ,
                (int(inside[-1]) + 1 - first) / RATE_HZ,
                voice.label,
            )
        )
    spoken = sound[first:last]
    return spoken * 10 ** ((VOICE_DB - loudness_db(spoken)) / 20), words


def compose(espeak: Espeak) -> tuple[NDArray[np.float64], list[Spoken], dict[str, NDArray[np.float64]]]:
    """Concatenate the utterances with natural pauses."""
    rng = np.random.default_rng(SEED)
    responses = {voice: room(voice, rng) for voice in (DOCTOR, PATIENT)}
    clean: dict[str, list[NDArray[np.float64]]] = {DOCTOR.label: [], PATIENT.label: []}
    parts, words = [], []
    now = round(0.6 * RATE_HZ)
    for voice, text in DIALOGUE:
        sound, said = say(espeak, voice, text)
        offset_s = now / RATE_HZ
        words += [Spoken(word.text, word.start + offset_s, word.end + offset_s, voice.label) for word in said]
        parts.append((now, fftconvolve(sound, responses[voice]) * 10 ** (rng.uniform(-1.5, 1.5) / 20)))
        clean[voice.label].append(sound)
        now += len(sound) + round(rng.uniform(0.35, 0.95) * RATE_HZ)
    mixed = noise(now + round(0.4 * RATE_HZ), rng)
    for start, sound in parts:
        mixed[start : start + len(sound)] += sound
    return mixed, words, {label: np.concatenate(sounds) for label, sounds in clean.items()}


def turns(words: list[Spoken]) -> list[tuple[float, float, str]]:
    """Join a speaker's words that have no pause between them. Returns: start, end, speaker."""
    joined: list[tuple[float, float, str]] = []
    for word in words:
        if joined and joined[-1][2] == word.speaker and word.start - joined[-1][1] < PAUSE_S:
            joined[-1] = (joined[-1][0], word.end, word.speaker)
        else:
            joined.append((word.start, word.end, word.speaker))
    return joined


def check(mixed: NDArray[np.float64], voices: dict[str, NDArray[np.float64]]) -> None:
    """Exit if the voices are hard to distinguish, or a level is wrong."""
    pitches = {label: pitch_hz(sound) for label, sound in voices.items()}
    levels = {label: loudness_db(sound) for label, sound in voices.items()}
    peak = float(np.abs(mixed).max())
    for label in voices:
        length_s = len(voices[label]) / RATE_HZ
        print(f"{label}: {length_s:.1f} s, pitch {pitches[label]:.0f} Hz, {levels[label]:.1f} dBFS")
    print(f"peak {peak:.2f}")
    high, low = max(pitches.values()), min(pitches.values())
    if high < 1.5 * low or abs(levels[DOCTOR.label] - levels[PATIENT.label]) > 1 or peak > 0.9:
        sys.exit("the voices are too similar, or the levels are wrong: nothing was written")


def write(mixed: NDArray[np.float64], words: list[Spoken]) -> None:
    """Write the recording and its references."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    integers = np.rint(mixed * 32_767).astype(np.int16).reshape(1, -1)
    with av.open(str(SAMPLES / "consulta.flac"), "w", options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream("flac", rate=RATE_HZ, layout="mono", options={"compression_level": "12"})
        for start in range(0, integers.shape[1], 4096):
            frame = av.AudioFrame.from_ndarray(integers[:, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    lines = [
        f"SPEAKER consulta 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n"
        for start, end, speaker in turns(words)
    ]
    (SAMPLES / "consulta.rttm").write_text("".join(lines), encoding="utf-8", newline="\n")
    rows = [
        {"text": word.text, "start": round(word.start, 3), "end": round(word.end, 3), "speaker": word.speaker}
        for word in words
    ]
    listed = ",\n".join("    " + json.dumps(row, ensure_ascii=False) for row in rows)
    content = f'{{\n  "recording": "consulta.flac",\n  "language": "es",\n  "words": [\n{listed}\n  ]\n}}\n'
    (SAMPLES / "consulta.words.json").write_text(content, encoding="utf-8", newline="\n")
    size = (SAMPLES / "consulta.flac").stat().st_size
    print(f"{len(mixed) / RATE_HZ:.1f} s, {len(words)} words, {len(lines)} turns, {size / 1000:.0f} kB")


def main() -> None:
    """Generate and check the sample."""
    mixed, words, voices = compose(Espeak())
    check(mixed, voices)
    write(mixed, words)


if __name__ == "__main__":
    main()
