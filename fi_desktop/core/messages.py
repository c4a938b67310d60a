"""Every sentence that a person may read and that is written below the window, each once.

`Message` is a code and an English template; `Note` is a message with the values of its placeholders, and is
what is stored, sent between processes and shown. A `Phrasing` turns a note into text: `ENGLISH` here, and the
window has one that translates. `packaging/translations.py` reads `MESSAGES` to update the translations.

A constant is named after its code: "audio.no_speech" is `AUDIO_NO_SPEECH`. A placeholder may name a format:
`{at:clock}` and `{length:length}` take seconds and show "1:02" and "0.4 s", `{free:size}` takes bytes and
shows "3.1 GB".
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fi_desktop.core.text import clock, digits, length, size

CONTEXT = "Messages"
"""The translation context of all messages."""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for people.

    Attributes:
        code: stable identifier such as "audio.empty"; stored, never shown.
        text: the English template.
    """

    code: str
    text: str

    def __call__(self, **values: Value) -> Note:
        """Return the message with the values of its placeholders."""
        return Note(self.code, tuple(values.items()))

    @property
    def placeholders(self) -> frozenset[str]:
        """Names of the values that the text needs."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.text) if name)


@dataclass(frozen=True, slots=True)
class Note:
    """A message and its values, which may be notes themselves; `str()` gives the English text."""

    code: str
    values: Values = ()

    def __str__(self) -> str:
        return ENGLISH.say(self)


Value = str | int | float | Note
Values = tuple[tuple[str, Value], ...]
"""The values of a message's placeholders, by name."""


class Phrasing(string.Formatter):
    """Turns notes into text. This one speaks English; subclasses translate."""

    def say(self, note: Note) -> str:
        """Return a note as text; one that this version does not know as its code."""
        message = MESSAGES.get(note.code)
        if message is None or not self.fits(message, note.values):
            return note.code
        return self.fill(message, note.values)

    def fits(self, message: Message, values: Values) -> bool:
        """Return whether the values fill all placeholders of a message."""
        return message.placeholders <= {name for name, _ in values}

    def fill(self, message: Message, values: Values) -> str:
        """Return a message with these values."""
        template = self.template(message)
        return self.vformat(template, (), dict(values)) if values else template

    def template(self, message: Message) -> str:
        """Return the message's template in this language."""
        return message.text

    def number(self, value: float, decimals: int) -> str:
        """Return a number as it is written in this language."""
        return digits(value, decimals)

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Look up a placeholder by its plain name: no attributes, no items."""
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a value as text; see the module's docstring for the formats."""
        match value, format_spec:
            case Note(), _:
                return self.say(value)
            case str(), _:
                return value
            case _, "clock":
                return clock(round(value))
            case _, "length":
                return length(value, self.number)
            case _, "size":
                return size(value, self.number)
        return str(value)


ENGLISH = Phrasing()

VERBATIM = Message("text", "{text}")
"""Text in nobody's table, such as what the operating system reports."""

# --- Recordings: why one cannot be used

