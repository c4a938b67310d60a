"""The tables of engines: an engine is one file and one line, or a plugin's entry point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop import pipeline
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import JobOptions
from fi_desktop.engines import registry
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.system.files import resource
from tests.engines import fake
from tests.test_pipeline import Recorder

ROOTS = (resource("models"),)


@pytest.fixture(autouse=True)
def _no_cached_plugins() -> Iterator[None]:
    registry._plugins.cache_clear()
    yield
    registry._plugins.cache_clear()


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both fake engines, each as one line in its table."""
    monkeypatch.setattr(registry, "DIARIZERS", (*registry.DIARIZERS, fake.DIARIZER))
    monkeypatch.setattr(registry, "TRANSCRIBERS", (*registry.TRANSCRIBERS, fake.TRANSCRIBER))


def run(folder: Path, options: JobOptions) -> Transcript:
    recording = resource("samples", "consulta.flac")
    pipeline.run(pipeline.Task(1, recording, options, folder / "jobs" / "1", ROOTS), Recorder())
    return JobFolders(folder / "jobs").transcript(1)


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("transcriber", ["fake", "auto"])
def test_an_engine_in_the_table_runs_in_the_pipeline(tmp_path: Path, transcriber: str) -> None:
    result = run(tmp_path, JobOptions(engine="fake", transcriber=transcriber, language="es"))
    assert (result.provenance.engine, result.provenance.transcriber) == ("fake", "fake")
    assert {word.text for segment in result.segments for word in segment.words} == {"blah"}
    assert (result.speakers, result.language) == (("SPEAKER_00", "SPEAKER_01"), "es")


def test_an_engine_of_a_plugin_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "fake_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[fi_desktop.transcribers]\nfake = tests.engines.fake:TRANSCRIBER\n"
        "[fi_desktop.diarizers]\nfake = tests.engines.fake:DIARIZER\nbroken = no_such_module:SPEC\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert registry.diarizer_names()[-1] == "fake"
    assert isinstance(registry.create_diarizer("fake", ROOTS), fake.FakeDiarizer)
    chosen = registry.choose_transcriber("fake", ROOTS)
    assert chosen is not None
    assert isinstance(registry.create_transcriber(chosen), fake.FakeTranscriber)


def test_an_engine_without_its_optional_dependency_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tuple(
        replace(spec, requires="no_such_library.audio") if spec.name == "pyannote" else spec
        for spec in registry.DIARIZERS
    )
    monkeypatch.setattr(registry, "DIARIZERS", missing)
    assert not registry.available("pyannote", ROOTS)
    with pytest.raises(UserError) as caught:
        registry.check("pyannote", ROOTS)
    assert caught.value.code == "engine.not_installed"


def test_the_best_diarizer_depends_on_the_channels_alone() -> None:
    assert registry.best_diarizer(separate=True) == "channels"
    assert registry.best_diarizer(separate=False) == "builtin"


def test_an_unknown_engine_is_a_user_error() -> None:
    with pytest.raises(UserError) as caught:
        registry.check("no-such-engine", ROOTS)
    assert caught.value.code == "engine.unknown"
    with pytest.raises(UserError) as caught:
        registry.choose_transcriber("no-such-model", ROOTS)
    assert caught.value.code == "engine.no_transcriber"


@pytest.mark.usefixtures("fakes")
def test_engines_in_the_tables_are_offered_by_name_and_title() -> None:
    assert registry.diarizer_names()[-1] == "fake"
    assert registry.transcriber_names(["base"]) == ("auto", "none", "base", "fake")
    assert registry.title("fake") == "Fake"
    assert registry.title("no-such-engine") == "no-such-engine"
