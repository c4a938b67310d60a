"""Case labels: who goes first, and what a person's change does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import events as ev
from fi_desktop.core.case_labels import (
    LONGEST_CASE,
    NO_LABEL,
    CaseLabel,
    DateSource,
    LabelChange,
    checked_date,
    day_of,
    plain_case,
    seconds_of,
    time_of,
)
from fi_desktop.core.codec import event_from_json, event_to_json, job_from_json, job_to_json
from fi_desktop.core.job import apply
from fi_desktop.core.values import JobOptions, Priority, Summary

BY_NAME = CaseLabel("Ana", "2026-11-29", DateSource.NAME)
BY_FILE = CaseLabel("", "2026-12-01T09:00:00", DateSource.FILE)
METADATA = "2026-11-29T10:30:00"


def test_metadata_goes_before_the_date_of_the_file():
    assert BY_FILE.with_metadata(METADATA) == CaseLabel("", METADATA, DateSource.METADATA)
    assert NO_LABEL.with_metadata(METADATA).recorded_at == METADATA
    assert BY_FILE.with_metadata("") == BY_FILE


def test_metadata_only_adds_the_time_to_a_name_of_the_same_day():
    assert BY_NAME.with_metadata(METADATA) == CaseLabel("Ana", METADATA, DateSource.NAME)
    assert BY_NAME.with_metadata("2026-11-30T00:10:00") == BY_NAME


@pytest.mark.parametrize("at", ["", "2020-02-02", "2026-11-29"])
def test_metadata_never_changes_what_a_person_says(at):
    by_person = CaseLabel("", at, DateSource.PERSON)
    assert by_person.with_metadata(METADATA) == by_person


def test_change_leaves_what_it_does_not_name_and_can_be_undone():
    changed = LabelChange(case="  Beto \n Ruiz ").apply(BY_NAME)
    assert changed == replace(BY_NAME, case="Beto Ruiz")
    dated = LabelChange(recorded_at="2026-11-28 09:15").apply(changed)
    assert dated == CaseLabel("Beto Ruiz", "2026-11-28T09:15:00", DateSource.PERSON)
    assert LabelChange("", "").undone(BY_NAME).apply(dated) == BY_NAME
    assert LabelChange("", "").undone(NO_LABEL).apply(dated) == NO_LABEL


def test_person_who_confirms_a_date_does_not_become_its_source():
    assert LabelChange(recorded_at="2026-11-29").apply(BY_NAME) == BY_NAME


@pytest.mark.parametrize("text", ["2026-13-01", "yesterday", "29/11/2026", "2026-11-29T25:00"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        LabelChange(recorded_at=text).apply(BY_NAME)


def test_case_is_one_short_line():
    assert plain_case(" a\tb\u202ec\n") == "a b�c"
    assert len(plain_case("x" * 500)) == LONGEST_CASE


def test_parts_of_a_date():
    assert (day_of(METADATA), time_of(METADATA)) == ("2026-11-29", "10:30")
    assert (day_of("2026-11-29"), time_of("2026-11-29"), time_of("")) == ("2026-11-29", "", "")
    assert checked_date(" 2026-11-29 10:30 ") == METADATA
    assert seconds_of("", 7.0) == 7.0
    assert seconds_of("2026-11-29", 0.0) - seconds_of(METADATA, 0.0) == 5400.0  # noon


_TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
_LABELS = st.builds(
    CaseLabel,
    _TEXT.map(plain_case),
    st.datetimes().map(lambda at: at.isoformat(timespec="seconds")) | st.just(""),
    st.sampled_from(DateSource) | st.none(),
)


@given(_LABELS, _LABELS)
def test_job_keeps_its_label_in_the_store_and_replays_it(before, after):
    submitted = ev.Submitted(1, 1.0, "/a.wav", JobOptions(), Priority.NORMAL, label=before)
    job = apply(apply(None, submitted), ev.LabelChanged(1, 2.0, after))
    assert job.label == after
    assert job_from_json(job_to_json(job)) == job
    assert event_from_json(event_to_json(submitted)) == submitted


def test_record_without_a_label_is_as_it_was_before_there_were_labels():
    submitted = ev.Submitted(1, 1.0, "/a.wav", JobOptions(), Priority.NORMAL)
    assert "label" not in event_to_json(submitted)
    assert "label" not in job_to_json(apply(None, submitted))


@pytest.mark.parametrize("changed", [True, False])
def test_result_brings_the_date_of_the_metadata_unless_a_person_said_one(changed):
    job = apply(None, ev.Submitted(1, 1.0, "/a.wav", JobOptions(), Priority.NORMAL, label=BY_FILE))
    if changed:
        job = apply(job, ev.LabelChanged(1, 2.0, CaseLabel("", "2020-02-02", DateSource.PERSON)))
    job = apply(job, ev.Claimed(1, 3.0, "c", "worker-1"))
    job = apply(job, ev.Completed(1, 4.0, "c", Summary(2, 9.0, "builtin", recorded_at=METADATA)))
    assert job.label.recorded_at == ("2020-02-02" if changed else METADATA)
