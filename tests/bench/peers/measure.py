"""Measure a peer, for job_queue.py: `python measure.py celery_job|huey_job JOBS PACED EVERY_S`.

Runs in a Python that has the peer installed, and prints the figures as JSON.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib import import_module

from starts import Watch

_TIMEOUT_S = 30.0


def main() -> None:
    """Start the peer's worker, measure, stop it."""
    name, jobs, paced, every_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    peer = import_module(name)
    worker = subprocess.Popen(
        [sys.executable, *peer.WORKER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        watch = Watch(peer.FOLDER)
        watch.burst(peer.send, 20)  # until the worker has started and imported what it needs
        measured = {"burst": watch.burst(peer.send, jobs), "paced_ms": watch.paced(peer.send, paced, every_s)}
    finally:
        worker.send_signal(signal.SIGINT if name == "huey_job" else signal.SIGTERM)
        worker.wait(_TIMEOUT_S)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
