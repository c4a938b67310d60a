"""Make the recordings of `words.py`, with what is said in them.

    python -m tests.bench.word_sets OUT [--sources FOLDER] [--only PART…]

Writes OUT/{tune,report,silence,bilingual}/NAME.flac and NAME.words.json: language, kind, whether the voices
are real, the words with times and speakers, and the stretches of one language. NAME begins with the language
and the kind: read, conversation, phone, noise, room, numbers. Choose thresholds on `tune` alone, and publish
figures of `report`. All follows from SEED and the sources.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from tests.bench import rooms, word_sources
from tests.bench.consultations import write
from tests.bench.speech_sources import RATE_HZ, Sound
from tests.bench.word_silence import silences
from tests.bench.word_sources import HALVES, SYNTHETIC, Utterance

SEED = 2027
KINDS = ("read", "conversation", "phone", "noise", "room", "numbers")
_FILE_S = 75.0
_LONG_S = 240.0
_LEAD_S = 0.5
_NOISES = ("babble", "pink", "fan", "white")
_SNR_DB = (10.0, 5.0)
_PEAK = 0.9


@dataclass(frozen=True)
class Script:
    """A recording before it is mixed. gap_s: the pauses between utterances."""

    name: str
    kind: str
    utterances: Sequence[Utterance]
    gap_s: tuple[float, float] = (0.4, 1.2)
    room: bool = False
    phone: bool = False
    noise: str = "pink"
    snr_db: float = 35.0
    crowd: Sequence[Utterance] = field(default=(), repr=False)


def scripts(half: str, folder: Path) -> Iterator[Script]:
    """Yield one half's recordings."""
    for language in ("en", "es"):
        crowd = word_sources.volunteers("es" if language == "en" else "en", half, folder)
        for kind in ("read", "phone", "noise", "room"):
            for number, utterances in enumerate(_readings(language, kind, half, folder)):
                script = Script(f"{language}_{kind}_{number}", kind, utterances)
                if kind == "phone":
                    script = replace(script, phone=True, noise="white", snr_db=30.0)
                elif kind == "room":
                    script = replace(script, room=True, snr_db=25.0)
                elif kind == "noise":
                    noise, snr_db = _NOISES[number % 4], _SNR_DB[number % 2]
                    script = replace(script, noise=noise, snr_db=snr_db, crowd=crowd)
                yield script
        for number, utterances in enumerate(_conversations(language, half, folder)):
            yield Script(f"{language}_conversation_{number}", "conversation", utterances, (0.1, 0.5))
        said = word_sources.sentences("numbers", language, half)
        first, second = SYNTHETIC[language, half][:2]
        for number, command in enumerate((first, first, second)):
            utterances = [word_sources.spoken(command, language, line) for line in said]
            yield Script(
                f"{language}_numbers_{number}",
                "numbers",
                utterances,
                phone=number == 1,
                noise="white" if number == 1 else "pink",
                snr_db=30.0,
            )


def bilingual(folder: Path) -> Iterator[Script]:
    """Yield recordings in which the language changes; the half of their voices begins their name."""
    for half in HALVES:
        rng = _rng("bilingual", half)
        real = {
            "en": _shuffled(word_sources.volunteers("en", half, folder), rng),
            "es": _shuffled(word_sources.volunteers("es", half, folder), rng),
        }
        made = {
            language: [
                word_sources.spoken(SYNTHETIC[language, half][0], language, line)
                for line in word_sources.sentences("dialogue", language, half)
            ]
            for language in ("en", "es")
        }
        taken = {"en": 0, "es": 0}

        def take(source: dict[str, list[Utterance]], language: str, seconds: float) -> list[Utterance]:
            """Take the next utterances of a language, some seconds of them."""
            found: list[Utterance] = []
            while sum(each.seconds for each in found) < seconds:
                found.append(source[language][taken[language] % len(source[language])])  # noqa: B023
                taken[language] += 1  # noqa: B023
            return found

        for order in (("en", "es"), ("es", "en")):
            for number, lengths in enumerate(((20, 20), (60, 25), (10, 35))):
                source = made if number == 1 else real
                said = [
                    each for code, s in zip(order, lengths, strict=True) for each in take(source, code, s)
                ]
                yield Script(f"{half}_{'-'.join(order)}_{number}", "switch", said)
        for number, source in enumerate((real, made)):
            turns = islice(cycle(("en", "es")), 12)
            said = [each for code in turns for each in take(source, code, float(rng.uniform(3, 9)))]
            yield Script(f"{half}_interpreter_{number}", "interpreter", said, (0.4, 0.9))
        for number, source in enumerate((real, made)):
            turns = islice(cycle(("es", "es", "en")), 18)
            said = [each for code in turns for each in take(source, code, 1.0)]
            yield Script(f"{half}_code-switch_{number}", "code-switch", said, (0.15, 0.4))


