"""`fi-desktop metrics`: how the queue does over an hour, a day and all time, beside its targets."""

from __future__ import annotations

import time
from dataclasses import asdict
from statistics import fmean

from rich.table import Table
from rich.text import Text

from fi_desktop.cli.follow import idle_queue
from fi_desktop.cli.terminal import Terminal, say_json
from fi_desktop.core.text import clock
from fi_desktop.jobs.metrics import WINDOWS, Metrics, Quantiles, Target, measure, targets
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.settings import Settings


def metrics(settings: Settings, *, as_json: bool) -> int:
    """Print the metrics; always 0."""
    with idle_queue(settings) as client:
        jobs, gauges = client.jobs(), client.gauges()
    now = time.time()
    measured = {name: measure(jobs, now=now, window_s=window_s) for name, window_s in WINDOWS.items()}
    uptime = fmean(gauge.uptime for gauge in gauges) if gauges else None
    aims = targets(measured["24h"], worker_uptime=uptime)
    if as_json:
        found = {name: asdict(values) for name, values in measured.items()}
        workers, wanted = [asdict(gauge) for gauge in gauges], [asdict(aim) for aim in aims]
        say_json({**found, "workers": workers, "targets": wanted})
        return 0
    terminal = Terminal()
    terminal.print(_table(measured))
    terminal.print(_targets(aims))
    if gauges:
        terminal.print(_workers(gauges))
    return 0


def _table(measured: dict[str, Metrics]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Queue")
    for name in measured:
        table.add_column(name, justify="right")
    values = list(measured.values())
    rows = {
        "waiting now": [str(m.depth) for m in values],
        "depth p99": [str(m.depth_p99) for m in values],
        "submitted": [str(m.submitted) for m in values],
        "completed": [str(m.completed) for m in values],
        "failed": [str(m.failed) for m in values],
        "cancelled": [str(m.cancelled) for m in values],
        "attempts a second": [f"{m.per_s:.3f}" for m in values],
        "wait, s: p50 p95 p99": [_spans(m.wait) for m in values],
        "run, s: p50 p95 p99": [_spans(m.run) for m in values],
        "completion rate": [_share(m.completion_rate) for m in values],
        "retry rate": [_share(m.retry_rate) for m in values],
        "timeouts": [str(m.timeouts) for m in values],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _targets(aims: tuple[Target, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Target (24h)", "Wanted", "Measured", ""):
        table.add_column(heading)
    for aim in aims:
        verdict = {True: Text("met", "green"), False: Text("missed", "red"), None: Text("–", "dim")}[aim.met]
        table.add_row(aim.name, aim.wanted, _measured(aim), verdict)
    return table


def _measured(aim: Target) -> str:
    if aim.measured is None:
        return "–"
    if "%" in aim.wanted:
        return _share(aim.measured)
    return clock(aim.measured) if "min" in aim.wanted else f"{aim.measured:.0f}"


def _workers(gauges: list[WorkerGauge]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Worker", "Device", "Process", "CPU", "Memory", "Up", "Uptime", "Done", "Failed"):
        table.add_column(heading, justify="left" if heading in ("Worker", "Device") else "right")
    for gauge in gauges:
        table.add_row(
            gauge.name,
            gauge.device,
            str(gauge.pid or "–"),
            f"{gauge.cpu_percent:.0f} %",
            f"{gauge.rss_bytes / 1e6:.0f} MB",
            clock(gauge.uptime_s),
            _share(gauge.uptime),
            str(gauge.done),
            str(gauge.failed),
        )
    return table


def _spans(quantiles: Quantiles) -> str:
    values = (quantiles.p50, quantiles.p95, quantiles.p99)
    return "  ".join("–" if value is None else f"{value:.1f}" for value in values)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
