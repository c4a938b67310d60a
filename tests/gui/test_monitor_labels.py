import pytest

from fi_desktop.core.messages import MESSAGES
from fi_desktop.gui.monitor.monitor_labels import STATE_ICONS, STATE_TONES, MonitorLabels
from fi_desktop.jobs.metrics import Target
from fi_desktop.jobs.queue_events import WorkerState

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (-3, "0 s"), (0, "0 s"), (0.42, "0.4 s"), (42, "42 s"), (187, "3:07"), (12_140, "3:22:20")],
)
def test_durations(qapp, seconds, shown):
    assert MonitorLabels().duration(seconds) == shown


@pytest.mark.parametrize(
    ("per_s", "shown"), [(0, "0"), (0.0011, "0.0011"), (0.05, "0.05"), (0.333, "0.33"), (312.44, "312.4")]
)
def test_small_rates_have_more_decimals(qapp, per_s, shown):
    assert MonitorLabels().rate(per_s) == shown


def test_memory_sizes(qapp):
    words = MonitorLabels()
    assert [words.amount(size) for size in (None, 412_300_000, 1_534_000_000)] == ["–", "412 MB", "1.5 GB"]


def test_every_state_has_a_label_and_an_icon(qapp):
    words, states = MonitorLabels(), (None, *WorkerState)
    assert len({words.state(state) for state in states}) == len(states)
    assert set(STATE_ICONS) == set(STATE_TONES) == set(states)


def test_targets_are_shown_in_their_units(qapp):
    words = MonitorLabels()
    assert words.measured(Target("completed", "≥ 95 %", 0.9732, True)) == "97.3 %"
    assert words.measured(Target("longest attempt", "< 10 min", 316.0, True)) == "5:16"
    assert words.measured(Target("depth p99", "< 10", 4.0, True)) == "4"
    assert words.measured(Target("depth p99", "< 10", None, None)) == "–"
    assert len({words.verdict(met) for met in (True, False, None)}) == 3


def test_cause_says_nothing_about_one_recording():
    words = MonitorLabels()
    assert words.cause("job.timeout") == "Timeout"
    assert words.cause("of.a.newer.version") == "of.a.newer.version"
    for code, message in MESSAGES.items():
        assert "(…" not in words.cause(code), message.text
