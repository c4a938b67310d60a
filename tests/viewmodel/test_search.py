from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.job import JobState
from fi_desktop.core.values import ReviewState
from fi_desktop.viewmodel.rows import row_of
from fi_desktop.viewmodel.search import combine, parse
from tests.gui import samples

NOON = datetime(2026, 11, 1, 12).astimezone().timestamp()


@pytest.fixture(scope="module")
def rows():
    garcia = samples.submitted(1, "Consulta García.wav", at=NOON - 86_400, speakers="3")
    done = samples.completed(samples.claimed(samples.submitted(2, "Ward round.mp3", at=NOON), NOON), NOON + 9)
    broken = samples.failed(
        samples.claimed(samples.submitted(3, "Round ward.mp3", at=NOON), NOON), NOON + 1, "Está dañado."
    )
    batch = ev.Submitted(
        12,
        NOON + 86_400,
        "/a/Draft 10:30.wav",
        samples.JobOptions(language="en,es"),
        samples.Priority.LOW,
        12,
    )
    return [row_of(news.job) for news in (garcia, done, broken)] + [row_of(samples.apply(None, batch))]


def found(rows, text, **options):
    test = combine(parse(text, **options).tests, frozenset())
    return {row.id for row in rows if test is None or test(row)}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", {1, 2, 3, 12}),
        ("   ", {1, 2, 3, 12}),
        ("garcia", {1}),
        ("GARCÍA consul", {1}),
        ("ward round", {2, 3}),
        ('"ward round"', {2}),
        ('"ward ro', {2}),
        ("-ward", {1, 12}),
        ('-"ward round" ward', {3}),
        ("10:30", {12}),
        ("state:failed", {3}),
        ("state:compl", {2}),
        ("-state:failed -state:queued", {2}),
        ("speaker:3", {1}),
        ("speakers:2", {2, 3, 12}),
        ("language:ES", {12}),
        ("engine:built", {2}),
        ('error:"esta danado"', {3}),
        ("batch:12", {12}),
        ("before:2026-11-01", {1}),
        ("after:2026-11-01", {2, 3, 12}),
        ("after:2026-11-01 before:2026-11-02", {2, 3}),
        ("state:", {1, 2, 3, 12}),
        ("-", {1, 2, 3, 12}),
    ],
)
def test_terms_find_matching_rows(rows, text, ids):
    assert found(rows, text) == ids
    assert parse(text).unknown == parse(text).invalid == ()


def test_labels_of_the_window_are_known(rows):
    spanish = {"En curso": JobState.RUNNING, "Fallido": JobState.FAILED}
    assert found(rows, "state:fallido", states=spanish) == {3}
    assert found(rows, "state:failed", states=spanish) == {3}
    keys = {"estado": "state", "hablantes": "speaker"}
    assert found(rows, "Estado:fallido", states=spanish, keys=keys) == {3}
    assert found(rows, "state:fallido", states=spanish, keys=keys) == {3}


@pytest.mark.parametrize(
    ("text", "unknown", "invalid"),
    [
        ("colour:red ward", ("colour:red",), ()),
        ("-Tag:x", ("-Tag:x",), ()),
        ("state:nowhere", (), ("state:nowhere",)),
        ("state:c", (), ("state:c",)),
        ("batch:many batch:one", (), ("batch:many", "batch:one")),
        ('before:"last week"', (), ('before:"last week"',)),
    ],
)
def test_unknown_and_invalid_terms_are_named_and_match_all(rows, text, unknown, invalid):
    query = parse(text)
    assert (query.unknown, query.invalid) == (unknown, invalid)
    assert len(query.tests) == ("ward" in text)


def test_states_and_terms_combine(rows):
    test = combine(parse("ward").tests, frozenset({JobState.FAILED, JobState.QUEUED}))
    assert [row.id for row in rows if test(row)] == [3]


def test_results_to_review_combine_with_states(rows):
    done = samples.completed(samples.claimed(samples.submitted(4, "Visit.wav", at=NOON), NOON), NOON + 9)
    rows = [*rows, row_of(replace(done.job, review=ReviewState.REVIEWED))]
    shown = frozenset({ReviewState.DRAFT})
    assert [row.id for row in rows if combine((), shown)(row)] == [2]
    assert [row.id for row in rows if combine((), shown | {JobState.FAILED})(row)] == [2, 3]
    assert [row.id for row in rows if combine((), frozenset({JobState.COMPLETED}))(row)] == [2, 4]


def test_a_day_is_local(rows):
    midnight = datetime(2026, 11, 1).astimezone()
    just_before = samples.submitted(5, at=(midnight - timedelta(seconds=1)).timestamp())
    just_after = samples.submitted(6, at=midnight.timestamp())
    rows = [row_of(news.job) for news in (just_before, just_after)]
    assert found(rows, "before:2026-11-01") == {5}


def test_results_are_found_by_review_name_and_role(rows):
    done = samples.completed(samples.claimed(samples.submitted(4, "Visit.wav", at=NOON), NOON), NOON + 9)
    people = ("María", "Patient", "Paciente")
    rows = [*rows, row_of(replace(done.job, review=ReviewState.SIGNED, people=people))]
    assert found(rows, "review:signed") == {4}
    assert found(rows, "review:sig") == {4}
    assert found(rows, "review:draft") == {2}
    assert found(rows, "maria paciente") == {4}
    assert found(rows, "signed") == {4}
    assert found(rows, "sign") == set()  # a name may begin so
    assert found(rows, "draft") == {2, 12}  # a file that is named so, and a result
    assert found(rows, "firmado", reviews={"Firmado": ReviewState.SIGNED}) == {4}
    assert found(rows, "speaker:maria") == found(rows, "speaker:paci") == {4}
    assert found(rows, "speaker:visit") == set()  # of the file's name
    assert found(rows, "review:firm", reviews={"Firmado": ReviewState.SIGNED}) == {4}
    assert parse("review:perhaps").invalid == ("review:perhaps",)
