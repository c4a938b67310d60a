"""Metrics for Prometheus: the text is what its parser takes, complete, and names nobody."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.core.values import ServerLoad
from fi_desktop.jobs.prometheus import FAMILIES, QueueReading, exposition
from fi_desktop.jobs.queue_history import HistoryEntry, HistoryKind
from fi_desktop.system.devices import HostFigures
from tests.gui.monitor_samples import clinic_days, gauge, put_off

NOW = 1_790_000_000.0
HOST = HostFigures(37.5, 4_000_000_000, 16_000_000_000, 68_000_000_000, 250_000_000_000)
PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"

# as in https://prometheus.io/docs/instrumenting/exposition_formats/
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = rf'({_NAME})="((?:[^"\\\n]|\\[\\"n])*)"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{((?:{_LABEL},?)*)\}})? (\S+)")


def parsed(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Parse the text format strictly."""
    assert text.endswith("\n")
    values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    current = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            continue
        if line.startswith("# TYPE "):
            assert line.split(" ")[2:] in ([current, "gauge"], [current, "counter"])
            continue
        found = _SAMPLE.fullmatch(line)
        assert found is not None, line
        assert found[1] == current  # all samples of a family together
        labels = frozenset((name, value) for name, value in re.findall(_LABEL, found[2] or ""))
        assert (found[1], labels) not in values
        values[found[1], labels] = float(found[5])
    return values


def value(values, name, **labels):
    return values[f"fi_desktop_{name}", frozenset(labels.items())]


@pytest.fixture
def reading():
    gauges = [
        gauge(1, cpu=87.5, rss=412_000_000, done=5, failed=1, silent_s=2.0),
        replace(gauge(2, uptime_s=0.0), host='a "server"\n\\2'),
        *(replace(gauge(n, host="nas"), server=ServerLoad("server", 3, 2, 4, 56.0)) for n in (3, 4)),
    ]
    history = [
        HistoryEntry(NOW - 90_000, HistoryKind.WORKER_DIED),
        HistoryEntry(NOW - 7200, HistoryKind.WORKER_KILLED),
        HistoryEntry(NOW - 60, HistoryKind.WORKER_DIED),
        HistoryEntry(NOW - 50, HistoryKind.WORKER_STOPPED),
    ]
    jobs = [*clinic_days(NOW, days=2), put_off(9000, NOW - 500, NOW + 60, "Paciente García.wav")]
    return QueueReading(NOW, jobs, gauges, True, history, HOST)


def test_the_text_is_complete_and_right(reading):
    text = exposition(reading).decode()
    values = parsed(text)
    assert {name for name, _ in values} == {f"fi_desktop_{family.name}" for family in FAMILIES}
    assert value(values, "jobs", state="queued") == 6
    assert value(values, "jobs", state="retrying") == 3
    assert value(values, "paused") == 1
    assert value(values, "oldest_waiting_seconds") == 500
    assert value(values, "worker_up", worker="worker-1", host="") == 1
    assert value(values, "worker_up", worker="worker-2", host=r"a \"server\"\n\\2") == 0
    assert value(values, "worker_cpu_ratio", worker="worker-1", host="") == 0.875
    assert value(values, "worker_attempts_total", outcome="failed", worker="worker-1", host="") == 1
    assert value(values, "server_waiting", host="server") == 3
    assert value(values, "server_working", host="server") == 2
    assert value(values, "server_processes", host="server") == 4
    assert value(values, "server_commands_per_second", host="server") == 56
    assert value(values, "workers_lost", window="1h") == 1
    assert value(values, "workers_lost", window="24h") == 2
    assert value(values, "disk_free_bytes") == 68_000_000_000
    assert value(values, "failed_jobs", code="audio.no_audio") > 0
    assert value(values, "audio_seconds", window="24h") > 0
    for private in ("Garc", "Consulta", ".wav", "/home"):
        assert private not in text


def test_an_empty_queue_has_zeros_and_no_workers(reading):
    values = parsed(exposition(replace(reading, jobs=[], gauges=[], history=[], paused=False)).decode())
    assert value(values, "jobs", state="failed") == 0
    assert value(values, "oldest_waiting_seconds") == 0
    assert not any(name.startswith("fi_desktop_worker_") for name, _ in values)
    assert not any(name == "fi_desktop_wait_seconds" for name, _ in values)


def test_each_metric_is_on_the_page():
    rows = re.findall(r"^\| `(fi_desktop_\w+)` \| (.*?) ?\| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    listed = [(name, tuple(re.findall(r"`(\w+)`", labels)), help) for name, labels, help in rows]
    assert listed == [(f"fi_desktop_{family.name}", family.labels, family.help) for family in FAMILIES]
