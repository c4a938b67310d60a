"""A transcriber of a plugin: one file, offered and used everywhere like those of the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions, NumberStyle
from fi_desktop.engines import registry, term_lists
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.preference_fields import make_field
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.settings import SPECS
from fi_desktop.system import plugins
from fi_desktop.system.files import resource
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop, lines

SAMPLE = resource("samples", "consulta.flac")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an installed package that declares the transcriber."""
    folder = tmp_path / "site"
    metadata = folder / "recorded_words-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: recorded-words\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[fi_desktop.transcribers]\nrecorded = tests.engines.recorded:SPEC\n"
    )
    monkeypatch.syspath_prepend(folder)
    for cache in (registry._plugins, plugins._any_declared):
        cache.cache_clear()
    yield folder
    for cache in (registry._plugins, plugins._any_declared):
        cache.cache_clear()


@pytest.mark.usefixtures("plugin")
def test_it_transcribes_in_a_worker_process(home: Path) -> None:
    options = JobOptions(
        transcriber="recorded",
        vocabulary=("Núñez",),
        vocabulary_lists=("diabetes",),
        numbers=NumberStyle.DIGITS,
    )
    with running_app(home, workers=1) as driver:
        (job,) = driver.wait_until_done(*driver.submit(SAMPLE, options=options))
    assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1)
    assert job.summary is not None
    assert (job.summary.transcriber, job.summary.model, job.summary.language) == ("recorded", "1.0", "es")
    transcript = JobFolders(home / "jobs").transcript(job.id)
    assert (transcript.provenance.transcriber, transcript.provenance.transcriber_model) == ("recorded", "1.0")
    assert transcript.provenance.options["vocabulary_lists"] == ["diabetes"]
    words = [word.text for segment in transcript.segments for word in segment.words]
    saved = json.loads(SAMPLE.with_suffix(".words.json").read_text(encoding="utf-8"))["words"]
    assert words[:5] == [word["text"] for word in saved[:5]]
    assert words[-2:] == ["Núñez", "metformin"]
    assert {segment.speaker for segment in transcript.segments} == {"SPEAKER_00", "SPEAKER_01"}


@pytest.mark.usefixtures("plugin")
def test_without_a_model_pack_it_is_the_best_one(home: Path) -> None:
    with running_app(home, backend="inline") as driver:
        (job,) = driver.wait_until_done(*driver.submit(SAMPLE, options=JobOptions()))
    assert job.summary is not None
    assert job.summary.transcriber == "recorded"
    transcript = JobFolders(home / "jobs").transcript(job.id)
    last = [word.text for segment in transcript.segments for word in segment.words][-1]
    bundled = (resource("vocabulary"),)
    # without a choice all bundled lists are used
    assert last == term_lists.read_all(term_lists.SPECIALTIES, bundled)[0][0].text


def test_the_command_line_uses_and_checks_it(home: Path, plugin: Path) -> None:
    path = f"{plugin}:{ROOT}"
    done = fi_desktop(
        "run", SAMPLE, "--transcriber", "recorded", "--json", "--to", "json", "--out", plugin.parent,
        home=home, PYTHONPATH=path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert lines(done.stdout)
    result = json.loads((plugin.parent / "consulta.json").read_text(encoding="utf-8"))
    assert result["provenance"]["transcriber"] == "recorded"
    (plugin / "torch.py").write_text("raise ImportError('not needed here', name='torch')")
    checked = fi_desktop("doctor", "--json", home=home, PYTHONPATH=path, FI_DESKTOP_TRANSCRIBER="recorded")
    findings = {finding["part"]: finding for finding in lines(checked.stdout)}
    assert findings["recorded"]["well"]
    assert "recorded words" in findings["recorded"]["text"]


@pytest.mark.usefixtures("plugin")
def test_the_window_offers_it_by_its_title(qtbot) -> None:
    bar = OptionsBar(JobOptions(), packs=["faster-whisper-base"])
    qtbot.addWidget(bar)
    action = next(action for action in bar.menu.actions() if action.text() == "Recorded words")
    action.trigger()
    assert bar.options().transcriber == "recorded"
    field = make_field(SPECS["transcriber"], [], [], bar)
    field.show_value("recorded")
    assert field.text_of("recorded") == "Recorded words"
    assert field.raw_value() == "recorded"
