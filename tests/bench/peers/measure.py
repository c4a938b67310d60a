"""Measure a peer: `python measure.py celery_job|huey_job JOBS PACED EVERY_S`, which job_queue.py runs.

It runs in a Python that has the peer, and prints what was measured as JSON.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib import import_module

from starts import Watch

_PATIENCE_S = 30.0


def main() -> None:
    """Start the peer's worker, measure, end it."""
    name, jobs, paced, every_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    peer = import_module(name)
    worker = subprocess.Popen(
        [sys.executable, *peer.WORKER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        watch = Watch(peer.FOLDER)
        watch.burst(peer.send, 20)  # so that the worker is there, and has imported what it needs
        measured = {"burst": watch.burst(peer.send, jobs), "paced_ms": watch.paced(peer.send, paced, every_s)}
    finally:
        worker.send_signal(signal.SIGINT if name == "huey_job" else signal.SIGTERM)
        worker.wait(_PATIENCE_S)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
