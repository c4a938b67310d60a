"""Run a program without internet sockets, enforced by the kernel: `no_sockets.py [--kill] PROGRAM …`.

Includes its child processes, and native code. With --kill, a process that tries to open one is killed. A
frozen program ignores PYTHONPATH, so `no_network/` does not work for it.
"""

import ctypes
import errno
import os
import platform
import resource
import socket
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER_AT, _FIRST_ARGUMENT_AT = 0, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse(*, kill: bool = False) -> None:
    """Refuse internet sockets from now on; local sockets still work."""
    steps = [
        (_LOAD, 0, 0, _NUMBER_AT),
        (_JUMP_IF_EQUAL, 0, 3, _SOCKET),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_JUMP_IF_EQUAL, 2, 0, socket.AF_INET),
        (_JUMP_IF_EQUAL, 1, 0, socket.AF_INET6),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _KILL_PROCESS if kill else _ERRNO | errno.EACCES),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = _Program(len(steps), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program)
    ):
        raise OSError(ctypes.get_errno(), "the kernel rejected the filter")


def _is_refused(family: int) -> bool:
    try:
        socket.socket(family).close()
    except PermissionError:
        return True
    return False


if __name__ == "__main__":
    if sys.argv[1] == "--kill":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a killed process leaves no file
        refuse(kill=True)
        os.execv(sys.argv[2], sys.argv[2:])
    refuse()
    if not all(map(_is_refused, (socket.AF_INET, socket.AF_INET6))):
        sys.exit("the network was not blocked")
    os.execv(sys.argv[1], sys.argv[1:])
