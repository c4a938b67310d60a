"""A few rounds of `make cluster`: each job is done, and done once, whatever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.cluster.clinic import MISSING

if MISSING:
    pytest.skip(MISSING, allow_module_level=True)

from tests.crash.cluster_rounds import KINDS, run


@pytest.mark.slow
def test_jobs_are_done_once_while_parts_of_the_clinic_are_killed(tmp_path: Path):
    figures = run(tmp_path, jobs=24, kills=len(KINDS), seed=7)
    assert sum(figures.kills.values()) >= 1
    assert (figures.lost, figures.doubled, figures.left) == (0, 0, [])
    assert len(figures.starts_s) == figures.jobs
