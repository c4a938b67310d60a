"""Arguments that several commands share."""

from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.cli import parse
from fi_desktop.cli.arguments import job_options
from fi_desktop.core.codec import options_from_json, options_to_json
from fi_desktop.core.values import JobOptions, NumberStyle


def test_recording_has_one_path_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    monkeypatch.chdir(tmp_path / "one")
    for command in ("run", "window"):
        files = parse([command, "../a.wav", "b.wav", str(link / "c.wav")]).files
        assert files == [(tmp_path / "a.wav").resolve(), tmp_path / "one" / "b.wav", link / "c.wav"]


def test_vocabulary_lists_and_numbers_are_job_options():
    given = parse(["run", "a.wav", "--vocabulary-list", "cardiology, diabetes", "--numbers", "words"])
    default = JobOptions(vocabulary=("Núñez",))
    assert job_options(default, given) == replace(
        default, vocabulary_lists=("cardiology", "diabetes"), numbers=NumberStyle.WORDS
    )
    assert job_options(given_before := job_options(default, given), parse(["run", "a.wav"])) == given_before
    with pytest.raises(SystemExit):
        parse(["run", "a.wav", "--numbers", "roman"])


def test_options_of_an_older_version_open_unchanged():
    old = {"speakers": "2", "engine": "auto", "language": "es", "vocabulary": ["Núñez"]}
    options = options_from_json(old)
    assert (options.vocabulary_lists, options.numbers) == ((), NumberStyle.AS_HEARD)
    assert "numbers" not in options_to_json(options)
    chosen = replace(options, vocabulary_lists=("oncology",), numbers=NumberStyle.DIGITS)
    assert options_from_json(options_to_json(chosen)) == chosen