AUDIO_AWAY = Message(
    "audio.away", "The drive or folder that the recording is on is not there at present: connect it again."
)
AUDIO_CHANGING = Message(
    "audio.changing", "The recording changed while it was read: try again when it is complete."
)
AUDIO_CRASHES = Message(
    "audio.crashes", "Reading this file crashes the program: convert it to another format, or send it to us."
)
AUDIO_DAMAGED = Message(
    "audio.damaged", "The recording is damaged, nothing in it can be read: copy it again from the recorder."
)
AUDIO_DICTATION = Message(
    "audio.dictation",
    "This dictation is in a format that only its recorder's own program reads: export it there as WAV, "
    "and add that file.",
)
AUDIO_DICTATION_LOCKED = Message(
    "audio.dictation_locked",
    "This dictation is encrypted: decrypt it in its recorder's own program, export it there as WAV, and "
    "add that file.",
)
AUDIO_EMPTY = Message(
    "audio.empty", "The file is empty: nothing was recorded, or copying it was interrupted."
)
AUDIO_FORBIDDEN = Message(
    "audio.forbidden", "Your account may not read this recording: copy it to your own folder, and try again."
)
AUDIO_MISSING = Message(
    "audio.missing", "The recording is no longer where it was: put it back, and try again."
)
AUDIO_NO_AUDIO = Message("audio.no_audio", "This file has no sound track.")
AUDIO_NO_ROOM = Message(
    "audio.no_room", "The disk has too little room to decode this recording: make room, and try again."
)
AUDIO_NO_SAMPLES = Message("audio.no_samples", "The recording holds no sound: its length is zero.")
AUDIO_NO_SPEECH = Message("audio.no_speech", "Nobody speaks in this recording.")
AUDIO_NOT_A_FILE = Message("audio.not_a_file", "This is a folder or a device, and not a recording.")
AUDIO_PROJECT = Message(
    "audio.project",
    "This is an Audacity project and not a recording: export it there as WAV, and add that file.",
)
AUDIO_READ = Message(
    "audio.read", "The recording could not be read to its end: check the drive or network folder it is on."
)
AUDIO_SHORTCUT = Message(
    "audio.shortcut", "This is a shortcut and not the recording: add the file that it points to."
)
AUDIO_SILENT = Message(
    "audio.silent", "The recording is silent from beginning to end: check the microphone that was used."
)
AUDIO_TOO_LONG = Message(
    "audio.too_long",
    "The recording is too long to be done in one piece: cut it into parts of a few hours, and add these.",
)
AUDIO_UNREADABLE = Message(
    "audio.unreadable", "This file is not a recording that can be read, or it is protected against copying."
)

# --- Results: what a person must know before relying on one

AUDIO_CLOCK_JUMPS = Message(
    "audio.clock_jumps",
    "The file's clock jumps by {length:length} at {at:clock}: what follows was joined to what comes before.",
)
AUDIO_CUT_SHORT = Message(
    "audio.cut_short",
    "The file ends at {at:clock}, although it should last {length:length}: copy it again from the recorder.",
)
AUDIO_DAMAGED_AFTER = Message(
    "audio.damaged_after", "The file is damaged after {at:clock}; what comes before was used."
)
AUDIO_DAMAGED_PLACES = Message(
    "audio.damaged_places",
    "The file is damaged in {places} places, first at {at:clock}: {length:length} in all could not be "
    "read and is left silent.",
)
AUDIO_DAMAGED_SOMEWHERE = Message(
    "audio.damaged_somewhere",
    "The file is damaged in places, first at {at:clock}; what could not be read is left silent.",
)
AUDIO_GAP = Message(
    "audio.gap",
    "Nothing was recorded for {length:length} at {at:clock}: this is a pause, or a part that was lost.",
)
AUDIO_GAPS = Message(
    "audio.gaps",
    "Nothing was recorded in {places} places, first at {at:clock}, {length:length} in all: these are "
    "pauses, or parts that were lost.",
)
AUDIO_MORE_THAN_COUNTED = Message(
    "audio.more_than_counted",
    "The file's header counts only {length:length} of sound, but the file holds more: it was read to its "
    "end at {at:clock}.",
)
AUDIO_PARTLY_DAMAGED = Message(
    "audio.partly_damaged",
    "The file is damaged at {at:clock}: {length:length} could not be read and is left silent.",
)
AUDIO_REST_UNREAD = Message("audio.rest_unread", "A part of the file after {at:clock} could not be read.")
AUDIO_SOME_TRACKS = Message(
    "audio.some_tracks",
    "Of {tracks} sound tracks, {used} could be used; the others are silent, the same, or in another "
    "language.",
)
AUDIO_TRACKS = Message("audio.tracks", "{used} sound tracks were used.")
RESULT_DOUBTFUL_VOICES = Message(
    "result.doubtful_voices", "Voices hard to tell apart, or only one voice: please check."
)
RESULT_LANGUAGE_UNCERTAIN = Message(
    "result.language_uncertain", "The language was hard to tell: if it is wrong, choose it and try again."
)
RESULT_SPEAKERS_MISSING = Message("result.speakers_missing", "The speakers are missing: {reason}")
RESULT_UNHEARD = Message(
    "result.unheard",
    "Sound as loud as the voices was not recognized as speech, {length:length} in all: please check.",
)
RESULT_VOCABULARY_CUT = Message(
    "result.vocabulary_cut", "The vocabulary is too long: its last {number} words were not used."
)
RESULT_WORDS_MISSING = Message("result.words_missing", "The words are missing: {reason}")

