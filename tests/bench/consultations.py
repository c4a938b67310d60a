"""Make simulated consultations and interviews with exact references, for `der.py`.

    python -m tests.bench.consultations OUT [--sources FOLDER] [--only WORD…]

Writes OUT/{tune,report,more}/NAME.flac, NAME.rttm, NAME.words.json (words with times and speakers) and
NAME.json (kind, speakers, distances, room, noise, overlap). NAME begins with the kind and "_", the group in
`der.py`.
No speaker of `tune` speaks in `report`: choose thresholds on `tune` alone, and publish figures of `report`.
`more` has the voices of `tune` in scenes whose number of people is hard to find.

The speech is read or acted sentences of real people, except in the kind "es" (synthetic voices); where it
comes from: `speech_sources.py`; who says what when: `conversation.py`. All follows from SEED and the sources.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from typing import cast as cast_to

import av
import numpy as np
from numpy.random import Generator
from scipy.signal import butter, ellip, sosfilt

from tests.bench import rooms
from tests.bench.conversation import LEAD_S, Scene, Spoken, Tape, converse, overlap_of
from tests.bench.speech_sources import (
    ALIKE,
    RATE_HZ,
    SOURCES,
    Sound,
    Voice,
    digest,
    missing,
    voices,
)

SEED = 2026
_MORE_SEED = 777
_MP3 = "libri-mp3"
_BAND_HZ = 5700  # of the MP3 voices; other voices are cut there in a recording with one of them
_LOUDNESS = 0.045  # RMS of the finished recording's speech


def scenes() -> Iterator[Scene]:
    """Yield one half's scenes."""
    for place, seconds in enumerate((90, 120, 150, 75, 180, 105, 240, 60, 135)):
        pair: tuple[str, ...] = (("f", "f"), ("m", "m"), ("f", "m"))[place % 3]
        near = place < 5
        yield Scene(
            f"two-{''.join(pair)}",
            pair,
            seconds,
            turn_s=(3.5, 2.5, 5.0)[place % 3],
            distances_m=(0.5, 1.2) if near else (1.2, 2.6),
            rt60_s=(0.2, 0.4) if near else (0.4, 0.7),
        )
    for seconds, pair in ((100, ("f", "m")), (140, ("m", "m"))):
        yield Scene("wide", pair, seconds, wide=True)
    for seconds, pair in ((120, ("f", "f")), (90, ("m", "m")), (150, ("m", "m"))):
        yield Scene("similar", pair, seconds, similar=True)
    for seconds, pair in ((60, ("f", "m")), (120, ("f", "f")), (150, ("m", "m")), (180, ("f", "m"))):
        yield Scene("phone", pair, seconds, phone=True, noise="white", snr_db=30.0)
    for seconds, pair, masks in ((90, ("f", "m"), 1), (120, ("f", "f"), 2), (150, ("m", "m"), 2)):
        yield Scene("mask", pair, seconds, masks=masks)
    yield Scene("noise", ("f", "m"), 120, noise="babble", snr_db=15.0)
    yield Scene("noise", ("f", "f"), 90, noise="babble", snr_db=10.0)
    yield Scene("noise", ("m", "m"), 150, noise="fan", snr_db=10.0)
    yield Scene("noise", ("f", "m"), 120, noise="hum", snr_db=12.0)
    yield Scene("noise", ("m", "m"), 105, noise="pink", snr_db=8.0)
    yield Scene("noise", ("f", "f"), 90, noise="white", snr_db=15.0)
    for seconds, people in ((120, ("f", "m", "f")), (180, ("m", "m", "f")), (150, ("f", "f", "m"))):
        yield Scene("three", people, seconds)
    for seconds, people in ((120, ("f", "m", "f")), (180, ("m", "f", "m")), (150, ("f", "f", "m"))):
        yield Scene("companion", people, seconds, companion_s=10.0)
    for seconds in (150, 200):
        yield Scene("four", ("f", "m", "f", "m"), seconds)
    for seconds, sex in ((25, "f"), (40, "m"), (75, "f"), (120, "m"), (180, "f")):
        yield Scene("alone", (sex,), seconds, turn_s=6.0, overlap=(0.0, 0.0))
    yield Scene("alone", ("m",), 60, turn_s=6.0, overlap=(0.0, 0.0), phone=True, noise="white", snr_db=30.0)
    for seconds, pair in ((180, ("f", "m")), (240, ("m", "f"))):
        yield Scene("interview", pair, seconds, turn_s=5.0, overlap=(0.01, 0.04), talk=(1.0, 4.0))
    for seconds, pair in ((75, ("def", "dem")), (100, ("dem", "dem")), (90, ("def", "def"))):
        yield Scene("acted", pair, seconds, turn_s=2.5)
    yield Scene("long", ("f", "m"), 600, turn_s=4.0, talk=(1.0, 1.6))
    yield Scene("es", ("esf", "esm"), 60, turn_s=3.0)
    yield Scene("es", ("esm", "esm"), 75, turn_s=3.0)
    yield Scene("es", ("esf", "esm", "esm"), 90, turn_s=3.0)
    yield Scene("es", ("esf",), 45, turn_s=5.0, overlap=(0.0, 0.0))