def _readings(language: str, kind: str, half: str, folder: Path) -> Iterator[list[Utterance]]:
    """Yield what is read in the recordings of a kind: Common Voice, and one reader a recording."""
    rng = _rng(half, language, kind)
    pool = _shuffled(word_sources.volunteers(language, half, folder), rng)
    if language == "es":
        while sum(each.seconds for each in pool) > _FILE_S / 3:
            yield _cut(pool, _FILE_S)
        if half == "report":
            yield _cut(_shuffled(word_sources.narrator(folder), rng), _FILE_S)
        return
    yield _cut(pool, _FILE_S)
    readers = word_sources.readers(half, folder)
    names = sorted(readers)
    first = 3 * ("read", "phone", "noise", "room").index(kind)
    for number in range(3):
        name = names[(first + number) % len(names)]
        seconds = _LONG_S if (kind, number) == ("read", 0) else _FILE_S
        yield _cut(_shuffled(readers[name], rng), seconds)


def _conversations(language: str, half: str, folder: Path) -> Iterator[list[Utterance]]:
    """Yield turns of two people who answer quickly: written dialogues, and sentences read by people."""
    rng = _rng(half, language, "conversation")
    lines = word_sources.sentences("dialogue", language, half)
    commands = SYNTHETIC[language, half]
    for pair in ((commands[0], commands[1]), (commands[1], commands[2])):
        yield [
            word_sources.spoken(command, language, line)
            for command, line in zip(cycle(pair), lines, strict=False)
        ]
    if language == "es":
        pool = _shuffled(word_sources.volunteers("es", half, folder), rng)
        yield _cut(pool, _FILE_S)
        yield _cut(pool, _FILE_S)
        return
    readers = word_sources.readers(half, folder)
    names = sorted(readers)
    for first, second in (names[:2], names[2:4]):
        turns = [
            [each for each in _shuffled(readers[name], rng) if each.seconds < 12.0]
            for name in (first, second)
        ]
        yield _cut([each for pair in zip(*turns, strict=False) for each in pair], _FILE_S)


def mix(script: Script, rng: Generator) -> tuple[Sound, int, list[dict[str, Any]]]:
    """Return the recording, its rate, and its words with times."""
    sounds, words, at = [np.zeros(round(_LEAD_S * RATE_HZ), dtype=np.float32)], [], _LEAD_S
    room = rooms.any_room(rng, (0.4, 0.8))
    responses = {
        voice: rooms.respond(room, rooms.place(room, float(rng.uniform(1.2, 2.8)), rng), rng)
        for voice in (dict.fromkeys(each.voice for each in script.utterances) if script.room else ())
    }
    for said in script.utterances:
        words += [
            {
                "text": word.text,
                "start": round(at + word.start, 3),
                "end": round(at + word.end, 3),
                "speaker": said.voice,
                "language": said.language,
            }
            for word in said.words
        ]
        gap_s = float(rng.uniform(*script.gap_s))
        sound = np.pad(said.sound, (0, round(gap_s * RATE_HZ))) * np.float32(10 ** (rng.uniform(-3, 3) / 20))
        if script.room:
            level = float(np.sqrt(np.mean(sound**2)))
            sound = rooms.reverberate(sound, responses[said.voice])
            sound *= np.float32(level / max(float(np.sqrt(np.mean(sound**2))), 1e-6))
        sounds.append(sound)
        at += len(sound) / RATE_HZ
    mixed, rate = np.concatenate(sounds), RATE_HZ
    speech = float(np.sqrt(np.mean(np.concatenate([each.sound for each in script.utterances]) ** 2)))
    if script.phone:
        mixed, rate = rooms.telephone(mixed, rng), RATE_HZ // 2
    if script.noise == "babble":
        noise = _babble(script.crowd, len(mixed), rng)
    else:
        noise = rooms.hiss(script.noise, len(mixed), rng)
    mixed = mixed + noise * np.float32(speech * 10 ** (-script.snr_db / 20))
    mixed *= np.float32(min(1.0, _PEAK / float(np.abs(mixed).max())))
    return (rooms.mu_law(mixed) if script.phone else mixed), rate, words