# --- Jobs and workers

JOB_CANCELLED = Message("job.cancelled", "Cancelled.")
JOB_DELIVERIES = Message("job.deliveries", "The program ended {times} times while it worked on this.")
JOB_RUNNING = Message("job.running", "This job is running: cancel it before you remove it.")
JOB_TIMEOUT = Message("job.timeout", "Timeout ({minutes} min)")
JOB_UNKNOWN = Message("job.unknown", "There is no job {job}.")
WORKER_CRASHED = Message("worker.crashed", "The worker that had this job ended unexpectedly ({ended}).")
WORKER_ENDED = Message(
    "worker.ended", "The system ended the worker that had this job ({ended}); memory may have run out."
)
WORKER_KILLED = Message("worker.killed", "The program was ended in the middle of it each time.")
WORKER_STUCK = Message("worker.stuck", "The worker that had this job was stuck.")
ENDED_EXIT_CODE = Message("ended.exit_code", "exit code {number}")
ENDED_SIGNAL = Message("ended.signal", "signal {number}")
ENDED_STOPPED = Message("ended.stopped", "it stopped")
MEMORY_FULL = Message("memory.full", "The computer ran out of memory.")
DISK_FULL = Message("disk.full", "The disk is full: make room on it, and it goes on.")

# --- The queue

QUEUE_INLINE = Message(
    "queue.inline",
    "No worker process can be started here: recordings are worked one at a time inside the program.",
)
QUEUE_RESTORED = Message(
    "queue.restored",
    "The queue's file was damaged. It was set aside as {folder}; {number} jobs were restored.",
)
QUEUE_STOPPED = Message(
    "queue.stopped",
    "The queue has stopped because of a fault in the program. Nothing is lost: start fi-desktop again.",
)
STORE_BUSY = Message("store.busy", "Another program is using the queue's file.")
STORE_DAMAGED = Message("store.damaged", "The queue's file is damaged.")
STORE_FULL = Message("store.full", "The disk is full: nothing can be saved until there is room on it.")
STORE_NEWER = Message(
    "store.newer",
    "The queue was written by a newer version of fi-desktop: nothing was changed; start that version "
    "again, or choose another data folder by FI_DESKTOP_HOME.",
)
STORE_UNAVAILABLE = Message("store.unavailable", "The queue cannot be opened now.")
STORE_UNWRITABLE = Message("store.unwritable", "The queue cannot be saved: the disk does not take it.")
APP_CLOSING = Message("app.closing", "fi-desktop is closing.")
APP_OWNED = Message("app.owned", "The program is already running here: close it first.")
IPC_SILENT = Message("ipc.silent", "The program is already running, but does not answer.")
IPC_UNSAFE = Message(
    "ipc.unsafe",
    "The folder {folder} belongs to another account: remove it, or choose a shorter FI_DESKTOP_HOME.",
)
IPC_VERSION = Message("ipc.version", "Another version of fi-desktop is running. Close it first.")

# --- Files and folders that were added or are watched

