"""Opens a media file with FFmpeg, and says in one sentence why it cannot be opened.

Decode and probe share it. FFmpeg sees the bytes of one file and nothing else: never the file's name (it may
hold a patient's, and FFmpeg repeats names in errors and logs), no second file, no network. A playlist that
points somewhere else is therefore unreadable, as is anything that FFmpeg knows by its ending only, and any
format that nobody records in.
"""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import av
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer

from fi_desktop.audio.chunks import ChunkOfSound, find_sound
from fi_desktop.audio.foreign import HEAD_BYTES, foreign_error
from fi_desktop.audio.memory import bound_allocations
from fi_desktop.audio.part import Part, Readable
from fi_desktop.core.errors import TransientError, UserError

# FFmpeg's messages name streams, tags and paths, and go to stderr: None discards them before they are
# formatted.
av.logging.set_level(None)
bound_allocations()

_READ_BUFFER_BYTES = 256 * 1024
_AV_TIME_BASE = 1_000_000

_SENTENCES = {
    "audio.missing": "The recording is no longer where it was: put it back, and try again.",
    "audio.forbidden": "Your account may not read this recording: copy it to your own folder, and try again.",
    "audio.not_a_file": "This is a folder or a device, and not a recording.",
    "audio.empty": "The file is empty: nothing was recorded, or copying it was interrupted.",
    "audio.unreadable": "This file is not a recording that can be read, or it is protected against copying.",
    "audio.damaged": "The recording is damaged, nothing in it can be read: copy it again from the recorder.",
    "audio.no_audio": "This file has no sound track.",
    "audio.no_samples": "The recording holds no sound: its length is zero.",
    "audio.silent": "The recording is silent from beginning to end: check the microphone that was used.",
}

# The formats that are opened, by FFmpeg's names: what recorders, phones, cameras and editors write. FFmpeg
# knows some 300 more, of games, pictures, subtitles and playlists: code that only a hostile file would reach.
_FORMATS = (
    "aac", "ac3", "act", "aiff", "amr", "amrnb", "amrwb", "ape", "asf", "au", "avi", "caf", "dsf", "dss",
    "dts", "dtshd", "dv", "eac3", "flac", "flv", "gsm", "gxf", "iff", "ilbc", "ircam", "ivr", "live_flv",
    "loas", "matroska", "mlp", "mmf", "mov", "mp3", "mpc", "mpc8", "mpeg", "mpegts", "mxf", "nistsphere",
    "nut", "ogg", "oma", "paf", "pva", "pvf", "qcp", "rm", "sox", "tak", "truehd", "tta", "voc", "w64", "wav",
    "wtv", "wv", "xwma",
)  # fmt: skip
# Given as container_options: with `options`, PyAV frees more dictionaries than it made where tracks appear
# while the file is probed (https://github.com/PyAV-Org/PyAV/issues/2010).
_OPTIONS = {"protocol_whitelist": "none", "format_whitelist": ",".join(_FORMATS)}