def hard_scenes() -> Iterator[Scene]:
    """Yield scenes of three to five people, actors, noise and voices that are alike."""
    fours = (("f", "m", "f", "m"), ("f", "f", "f", "m"), ("m", "m", "m", "f"), ("f", "f", "m", "m"))
    for place in range(16):
        yield Scene("four", fours[place % 4], (150, 200, 120, 240)[place // 4])
    threes = (("f", "m", "f"), ("m", "m", "f"), ("f", "f", "m"), ("m", "m", "m"), ("f", "f", "f"))
    for place in range(10):
        yield Scene("three", threes[place % 5], (120, 180)[place // 5])
    visits = (("f", "m", "f"), ("m", "f", "m"), ("f", "f", "m"))
    for place in range(6):
        yield Scene("companion", visits[place % 3], (120, 180)[place // 3], companion_s=10.0)
    for seconds in (90, 150, 120):
        yield Scene("similar", ("f", "f"), seconds, similar=True)
    pairs = (("f", "f"), ("m", "m"), ("f", "m"))
    for place in range(9):
        seconds = (90, 150, 240)[place // 3]
        yield Scene("two", pairs[place % 3], seconds, distances_m=(0.5, 2.2), rt60_s=(0.25, 0.7))
    actors = (("def", "dem"), ("dem", "dem"), ("def", "def"))
    for place in range(6):
        yield Scene("acted", actors[place % 3], (75, 120)[place // 3], turn_s=2.5)
    mixed = (("f", "m"), ("m", "m"), ("f", "f"), ("f", "m"))
    for pair, noise in zip(mixed, ("babble", "pink", "fan", "babble"), strict=True):
        yield Scene("noise", pair, 120, noise=noise, snr_db=10.0)
    for pair in mixed:
        yield Scene("mask", pair, 120, masks=2)
    for pair in mixed[:3]:
        yield Scene("phone", pair, 120, phone=True, noise="white", snr_db=30.0)
    for people in (("f", "m", "f", "m", "f"), ("m", "m", "f", "f", "m")):
        yield Scene("five", people, 240)


def mix(
    scene: Scene, people: Sequence[Voice], spoken: Sequence[Spoken], crowd: Sequence[Tape], rng: Generator
) -> tuple[Sound, int, dict[str, Any]]:
    """Return the recording, its rate, and what was done to it."""
    rate = 8000 if scene.phone else RATE_HZ
    length = round((max(part.end for part in spoken) + LEAD_S) * RATE_HZ)
    narrow = any(voice.source == _MP3 for voice in people)
    room = rooms.any_room(rng, scene.rt60_s)
    band = ellip(12, 0.2, 70, _BAND_HZ, fs=RATE_HZ, output="sos")
    facts: dict[str, Any] = {"people": [], "rt60_s": None if scene.phone else round(room.rt60_s, 2)}
    mixed = np.zeros(length * rate // RATE_HZ, dtype=np.float32)
    levels = []
    for person in range(len(people)):
        dry = np.zeros(length, dtype=np.float32)
        speaks = np.zeros(len(mixed), dtype=bool)
        for part in spoken:
            if part.person == person:
                speaks[round(part.start * rate) : round(part.end * rate)] = True
                at = round(part.start * RATE_HZ) - part.phrase.margin
                begin = max(-at, 0)
                sound = part.phrase.sound[begin:]
                dry[at + begin : at + begin + len(sound)] += sound[: length - at - begin]
        if narrow and people[person].source != _MP3:
            dry = sosfilt(band, dry).astype(np.float32)
        level_db = float(rng.uniform(-3, 3))
        distance = float(rng.uniform(*scene.distances_m))
        if person < scene.masks:
            dry = rooms.wear_mask(dry, rng)
        if scene.phone:
            heard = rooms.telephone(dry, rng)[: len(mixed)]
        else:
            seat = rooms.place(room, distance, rng)
            heard = rooms.reverberate(dry, rooms.respond(room, seat, rng))
            distance = float(np.linalg.norm(np.subtract(seat, room.microphone)))
        heard = heard * np.float32(10 ** (level_db / 20))
        mixed += heard
        levels.append(float(np.sqrt(np.mean(heard[speaks] ** 2))))
        facts["people"].append(
            {
                "distance_m": None if scene.phone else round(distance, 2),
                "level_db": round(level_db, 1),
                "mask": person < scene.masks,
            }
        )
    speech = float(np.mean(levels))
    if scene.noise == "babble":
        noise = _babble(room, length, crowd, rng)
    else:
        noise = rooms.hiss(scene.noise or "pink", len(mixed), rng)
    mixed += noise * np.float32(speech * 10 ** (-scene.snr_db / 20))
    mixed *= np.float32(_LOUDNESS / speech)
    peak = float(np.abs(mixed).max())
    if peak > 0.9:
        mixed *= np.float32(0.9 / peak)
    facts |= {"noise": scene.noise or "room", "snr_db": scene.snr_db}
    return (rooms.mu_law(mixed) if scene.phone else mixed), rate, facts


def _babble(room: rooms.Room, length: int, crowd: Sequence[Tape], rng: Generator) -> Sound:
    """Return six other voices that talk at once behind a wall, of RMS 1."""
    total = np.zeros(length, dtype=np.float32)
    for tape in crowd:
        at = 0
        while at < length:
            sound = tape.take(3.0, rng)[0][1].sound[: length - at]
            total[at : at + len(sound)] += sound
            at += len(sound) + round(rng.uniform(0.1, 0.6) * RATE_HZ)
    total = rooms.reverberate(total, rooms.respond(room, rooms.place(room, 2.0, rng), rng))
    total = sosfilt(butter(2, 2500, "low", fs=RATE_HZ, output="sos"), total)
    return np.asarray(total / total.std(), dtype=np.float32)


def cast(scene: Scene, half: str, used: dict[str, int], rng: Generator) -> list[Voice]:
    """Choose different voices of the half; those that spoke least come first."""
    if scene.similar:
        place = used.get("alike", 0)
        used["alike"] = place + 1
        return [voice for voice in voices() if voice.name in ALIKE[half][place]]
    chosen: list[Voice] = []
    for person in scene.people:
        language, sex = (person[:-1] or "en"), person[-1]
        free = [
            voice
            for voice in voices()
            if (voice.half, voice.language, voice.sex) == (half, language, sex)
            and voice not in chosen
            and not (scene.wide and voice.source == _MP3)
        ]
        order = rng.permutation(len(free))
        voice = min((free[index] for index in order), key=lambda voice: used.get(voice.name, 0))
        used[voice.name] = used.get(voice.name, 0) + 1
        chosen.append(voice)
    return chosen


def write(path: Path, sound: Sound, rate_hz: int) -> None:
    """Write 16-bit FLAC."""
    integers = np.rint(np.clip(sound, -1, 1) * 32_767).astype(np.int16).reshape(1, -1)
    with av.open(str(path), "w", format="flac", container_options={"fflags": "+bitexact"}) as output:
        stream = cast_to(av.AudioStream, output.add_stream("flac", rate=rate_hz, layout="mono"))
        for start in range(0, integers.shape[1], 4096):
            frame = av.AudioFrame.from_ndarray(integers[:, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate_hz, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def describe(path: Path, people: Sequence[Voice], spoken: Sequence[Spoken], facts: dict[str, Any]) -> None:
    """Write the reference, the words and the facts of a recording."""
    rows = []
    for person, voice in enumerate(people):
        runs: list[list[float]] = []
        for part in (part for part in spoken if part.person == person):
            if runs and part.start - runs[-1][1] < 0.2:
                runs[-1][1] = max(runs[-1][1], part.end)
            else:
                runs.append([part.start, part.end])
        rows += [(start, end, voice.name) for start, end in runs]
        facts["people"][person] |= {
            "name": voice.name,
            "sex": voice.sex,
            "source": voice.source,
            "seconds": round(sum(end - start for start, end in runs), 2),
        }
    lines = [
        f"SPEAKER {path.stem} 1 {start:.3f} {end - start:.3f} <NA> <NA> {name} <NA> <NA>\n"
        for start, end, name in sorted(rows)
    ]
    path.with_suffix(".rttm").write_text("".join(lines), encoding="utf-8")
    words: list[dict[str, Any]] = [
        {
            "text": word.text,
            "start": round(part.start + word.start, 3),
            "end": round(part.start + word.end, 3),
            "speaker": people[part.person].name,
        }
        for part in spoken
        for word in part.phrase.words
    ]
    words.sort(key=lambda word: word["start"])
    _write_json(path.with_suffix(".words.json"), {"words": words})
    _write_json(path.with_suffix(".json"), facts)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def make(out: Path, folder: Path, only: Sequence[str]) -> None:
    """Write the whole set."""
    for part, half, drawn, first_seed, prefix in (
        ("tune", "tune", scenes, SEED, "tune/"),
        ("report", "report", scenes, SEED, "report/"),
        ("more", "tune", hard_scenes, _MORE_SEED, ""),
    ):
        (out / part).mkdir(parents=True, exist_ok=True)
        used: dict[str, int] = {}
        for number, scene in enumerate(drawn()):
            name = f"{scene.kind}_{number:02d}"
            seed = [first_seed, zlib.crc32(f"{prefix}{name}".encode())]
            rng = np.random.default_rng(seed)
            people = cast(scene, half, used, rng)
            if only and not any(word in f"{part}/{name}" for word in only):
                continue
            spoken = converse(scene, [Tape.of(voice, folder, rng) for voice in people], rng)
            others = [v for v in voices() if v.half == half and v.language == "en" and v not in people]
            crowd = [Tape.of(others[i], folder, rng) for i in rng.permutation(len(others))[:6]]
            sound, rate_hz, facts = mix(scene, people, spoken, crowd, rng)
            share = overlap_of(spoken)
            facts = {"kind": scene.kind, "overlap": round(share, 4), "seed": seed, **facts}
            write(out / part / f"{name}.flac", sound, rate_hz)
            describe(out / part / f"{name}.flac", people, spoken, facts)
            who = ", ".join(f"{p['name']} {p['seconds']:.0f} s" for p in facts["people"])
            print(f"{part}/{name}: {len(sound) / rate_hz:.0f} s, overlap {100 * share:.1f} %, {who}")


def main() -> None:
    """Read the command line and make the set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sources", type=Path, default=Path("speech"))
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    if absent := missing(options.sources):
        raise SystemExit("\n".join(absent))
    for source in SOURCES:
        print(f"{source.name}: {digest(options.sources, source)[:16]}, {source.credit}, {source.licence}")
    make(options.out, options.sources, options.only)


if __name__ == "__main__":
    main()