SUBMIT_NOTHING = Message("submit.nothing", "No audio or video was found there.")
SUBMIT_OTHER_KINDS = Message(
    "submit.other_kinds", "No audio or video was found there, only files of other kinds ({kinds})."
)
SUBMIT_UNREADABLE = Message("submit.unreadable", "Nothing was added: {path} cannot be read ({reason}).")
PATH_MISSING = Message("path.missing", "it is not there")
PATH_NO_ANSWER = Message("path.no_answer", "the drive it is on does not answer")
PATH_NOT_A_FILE = Message("path.not_a_file", "it is a device or a pipe, and not a file")
WATCH_DAMAGED = Message(
    "watch.damaged", "The list of watched folders was damaged and is set aside as {file}: add them again."
)
WATCH_FOLDER_UNREADABLE = Message("watch.folder_unreadable", "The folder {folder} cannot be read ({reason}).")
WATCH_STOPPED = Message("watch.stopped", "The folder is watched no more.")
WATCH_UNREADABLE = Message("watch.unreadable", "The list of watched folders cannot be read ({reason}).")

# --- Engines

ENGINE_BAD_LANGUAGE = Message("engine.bad_language", "The Whisper model does not know the chosen language.")
ENGINE_BAD_MODEL = Message("engine.bad_model", "The {engine} model pack is incomplete: install it again.")
ENGINE_BUILTIN_DAMAGED = Message(
    "engine.builtin_damaged", "The built-in voice model is damaged; install the program again."
)
ENGINE_BUILTIN_MISSING = Message(
    "engine.builtin_missing", "The built-in voice model is missing from this installation."
)
ENGINE_NO_MODEL = Message("engine.no_model", "The engine {name} needs a model pack, and none is installed.")
ENGINE_NOT_INSTALLED = Message(
    "engine.not_installed",
    "The engine {name} is not part of this installation. Install fi-desktop[{name}].",
)
ENGINE_NO_TRANSCRIBER = Message(
    "engine.no_transcriber", "The model pack {name} is not installed, or does not transcribe."
)
ENGINE_ODD_MODEL = Message(
    "engine.odd_model", "This pyannote model pack is of a kind that cannot be used here."
)
ENGINE_SILERO_MISSING = Message(
    "engine.silero_missing", "The part that finds speech is missing from this installation."
)
ENGINE_UNEXPECTED = Message("engine.unexpected", "Something unexpected went wrong ({error}).")
ENGINE_UNKNOWN = Message("engine.unknown", "There is no engine “{name}”; known are {known}.")

# --- Model packs