# How the containers that people record to begin; a file that begins so and still cannot be opened is damaged,
# rather than something else with a wrong ending.
_MAGIC = (
    (0, b"RIFF"), (0, b"RF64"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"),
    (0, b"FORM"), (0, b"caff"), (0, b"#!AMR"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """An open file and its best sound track.

    Attributes:
        file: the bytes; whoever moves its position puts it back.
        size_bytes: length of the file, without what is reserved behind the sound.
        data: the same bytes as FFmpeg reads them.
        container: FFmpeg's view of it.
        stream: the sound track that a player would choose.
        sound: where the sound is in a file of chunks, such as WAV; None for other files.
    """

    file: Readable
    size_bytes: int
    data: Bytes
    container: InputContainer
    stream: AudioStream
    sound: ChunkOfSound | None = None

    @property
    def start_s(self) -> float:
        """Smallest timestamp of any track, seconds; 0 where it is unknown."""
        return (self.container.start_time or 0) / _AV_TIME_BASE

    @property
    def duration_s(self) -> float | None:
        """Length that the header gives or FFmpeg estimates, seconds; None where neither can tell."""
        duration = self.container.duration
        return duration / _AV_TIME_BASE if duration is not None and duration > 0 else None


def user_error(code: str) -> UserError:
    """The error of a recording that cannot be used, with its sentence."""
    return UserError(code, _SENTENCES[code])


def read_error() -> TransientError:
    """The error of a drive or network folder that stops answering."""
    return TransientError(
        "audio.read",
        "The recording could not be read to its end: check the drive or network folder it is on.",
    )


def away_error() -> TransientError:
    """The error of a drive or network folder that is not connected now."""
    return TransientError(
        "audio.away",
        "The drive or folder that the recording is on is not there at present: connect it again.",
    )


@contextmanager
def open_media(source: Path) -> Iterator[Media]:
    """Open a recording for reading.

    Raises:
        UserError: audio.missing, audio.forbidden, audio.not_a_file, audio.empty, audio.unreadable,
            audio.damaged or audio.no_audio; and what `foreign_error` knows.
        TransientError: audio.read, where the drive fails; audio.away, where its folder is not there.
    """
    with _open_file(source) as file, _opened(file) as media:
        yield media


@contextmanager
def open_part(media: Media, start: int) -> Iterator[Media]:
    """Open what begins at `start` in an open file, as if it were a file.

    Raises:
        UserError, TransientError: as `open_media`.
    """
    with _opened(Part(media.file, start, media.size_bytes)) as part:
        yield part


@contextmanager
def _opened(file: Readable) -> Iterator[Media]:
    size_bytes = file.seek(0, 2)
    head = _head(file)
    if size_bytes == 0:
        raise user_error("audio.empty")
    if (error := foreign_error(head)) is not None:
        raise error
    sound = _find_sound(file, size_bytes)
    if sound is not None and sound.trailing:
        size_bytes = sound.end
        part = Part(file, 0, sound.end, replaced_at=sound.size_at, replacement=sound.size_field)
        data = Bytes(part)
    else:
        data = Bytes(file)
    try:
        container = av.open(
            data,
            mode="r",
            metadata_errors="replace",
            buffer_size=_READ_BUFFER_BYTES,
            io_open=_refuse,
            container_options=_OPTIONS,
        )
    except _RefusedError:
        raise user_error("audio.unreadable") from None
    except (av.FFmpegError, ValueError):
        # ValueError: PyAV cannot make sense of what the header declares.
        if data.failed:
            raise read_error() from None
        raise user_error("audio.damaged" if _looks_recorded(head) else "audio.unreadable") from None
    with container:
        yield Media(file, size_bytes, data, container, _best_stream(container), sound)


def _open_file(source: Path) -> BinaryIO:
    try:
        # Asked before opening: opening a named pipe would wait for a writer.
        if not stat.S_ISREG(source.stat().st_mode):
            raise user_error("audio.not_a_file")
        return source.open("rb")
    except OSError as error:
        _raise_open_error(error, source)


def _raise_open_error(error: OSError, source: Path) -> NoReturn:
    # "from None" everywhere: the cause's text holds the path, and tracebacks are kept with the job.
    if isinstance(error, PermissionError):
        raise user_error("audio.forbidden") from None
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (
        errno.ELOOP,
        errno.ENAMETOOLONG,
    ):
        raise (user_error("audio.missing") if _is_there(source.parent) else away_error()) from None
    raise read_error() from None


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a name that no system takes was never there
        return True


def _head(file: Readable) -> bytes:
    try:
        file.seek(0)
        head = file.read(HEAD_BYTES)
        file.seek(0)
    except OSError:
        raise read_error() from None
    return head


def _find_sound(file: Readable, size_bytes: int) -> ChunkOfSound | None:
    try:
        sound = find_sound(file, size_bytes)
        file.seek(0)
    except OSError:
        raise read_error() from None
    return sound


def _looks_recorded(head: bytes) -> bool:
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0:  # MPEG audio: eleven set bits
        return True
    return any(head[offset : offset + len(magic)] == magic for offset, magic in _MAGIC)


def _best_stream(container: InputContainer) -> AudioStream:
    try:
        stream = container.streams.best("audio")
    except IndexError:
        # A damaged transport stream: FFmpeg counts a track that PyAV did not list.
        stream = None
    if stream is None:
        # In a transport stream sound may begin later than FFmpeg looks for it: its rate is not known yet.
        stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise user_error("audio.no_audio" if container.streams.video else "audio.unreadable")
    assert isinstance(stream, AudioStream)
    if stream.codec_context is None:
        # FFmpeg chooses by bit rate and length: a phone's spatial sound may go before its plain one.
        stream = next((one for one in container.streams.audio if one.codec_context is not None), stream)
    # No decoder: a codec that this FFmpeg lacks, or a protected track ("drms").
    if stream.codec_context is None:
        raise user_error("audio.unreadable")
    return stream


class Bytes:
    """A file's bytes without its name, which PyAV would hand to FFmpeg and put into its errors.

    Attributes:
        failed: whether the drive refused to be read; FFmpeg was told that the file ends there.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.tell = file.tell
        self.failed = False

    # Neither raises: PyAV keeps one exception, and prints the others to stderr.

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        try:
            return self._file.read(size)
        except OSError:
            self.failed = True
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; -1 where there is no such place, as damaged files ask for."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return -1


class _RefusedError(Exception):
    """The file asked FFmpeg to open another one."""


def _refuse(*_asked: Any) -> NoReturn:
    raise _RefusedError
