#!/usr/bin/env python3
"""Train the background model of the built-in diarizer.

    python packaging/train_background.py VOICES OUT [--passes 16] [--seed 0] [--leave-out 0]

VOICES: a folder of FLAC files named SPEAKER-…, one voice each; OUT: the folder for the model, its manifest
and its attribution. Voices are joined to pseudo-files of two to four speakers, each with one simulated room,
noise and perhaps telephone bandwidth, because the engine normalizes a file as a whole and so sees voices
relative to their file. `--leave-out N` holds out N voices for validation.
Source: Kenny 2005, "Joint factor analysis of speaker and session variability" (eigenvoices by EM).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, firwin2

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter
from fi_desktop.engines.builtin.eigenvoices import MODEL_FILE, BackgroundModel
from fi_desktop.engines.builtin.features import FRAME_SAMPLES, make_grid, speech_cepstra
from fi_desktop.engines.networks import MANIFEST
from fi_desktop.engines.vad import detect_speech

NAME, VERSION = "fi-desktop voices", "2"
COMPONENTS, RANK = 128, 60
Floats = NDArray[np.float64]
Samples = NDArray[np.float32]

ATTRIBUTION = """\
# Attribution

`{file}` was trained from one utterance of each of {voices} speakers of the LibriSpeech corpus
(V. Panayotov, G. Chen, D. Povey, S. Khudanpur: "LibriSpeech: an ASR corpus based on public domain audio
books", ICASSP 2015; https://www.openslr.org/12), licensed CC BY 4.0
(https://creativecommons.org/licenses/by/4.0/). The recordings were changed: joined, filtered, and mixed with
simulated rooms and noise. The model holds averages over all speakers; no recording can be reconstructed.
Speech in the recordings was found with Silero VAD (MIT).

Trained with

    {command}
"""


@dataclass(frozen=True)
class Condition:
    """Acoustic condition of a pseudo-file; values are drawn uniformly from the ranges.

    Attributes:
        reverberation_s: RT60, time in which the sound decays by 60 dB.
        direct_db: direct-to-reverberant ratio.
        snr_db: signal-to-noise ratio.
        equal_spectra: whether the voices' long-term spectra are equalized, as by one microphone.
        telephone: whether to limit the band to 300 to 3400 Hz.
    """

    reverberation_s: tuple[float, float]
    direct_db: tuple[float, float]
    snr_db: tuple[float, float]
    equal_spectra: bool = False
    telephone: bool = False


PLAIN = Condition((0.2, 0.5), (4.0, 12.0), (15.0, 30.0))
EQUAL = Condition((0.2, 0.5), (4.0, 12.0), (15.0, 30.0), equal_spectra=True)
HARD = Condition((0.3, 0.7), (0.0, 6.0), (8.0, 18.0), equal_spectra=True)
PHONE = Condition((0.2, 0.5), (4.0, 12.0), (15.0, 30.0), telephone=True)
CONDITIONS = (PLAIN, EQUAL, HARD, PHONE, EQUAL, HARD, PLAIN, HARD)


def read_flac(path: Path) -> Samples:
    """Read a file as 16 kHz mono, -1..1."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        frames = [
            out.to_ndarray()[0] for frame in container.decode(audio=0) for out in resampler.resample(frame)
        ]
        frames += [out.to_ndarray()[0] for out in resampler.resample(None)]
    return np.concatenate(frames).astype(np.float32)


def as_recording(samples: Samples, folder: Path) -> Recording:
    """Write samples to a recording, as the engine's functions expect."""
    with RecordingWriter(folder / "pseudo.pcm", 1) as writer:
        writer.write(samples[None, :])
        return writer.recording


def voice_of(path: Path, folder: Path) -> Samples:
    """Read one voice: speech only, normalized."""
    samples = read_flac(path)
    samples *= 0.05 / np.sqrt(np.square(samples).mean())
    speech = detect_speech(as_recording(samples, folder), per_channel=False, progress=_quiet)
    parts = [samples[round(r.start * SAMPLE_RATE_HZ) : round(r.end * SAMPLE_RATE_HZ)] for r in speech.regions]
    joined = np.concatenate(parts) if parts else samples[:0]
    return joined / (np.sqrt(np.square(joined).mean()) + 1e-9) * np.float32(0.03) if len(joined) else joined


def equalize(voices: list[Samples]) -> list[Samples]:
    """Filter all voices to the mean of their long-term spectra (40 ms filters)."""
    size = 640
    spectra = []
    for voice in voices:
        frames = voice[: len(voice) // size * size].reshape(-1, size) * np.hanning(size)
        spectra.append(np.sqrt(np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0)) + 1e-6)
    goal = np.exp(np.log(spectra).mean(axis=0))
    equal = []
    for voice, spectrum in zip(voices, spectra, strict=True):
        gain = np.exp(np.convolve(np.pad(np.log(goal / spectrum), 2, mode="edge"), np.ones(5) / 5, "valid"))
        taps = np.fft.fftshift(np.fft.irfft(np.clip(gain, 0.05, 20.0), size)) * np.hanning(size)
        equal.append(fftconvolve(voice, taps, mode="same").astype(np.float32))
    return equal


def room(rng: np.random.Generator, reverberation_s: float, direct_db: float) -> Floats:
    """Draw an impulse response: direct sound and decaying noise."""
    time = np.arange(int(reverberation_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(size=len(time)) * 10.0 ** (-3.0 * time / reverberation_s)
    tail[: int(0.002 * SAMPLE_RATE_HZ)] = 0.0
    tail *= 10.0 ** (-direct_db / 20.0) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail


def pink_noise(rng: np.random.Generator, samples: int) -> Floats:
    """Draw pink noise of variance 1 (3 dB per octave)."""
    spectrum = np.fft.rfft(rng.normal(size=samples))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ), 40.0))
    noise = np.fft.irfft(spectrum, samples)
    return noise / noise.std()