MODELS_ALREADY = Message("models.already", "A model pack called {name} is installed already.")
MODELS_BAD_ADDRESS = Message(
    "models.bad_address", "Models are fetched only from an address that begins with https://."
)
MODELS_BAD_CONFIG = Message("models.bad_config", "The model pack's config.yaml cannot be used: {reason}.")
MODELS_BAD_COPY = Message(
    "models.bad_copy",
    "{path} is missing or not as its manifest says: the copy is damaged or was changed, and nothing was "
    "imported.",
)
MODELS_BAD_MANIFEST = Message("models.bad_manifest", "The model pack's manifest cannot be used: {reason}.")
MODELS_BAD_NAME = Message(
    "models.bad_name",
    "A model pack cannot be called “{name}”: small letters, figures, “.”, “-” and “_” will do.",
)
MODELS_BAD_TOKEN = Message("models.bad_token", "{host} does not know this token: make a new one at {tokens}.")
MODELS_BROKEN_OFF = Message(
    "models.broken_off", "Copying the pack broke off ({reason}): is the stick still there?"
)
MODELS_BUNDLED = Message(
    "models.bundled", "The model pack {name} belongs to the program and cannot be removed."
)
MODELS_BUSY = Message("models.busy", "The model pack {name} is being installed already.")
MODELS_CHANGED = Message(
    "models.changed", "The model pack {name} is not used: {file} is damaged or was changed. Install it again."
)
MODELS_CUT = Message(
    "models.cut", "The connection to {host} broke off. What has come is kept: try again to go on."
)
MODELS_DAMAGED = Message(
    "models.damaged", "What came from {host} is not the file that it promised ({path}): try again."
)
MODELS_DAMAGED_ARCHIVE = Message("models.damaged_archive", "This is no zip archive, or a damaged one.")
MODELS_ENCRYPTED = Message(
    "models.encrypted", "The archive is locked with a password: unpack it first, and import the folder."
)
MODELS_GATED = Message(
    "models.gated",
    "Your Hugging Face account may not read {repo} yet: accept its conditions at {page}, and see that "
    "the token may read gated repositories. Then try again.",
)
MODELS_HUB_TROUBLE = Message(
    "models.hub_trouble", "{host} cannot serve this now (status {status}): try again later."
)
MODELS_IN_USE = Message(
    "models.in_use", "The model pack {name} is in use: wait until the running jobs are done, and try again."
)
MODELS_INCOMPLETE = Message(
    "models.incomplete",
    "The model pack {name} is not complete: {reason}. Install it again, or import it anew.",
)
MODELS_LINKS = Message(
    "models.links", "The folder holds links, as the hub's own cache does: copy it with cp -rL first."
)
MODELS_LINKS_IN_ARCHIVE = Message("models.links_in_archive", "The archive holds links: nothing was unpacked.")
MODELS_MISSING = Message("models.missing", "The model pack {name} is not installed.")
MODELS_NEEDS_TOKEN = Message(
    "models.needs_token",
    "{repo} is given only to people with a free Hugging Face account: accept its conditions at {page}, "
    "make a token at {tokens}, and enter the token here.",
)
MODELS_NO_PACK = Message(
    "models.no_pack",
    "This is no model pack: it holds neither a manifest nor the files of a pyannote or Whisper model.",
)
MODELS_NO_ROOM = Message(
    "models.no_room", "{wanted:size} more are needed, and {free:size} are free on that disk: make room first."
)
MODELS_NOT_OFFERED = Message("models.not_offered", "{host} has no {repo}, or not this file of it any more.")
MODELS_NOT_THERE = Message("models.not_there", "This file or folder is not there, or cannot be read.")
MODELS_ODD_ANSWER = Message(
    "models.odd_answer", "{host} answered with no list of files: is the network behind a login page?"
)
MODELS_ODD_ARCHIVE = Message(
    "models.odd_archive", "The archive is packed in an unusual way: pack it as a plain zip."
)
MODELS_OFFLINE = Message(
    "models.offline",
    "{host} cannot be reached. Look at the network or the proxy (HTTPS_PROXY), or carry the pack here on "
    "a stick and import it.",
)
MODELS_PROXY = Message(
    "models.proxy", "The proxy asks for a name and a password: give them in HTTPS_PROXY, and try again."
)
MODELS_SAME_PATH = Message(
    "models.same_path", "“{path}” is there twice, or differs from another only in case: nothing was read."
)
MODELS_TOO_DENSE = Message(
    "models.too_dense", "The archive unpacks to far more than weights ever do: nothing was unpacked."
)
MODELS_TOO_LARGE = Message(
    "models.too_large",
    "This would unpack to {size:size}, more than any model pack has: nothing was unpacked.",
)
MODELS_TOO_MANY_FILES = Message("models.too_many_files", "This holds far more files than a model pack.")
MODELS_UNAPPROVED = Message(
    "models.unapproved",
    "{name} is a pyannote model, and loading one can run any program that its maker hid in it. Import it "
    "only if you know and trust where it comes from.",
)
MODELS_UNKNOWN = Message("models.unknown", "There is no model pack “{name}” to install; known are {known}.")
MODELS_UNSAFE_PATH = Message(
    "models.unsafe_path",
    "“{path}” leads out of its folder, or is no name that every system takes: nothing was read.",
)
MODELS_UNTRUSTED = Message(
    "models.untrusted",
    "The certificate of {host} is not trusted, so nothing was fetched. In a network that looks into "
    "connections, the network's own certificate must be known to this computer.",
)
MODELS_UNWRITABLE = Message("models.unwritable", "Nothing can be written to the models folder {root}.")
PACK_BAD_FILE = Message("pack.bad_file", "a file in it has no proper size or SHA-256")
PACK_CONFIG_NETWORK = Message(
    "pack.config_network",
    "config.yaml does not say “{wanted}”, which would be looked for on the network",
)
PACK_CONTROL_CHARACTERS = Message("pack.control_characters", "it holds control characters")
PACK_FILE_MISSING = Message("pack.file_missing", "{file} is missing")
PACK_FILES_MISSING = Message("pack.files_missing", "{file} are missing")
PACK_NEWER = Message("pack.newer", "it was written by a newer fi-desktop")
PACK_NO_PIPELINE = Message("pack.no_pipeline", "it describes no pipeline")
PACK_NO_YAML = Message("pack.no_yaml", "it is no YAML")
PACK_OTHER_FOLDER = Message("pack.other_folder", "it is called {name}, and lies in a folder of another name")
PACK_OTHER_PIPELINE = Message("pack.other_pipeline", "it asks for more than a speaker diarization pipeline")
PACK_TOO_LONG = Message("pack.too_long", "it is far too long")
PACK_TOO_MANY_FILES = Message("pack.too_many_files", "it names too many files")
PACK_WRONG_SIZE = Message("pack.wrong_size", "{file} has {number} bytes, not {wanted}")

