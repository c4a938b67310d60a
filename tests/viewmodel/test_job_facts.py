"""Diagnostics contain nothing about the patient."""

from functools import reduce

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import apply
from fi_desktop.core.transcript import Provenance
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Stage, StageEnd, StageTime, Summary
from fi_desktop.viewmodel.job_facts import diagnostics

PATH = "/home/dra.ruiz/Pacientes/Núñez, Josefa/primera visita.wav"
TRACEBACK = """Traceback (most recent call last):
  File "/home/dra.ruiz/app/lib/python3.12/site-packages/scipy/linalg/basic.py", line 12, in solve
    raise ValueError(text)
ValueError: primera visita: buenos días Josefa

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/home/dra.ruiz/app/fi_desktop/pipeline/stages.py", line 163, in diarized
    found = engine.diarize(recording)
  File "/home/dra.ruiz/Pacientes/Núñez, Josefa/primera visita.wav", line 1, in <module>
fi_desktop.core.errors.TransientError: me duele
la rodilla  File "x"
"""


def a_job():
    options = JobOptions(
        SpeakerCount(2, 3), "builtin", "es", "auto", ("Josefa", "metformina"), "Consulta de Josefa"
    )
    error = ErrorInfo(ErrorKind.BUG, "engine.unexpected", "Something unexpected: me duele.", TRACEBACK)
    stages = (StageTime(Stage.DECODE, 2.5), StageTime(Stage.DIARIZE, 1.25, StageEnd.BROKEN_OFF))
    events = (
        ev.Submitted(17, 1000.0, PATH, options, Priority.NORMAL),
        ev.Claimed(17, 1001.0, "a", "worker-1"),
        ev.Failed(17, 1009.5, "a", error, 1009.5, crashed=True, stages=stages),
        ev.Claimed(17, 1010.0, "b", "worker-2", "cuda:0"),
        ev.Completed(
            17, 1020.0, "b", Summary(2, 61.5, "builtin", "clear", ("Josefa said a word.",), words=99)
        ),
    )
    return reduce(apply, events, None)


def test_diagnostics_contain_no_paths_names_or_words():
    made = Provenance("0.9", "builtin", "background 1", {}, "0" * 64, "primera visita.wav", "2026-11-24")
    text = diagnostics(a_job(), made)
    for private in ("primera", "visita", "Núñez", "Josefa", "Pacientes", "ruiz", "home", "metformina"):
        assert private not in text
    for spoken in ("buenos", "duele", "rodilla", "word.", "Consulta"):
        assert spoken not in text


def test_diagnostics_contain_error_versions_and_system():
    made = Provenance("0.9", "builtin", "background 1", {}, "0" * 64, "primera visita.wav", "2026-11-24")
    lines = diagnostics(a_job(), made).splitlines()
    assert lines[0].startswith("fi-desktop ")
    assert "job 17: COMPLETED, priority NORMAL, 2 deliveries" in lines
    options = (
        "speakers 2-3, engine builtin, language es, transcriber auto, 2 vocabulary words, 0 vocabulary lists,"
        " numbers heard, prompt given"
    )
    assert f"options: {options}" in lines
    assert "voices: builtin background 1" in lines
    attempt = lines.index("attempt 1: 1970-01-01T00:16:41+00:00, 8.5 s, worker-1 on cpu, crashed, charged")
    assert lines[attempt + 1 : attempt + 5] == [
        "  decode: 2.50 s, done",
        "  diarize: 1.25 s, broken off",
        "  error: bug engine.unexpected",
        "  Traceback (most recent call last):",
    ]
    assert "  scipy/linalg/basic.py:12 solve" in lines
    assert "  fi_desktop/pipeline/stages.py:163 diarized" in lines
    assert "  ValueError" in lines
    assert "  fi_desktop.core.errors.TransientError" in lines
