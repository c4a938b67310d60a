"""The opener: a small process of each worker that opens recordings, and starts a decoder for each.

A worker's engines may open no recording, and a decoder may open nothing at all. The opener may read files and
fork, and parses nothing that comes from outside. The queue thread says which recordings it opens, by a
separate pipe; the worker can only ask for what it was given to do. It is forked from the worker before the
worker has threads, when all that a decoder needs is imported: a decoder starts in milliseconds.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fi_desktop.audio import decoder_process
from fi_desktop.audio.container import open_recording
from fi_desktop.audio.decode import PARTS
from fi_desktop.core.errors import FiError
from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.process import end_with_parent, forbid_dumps, keep_private
from fi_desktop.vault.sealed_file import FileSeal
from fi_desktop.workers.protocol import GRANT_BYTES, granted

DESCRIPTORS = PARTS + 1
"""Files that come with a request to decode: the parts, and the seek table."""

REQUEST_BYTES = 1024
_EXIT_TIMEOUT_S = 1.0
_EXIT_POLL_S = 0.005


def start_opener(grants: Connection) -> socket.socket:
    """Fork the opener; return the socket for requests. Call it before the process has threads."""
    decoder_process.import_late_modules()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = os.getpid()
    if os.fork() == 0:
        try:
            end_with_parent(worker)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):  # what a library prints may name the recording
                os.dup2(nowhere, standard)
            _keep_only(grants.fileno(), theirs.fileno())
            keep_private()
            forbid_dumps()
            restrict_files(read=[Path("/")])
            restrict_calls(opens=True, starts_processes=True)
            gc.freeze()  # a decoder's garbage collection would copy the pages of all that is shared
            _Opener(grants, theirs).serve()
        finally:
            os._exit(0)
    theirs.close()
    grants.close()
    return ours


class _Opener:
    """Answers requests, one after the other."""

    def __init__(self, grants: Connection, requests: socket.socket) -> None:
        self._grants = grants
        self._requests = requests
        self._granted: tuple[str, Path] | None = None
        self._decoder: int | None = None

    def serve(self) -> None:
        """Serve until the worker or the queue is gone."""
        with suppress(EOFError, OSError):
            while True:
                if self._requests in wait([self._grants, self._requests]):
                    data, handles, _, _ = socket.recv_fds(self._requests, REQUEST_BYTES, DESCRIPTORS)
                    if not data:
                        break
                    self._read_grants()  # the queue grants before it delivers
                    try:
                        self._answer(data, handles)
                    finally:
                        for handle in handles:
                            os.close(handle)
                else:
                    self._read_grants()
        self._end_decoder(at_once=True)

    def _read_grants(self) -> None:
        while self._grants.poll():
            self._granted = granted(self._grants.recv_bytes(GRANT_BYTES))

    def _answer(self, data: bytes, handles: Sequence[int]) -> None:
        match json.loads(data):
            case {"do": "end", "at_once": bool(at_once)}:
                self._send({"exit": self._end_decoder(at_once=at_once)})
            case {"do": "open", "claim": claim} if not handles:
                self._open(claim)
            case {"do": "decode", "claim": claim, "key": str(key)} if len(handles) == DESCRIPTORS:
                self._decode(claim, handles, FileSeal(bytes.fromhex(key) or None))
            case _:
                raise EOFError  # no worker of ours asks for that

    def _open(self, claim: Any) -> None:
        try:
            with open_recording(self._path(claim)) as file:
                self._send({}, file.fileno())
        except FiError as error:
            self._send({"error": error.code})

    def _decode(self, claim: Any, handles: Sequence[int], seal: FileSeal) -> None:
        self._end_decoder(at_once=True)
        try:
            file = open_recording(self._path(claim))
        except FiError as error:
            self._send({"error": error.code})
            return
        seal.prepare()
        ours, theirs = socket.socketpair()
        with file, ours, theirs:
            opener = os.getpid()
            self._decoder = os.fork()
            if self._decoder == 0:
                status = 1
                try:
                    end_with_parent(opener)
                    _keep_only(file.fileno(), theirs.fileno(), *handles)
                    pipe = Connection(theirs.fileno())
                    decoder_process.run(pipe, file.fileno(), handles[:-1], handles[-1], seal)
                    status = 0
                finally:
                    os._exit(status)
            self._send({}, ours.fileno())

    def _path(self, claim: Any) -> Path:
        if self._granted is None or self._granted[0] != claim:
            raise EOFError  # the worker is not to read that
        return self._granted[1]

    def _send(self, answer: dict[str, Any], *handles: int) -> None:
        socket.send_fds(self._requests, [json.dumps(answer).encode("ascii")], handles)

    def _end_decoder(self, *, at_once: bool) -> int:
        """Wait for the decoder's end, or kill it; return its exit code, negative for a signal."""
        pid, self._decoder = self._decoder, None
        if pid is None:
            return 0
        deadline = time.monotonic() + (0.0 if at_once else _EXIT_TIMEOUT_S)
        while time.monotonic() < deadline:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(_EXIT_POLL_S)
        os.kill(pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _keep_only(*kept: int) -> None:
    """Close all other files, except the standard streams."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, not paths
        if (descriptor := int(name)) > 2 and descriptor not in kept:
            with suppress(OSError):  # that of the listing itself
                os.close(descriptor)