# --- Exports, profiles, settings, the data folder and the window

EXPORT_FULL = Message("export.full", "The disk is full: make room on it, and export again.")
EXPORT_NOT_WRITTEN = Message(
    "export.not_written", "The file could not be written there: choose another folder."
)
PROFILES_DAMAGED = Message(
    "profiles.damaged", "Your profiles were damaged and are set aside as {file}; the built-in ones are there."
)
PROFILES_UNREADABLE = Message(
    "profiles.unreadable", "Your profiles cannot be read ({reason}); the built-in ones are there."
)
SETTINGS_BAD_VALUE = Message("settings.bad_value", "Setting {name}: {value} is not valid.")
SETTINGS_LIMITS = Message("settings.limits", "The hard time limit must not be shorter than the time limit.")
SETTINGS_NO_CHOICE = Message("settings.no_choice", "Setting {name}: {value} is not one of {choices}.")
SETTINGS_OVERRIDDEN = Message(
    "settings.overridden", "Setting {name} is set by the environment or the command line."
)
SETTINGS_TOO_LARGE = Message("settings.too_large", "Setting {name}: {value} is above {most}.")
SETTINGS_TOO_SMALL = Message("settings.too_small", "Setting {name}: {value} is below {least}.")
SETTINGS_UNKNOWN = Message("settings.unknown", "There is no setting “{name}”.")
SETTINGS_UNREADABLE = Message("settings.unreadable", "settings.toml cannot be read: {error}.")
HOME_EXPOSED = Message(
    "home.exposed",
    "Other accounts can open the data folder {home}, and its drive cannot prevent it: choose another by "
    "FI_DESKTOP_HOME.",
)
HOME_FOREIGN = Message(
    "home.foreign", "The data folder {home} belongs to another account: choose another by FI_DESKTOP_HOME."
)
HOME_FULL = Message(
    "home.full", "The disk of the data folder {home} is full: make room on it, and start again."
)
HOME_NETWORK = Message(
    "home.network",
    "The data folder {home} lies on a network drive, where a queue cannot be kept safely. Choose a local "
    "one by FI_DESKTOP_HOME.",
)
HOME_NOT_A_FOLDER = Message(
    "home.not_a_folder", "The data folder {home} is a file: choose another by FI_DESKTOP_HOME."
)
HOME_UNWRITABLE = Message(
    "home.unwritable",
    "The data folder {home} cannot be written to ({reason}): choose another by FI_DESKTOP_HOME.",
)
WINDOW_NO_DISPLAY = Message(
    "window.no_display", "There is no display to open the window on; `fi-desktop run` works without one."
)

MESSAGES = {message.code: message for message in tuple(globals().values()) if isinstance(message, Message)}
"""All messages by code."""


def verbatim(text: str) -> Note:
    """Return text that has no message of its own as a note."""
    return VERBATIM(text=text)


def system_reason(error: Exception) -> Note:
    """Return why the operating system refused something, in its own words."""
    return verbatim(getattr(error, "strerror", None) or type(error).__name__)
