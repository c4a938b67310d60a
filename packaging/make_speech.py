"""Generate the medical speech in tests/real/speech: `python packaging/make_speech.py [NAMES]`.

Two espeak-ng voices read the texts below in a simulated room; see `make_samples.py`. Run it only to change
the texts.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import make_samples
import numpy as np
from make_samples import RATE_HZ, SEED, VOICE_DB, Espeak, Voice, loudness_db
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

SPEECH = Path(__file__).resolve().parent.parent / "tests" / "real" / "speech"
BITS_PER_S = 24_000

DOCTOR = Voice("doctor", "en-us+f2", 55, 160, 0.004)
PATIENT = Voice("patient", "en-us+m3", 40, 155, 0.007)
DOCTORA = Voice("doctora", "es-419+f2", 58, 155, 0.004)
PACIENTE = Voice("paciente", "es-419+m3", 40, 150, 0.007)

TEXTS = {
    "consultation_en": (
        (DOCTOR, "Good afternoon. What can I do for you today?"),
        (
            PATIENT,
            "I have been short of breath for about two weeks, and my ankles are swollen in the evening.",
        ),
        (DOCTOR, "Do you wake up at night because of it?"),
        (PATIENT, "Yes, twice last night. I sleep with three pillows now."),
        (DOCTOR, "There is some fluid in both lungs. We will do an x-ray and a blood test today."),
        (PATIENT, "Is it serious, doctor?"),
        (DOCTOR, "It can be treated. I want to see you again on Friday."),
    ),
    "consulta_es": (
        (DOCTORA, "Buenas tardes, señora. ¿Cómo se ha sentido desde la última visita?"),
        (PACIENTE, "Más o menos, doctora. Me siento muy cansada y tengo mucha sed todo el día."),
        (DOCTORA, "¿Se ha medido el azúcar en casa?"),
        (PACIENTE, "Sí, por la mañana me sale en ciento ochenta."),
        (DOCTORA, "Vamos a pedirle un análisis de sangre y un examen de la vista."),
        (PACIENTE, "Está bien. ¿Cuándo regreso?"),
        (DOCTORA, "Venga en tres semanas con los resultados."),
    ),
    "prescriptions_en": (
        (DOCTOR, "You will take metformin twice a day, and we increase the lisinopril."),
        (DOCTOR, "Continue the atorvastatin at bedtime. I would like to add amlodipine."),
        (PATIENT, "I already take levothyroxine and omeprazole in the morning."),
        (DOCTOR, "Then stop the hydrochlorothiazide. Are you still taking the clopidogrel?"),
        (PATIENT, "Yes, and gabapentin at night. I had a reaction to azithromycin."),
        (DOCTOR, "We can give ceftriaxone, and ondansetron for the nausea."),
        (DOCTOR, "Let us add empagliflozin to protect the kidneys, and bring the spironolactone."),
    ),
    "recetas_es": (
        (DOCTORA, "Va a tomar metformina dos veces al día, y vamos a subir el enalapril."),
        (DOCTORA, "Siga con la atorvastatina por la noche. Le voy a agregar amlodipino."),
        (PACIENTE, "Ya tomo levotiroxina y omeprazol por la mañana."),
        (DOCTORA, "Entonces suspenda la hidroclorotiazida. ¿Sigue tomando el clopidogrel?"),
        (PACIENTE, "Sí, y gabapentina por la noche. Tuve una reacción a la azitromicina."),
        (DOCTORA, "Podemos dar ceftriaxona, y ondansetrón para la náusea."),
        (DOCTORA, "Agregamos empagliflozina para los riñones, y traiga la espironolactona."),
    ),
}


def compose(espeak: Espeak, lines: tuple[tuple[Voice, str], ...]) -> NDArray[np.float64]:
    """Concatenate the lines with natural pauses."""
    rng = np.random.default_rng(SEED)
    responses = {voice: make_samples.room(voice, rng) for voice in dict(lines)}
    parts, now = [], round(0.6 * RATE_HZ)
    for voice, text in lines:
        raw, _words = espeak.speak(voice, text)
        sound = resample_poly(raw, RATE_HZ, espeak.rate_hz)
        sound *= 10 ** ((VOICE_DB - loudness_db(sound)) / 20)
        parts.append((now, fftconvolve(sound, responses[voice])))
        now += len(sound) + round(rng.uniform(0.35, 0.95) * RATE_HZ)
    mixed = make_samples.noise(now + round(0.4 * RATE_HZ), rng)
    for start, sound in parts:
        mixed[start : start + len(sound)] += sound
    return mixed


def write(mixed: NDArray[np.float64], path: Path) -> None:
    """Write Opus, a tenth of the size of FLAC."""
    integers = np.rint(mixed * 32_767).astype(np.int16).reshape(1, -1)
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream("libopus", rate=RATE_HZ, layout="mono")
        stream.bit_rate = BITS_PER_S
        for start in range(0, integers.shape[1], 4096):
            frame = av.AudioFrame.from_ndarray(integers[:, start : start + 4096], format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE_HZ, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def main() -> None:
    """Generate the recordings, each with its text."""
    espeak = Espeak()
    SPEECH.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or TEXTS:
        lines = TEXTS[name]
        mixed = compose(espeak, lines)
        write(mixed, SPEECH / f"{name}.ogg")
        said = " ".join(text for _voice, text in lines)
        (SPEECH / f"{name}.txt").write_text(f"{said}\n", encoding="utf-8", newline="\n")
        print(f"{name}: {len(mixed) / RATE_HZ:.1f} s, {len(said.split())} words")


if __name__ == "__main__":
    main()