def make(out: Path, folder: Path, only: Sequence[str]) -> None:
    """Write the whole set."""
    parts = {half: scripts(half, folder) for half in HALVES} | {"bilingual": bilingual(folder)}
    for part, rows in parts.items():
        (out / part).mkdir(parents=True, exist_ok=True)
        for script in rows:
            if only and not any(each in f"{part}/{script.name}" for each in only):
                continue
            sound, rate_hz, words = mix(script, _rng(part, script.name))
            path = out / part / f"{script.name}.flac"
            write(path, sound, rate_hz)
            real_s = sum(each.seconds for each in script.utterances if each.real)
            facts = {
                "language": script.name[:2] if part in HALVES else None,
                "kind": script.kind,
                "half": part if part in HALVES else script.name.partition("_")[0],
                "real": real_s > 0,
                "seconds": round(len(sound) / rate_hz, 2),
                "noise": script.noise,
                "snr_db": script.snr_db,
                "stretches": _stretches(words),
                "words": words,
            }
            _write_json(path.with_suffix(".words.json"), facts)
            print(
                f"{part}/{script.name}: {facts['seconds']:.0f} s, {len(words)} words, real: {facts['real']}"
            )
    (out / "silence").mkdir(exist_ok=True)
    speech = word_sources.spoken(SYNTHETIC["en", "tune"][0], "en", "Good morning, how are you feeling today?")
    for name, sound in silences(_rng("silence"), speech.sound):
        write(out / "silence" / f"{name}.flac", sound, RATE_HZ)


def _stretches(words: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the runs of words in one language."""
    found: list[dict[str, Any]] = []
    for word in words:
        if found and found[-1]["language"] == word["language"]:
            found[-1]["end"] = word["end"]
            found[-1]["text"] += f" {word['text']}"
        else:
            found.append({key: word[key] for key in ("start", "end", "language", "text")})
    return found


def _babble(crowd: Sequence[Utterance], length: int, rng: Generator) -> Sound:
    """Return six voices in the other language that talk at once, of RMS 1."""
    total = np.zeros(length, dtype=np.float32)
    for _ in range(6):
        at = -round(rng.uniform(0, 3) * RATE_HZ)
        while at < length:
            sound = crowd[int(rng.integers(len(crowd)))].sound
            begin = max(-at, 0)
            piece = sound[begin : length - at]
            total[at + begin : at + begin + len(piece)] += piece
            at += len(sound) + round(rng.uniform(0.1, 0.5) * RATE_HZ)
    return np.asarray(total / total.std(), dtype=np.float32)


def _cut(pool: list[Utterance], seconds: float) -> list[Utterance]:
    """Take utterances from the front of a list, some seconds of them."""
    found: list[Utterance] = []
    while pool and sum(each.seconds for each in found) < seconds:
        found.append(pool.pop(0))
    return found


def _shuffled(utterances: Sequence[Utterance], rng: Generator) -> list[Utterance]:
    return [utterances[index] for index in rng.permutation(len(utterances))]


def _rng(*names: str) -> Generator:
    return np.random.default_rng([SEED, zlib.crc32("/".join(names).encode())])


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Read the command line and make the set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sources", type=Path, default=Path("speech"))
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    if absent := word_sources.missing(options.sources):
        raise SystemExit("\n".join(absent))
    make(options.out, options.sources, options.only)


if __name__ == "__main__":
    main()