def pseudo_file(voices: list[Samples], condition: Condition, rng: np.random.Generator) -> Samples:
    """Concatenate voices in one simulated room."""
    if condition.equal_spectra:
        voices = equalize(voices)
    reverberation_s, direct_db = rng.uniform(*condition.reverberation_s), rng.uniform(*condition.direct_db)
    heard = [
        fftconvolve(voice, room(rng, reverberation_s, direct_db))[: len(voice)]
        * 10 ** (rng.uniform(-3, 3) / 20)
        for voice in voices
    ]
    mixed = np.concatenate(heard)
    level = np.sqrt(np.square(mixed).mean())
    mixed = mixed + pink_noise(rng, len(mixed)) * level * 10.0 ** (-rng.uniform(*condition.snr_db) / 20.0)
    if condition.telephone:
        band = firwin2(401, [0, 200, 320, 3300, 3700, 8000], [0, 0, 1, 1, 0, 0], fs=SAMPLE_RATE_HZ)
        mixed = fftconvolve(mixed, band, mode="same")
    return (0.05 * mixed / np.sqrt(np.square(mixed).mean())).astype(np.float32)


def sessions(voices: list[Samples], passes: int, rng: np.random.Generator, folder: Path) -> list[Samples]:
    """Return the normalized cepstra of each voice in each of its pseudo-files, (frames, 20) each."""
    found: list[Samples] = []
    for number in range(passes):
        order = list(rng.permutation(len(voices)))
        while len(order) > 1:
            group = [voices[order.pop()] for _ in range(min(len(order), int(rng.integers(2, 5))))]
            samples = pseudo_file(group, CONDITIONS[number % len(CONDITIONS)], rng)
            recording = as_recording(samples, folder)
            regions = detect_speech(recording, per_channel=False, progress=_quiet).regions
            mask = make_grid(regions, recording.samples // FRAME_SAMPLES).mask
            cepstra = speech_cepstra(recording, mask, _quiet)
            found += split_by_voice(cepstra, mask, [len(voice) for voice in group])
        print(f"pass {number + 1} of {passes}: {len(found)} sessions", flush=True)
    return found


def split_by_voice(cepstra: Samples, mask: NDArray[np.bool_], lengths: list[int]) -> list[Samples]:
    """Split a pseudo-file's speech by voice; pieces shorter than 3 s are dropped."""
    borders = np.cumsum([0, *lengths]) // FRAME_SAMPLES
    rows = np.concatenate([[0], np.cumsum(mask)])
    parts = [cepstra[rows[low] : rows[high]] for low, high in pairwise(borders)]
    return [part for part in parts if len(part) > 300]


def train_ubm(frames: Samples, rng: np.random.Generator, rounds: int = 25) -> BackgroundModel:
    """Fit the Gaussian mixture by EM on random frames; variances are at least 2 % of the overall one."""
    chosen = frames[rng.permutation(len(frames))[:300_000]]
    overall = chosen.var(axis=0).astype(np.float64)
    model = BackgroundModel(
        weights=np.full(COMPONENTS, 1.0 / COMPONENTS),
        means=chosen[:COMPONENTS].astype(np.float64),
        variances=np.tile(overall, (COMPONENTS, 1)),
        eigenvoices=np.zeros((COMPONENTS, chosen.shape[1], 0)),
    )
    for _ in range(rounds):
        occupied, first, second = np.zeros(COMPONENTS), 0.0, 0.0
        for start in range(0, len(chosen), 20_000):
            part = chosen[start : start + 20_000]
            posterior = model.posteriors(part)
            occupied = occupied + posterior.sum(axis=0)
            first = first + (posterior.T @ part).astype(np.float64)
            second = second + (posterior.T @ np.square(part)).astype(np.float64)
        means = first / (occupied[:, None] + 1e-6)
        model = BackgroundModel(
            weights=(occupied + 1e-6) / (occupied + 1e-6).sum(),
            means=means,
            variances=np.maximum(second / (occupied[:, None] + 1e-6) - np.square(means), 0.02 * overall),
            eigenvoices=model.eigenvoices,
        )
    return model


def train_eigenvoices(
    ubm: BackgroundModel, found: list[Samples], rng: np.random.Generator, rounds: int = 25
) -> BackgroundModel:
    """Fit the eigenvoices by EM over sessions, with minimum divergence (Kenny 2005)."""
    size = ubm.means.shape[1]
    zero, first = np.empty((len(found), COMPONENTS)), np.empty((len(found), COMPONENTS, size))
    for row, frames in enumerate(found):
        posterior = ubm.posteriors(frames)
        zero[row] = posterior.sum(axis=0)
        first[row] = posterior.T @ frames - zero[row][:, None] * ubm.means
    basis = rng.normal(size=(COMPONENTS, size, RANK)) * np.sqrt(ubm.variances)[:, :, None] * 0.05
    for number in range(rounds):
        scaled = basis / ubm.variances[:, :, None]
        inner = np.einsum("cdr,cdq->crq", basis, scaled, optimize=True).reshape(COMPONENTS, -1)
        covariance = np.linalg.inv(np.eye(RANK) + (zero @ inner).reshape(-1, RANK, RANK))
        shift = first.reshape(len(found), -1) @ scaled.reshape(-1, RANK)
        factor = np.einsum("nrq,nq->nr", covariance, shift)
        second = (covariance + factor[:, :, None] * factor[:, None, :]).reshape(len(found), -1)
        weight = (zero.T @ second).reshape(COMPONENTS, RANK, RANK) + 1e-3 * np.eye(RANK)
        cross = (first.reshape(len(found), -1).T @ factor).reshape(COMPONENTS, size, RANK)
        basis = np.linalg.solve(weight, cross.transpose(0, 2, 1)).transpose(0, 2, 1)
        mean = factor.mean(axis=0)
        spread = second.mean(axis=0).reshape(RANK, RANK) - np.outer(mean, mean)
        basis = basis @ np.linalg.cholesky(spread)
        print(f"eigenvoices, round {number + 1} of {rounds}", flush=True)
    return BackgroundModel(ubm.weights, ubm.means, ubm.variances, basis)


def save(model: BackgroundModel, folder: Path, *, voices: int, command: str) -> None:
    """Write the model, its manifest and its attribution."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MODEL_FILE
    names = ("weights", "means", "variances", "eigenvoices")
    np.savez_compressed(file, **{name: getattr(model, name).astype(np.float32) for name in names})
    manifest = {
        "name": NAME,
        "version": VERSION,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "license": "CC-BY-4.0",
        "attribution": "ATTRIBUTION.md",
        "command": command,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    text = ATTRIBUTION.format(file=file.name, voices=voices, command=command)
    (folder / "ATTRIBUTION.md").write_text(text, encoding="utf-8")
    print(f"{file.stat().st_size / 1024:.0f} KiB", flush=True)


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("voices", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--passes", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    paths = sorted(options.voices.glob("*.flac"))[options.leave_out :]
    with tempfile.TemporaryDirectory() as folder:
        voices = [voice_of(path, Path(folder)) for path in paths]
        found = sessions(voices, options.passes, rng, Path(folder))
    ubm = train_ubm(np.concatenate(found), rng)
    model = train_eigenvoices(ubm, found, rng)
    words = [
        "packaging/train_background.py",
        "VOICES",
        "OUT",
        *(w for w in sys.argv[3:] if w.startswith("--") or w.isdigit()),
    ]
    save(model, options.out, voices=len(paths), command="python " + shlex.join(words))


def _quiet(_fraction: float) -> None:
    """Ignore progress."""


if __name__ == "__main__":
    main()
