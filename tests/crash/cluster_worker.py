"""`fi-desktop worker` whose jobs take no time: `python -m tests.crash.cluster_worker worker …`

Everything is real but the engines: files are fetched, unsealed and decoded, the confined process is the real
one, and the result goes back. Worker processes are spawned with this module as their main module.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fi_desktop.core.values import Summary
    from fi_desktop.pipeline.task import PipelineReporter, Task


def do_nothing() -> None:
    """Have the pipeline write a result without any engine."""
    from fi_desktop import __version__, pipeline
    from fi_desktop.core.alignment import segments_of
    from fi_desktop.core.transcript import Provenance, Transcript, Turn, summarize
    from fi_desktop.core.values import EngineChoice, Stage
    from fi_desktop.pipeline import stages
    from fi_desktop.pipeline.task import StageReporter

    def run(task: Task, reporter: PipelineReporter) -> Summary:
        with StageReporter(reporter, Stage.DECODE) as stage:
            source = stages.decode_source(task, stage)
        reporter.chosen(EngineChoice("none", ""))
        with StageReporter(reporter, Stage.DIARIZE):
            turns = (Turn(0.0, source.recording.duration, "SPEAKER_00"),)
        at = "2026-01-01T00:00:00+00:00"
        made = Provenance(__version__, "none", "", {}, source.sha256, task.path.name, at)
        duration_s = source.recording.duration
        transcript = Transcript(duration_s, duration_s, turns, segments_of(turns), made)
        return summarize(transcript, stages.write_result(task.folder, transcript, task.files))

    pipeline.run = run


if __name__ == "__main__":
    from fi_desktop.__main__ import main

    sys.exit(main())
elif __name__ == "__mp_main__":
    do_nothing()
