"""The date in a file's metadata reaches its job when a worker has read the file."""

from pathlib import Path

import av

from fi_desktop.core.case_labels import CaseLabel, DateSource, LabelChange
from fi_desktop.core.job import JobState
from tests.app_driver import TIMEOUT_S, running_app

RECORDED = "2025-11-28T16:30:00Z"


def with_date(recording: Path, path: Path) -> Path:
    """Copy a recording's packets to a file whose metadata say when it was recorded."""
    with av.open(str(recording)) as source, av.open(str(path), "w", format="matroska") as target:
        target.metadata["creation_time"] = RECORDED
        track = source.streams.audio[0]
        copy = target.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
    return path


def test_metadata_replace_the_date_of_the_file_but_not_a_persons(
    home: Path, ten_seconds: Path, tmp_path: Path
):
    with running_app(home, workers=1) as driver:
        service = driver.app.service
        service.pause().result(TIMEOUT_S)
        files = [
            with_date(ten_seconds, tmp_path / name)
            for name in ("REC0001.mkv", "REC0002.mkv", "VID-20251128.mkv")
        ]
        plain, said, named = driver.submit(*files)
        assert driver.job(plain).label.recorded_from is DateSource.FILE
        service.relabel({said: LabelChange("0042", "2025-12-24")}).result(TIMEOUT_S)
        service.resume().result(TIMEOUT_S)
        jobs = driver.wait_until_done(plain, said, named)
        assert [job.state for job in jobs] == [JobState.COMPLETED] * 3
        result = service.folders.transcript(plain)
    found, kept, timed = (job.label for job in jobs)
    assert found == CaseLabel("", result.provenance.recorded_at, DateSource.METADATA)
    assert found.recorded_at.startswith("2025-11-28T")
    assert kept == CaseLabel("0042", "2025-12-24", DateSource.PERSON)
    assert timed == CaseLabel("", found.recorded_at, DateSource.NAME)
