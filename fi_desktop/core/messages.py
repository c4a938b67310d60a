"""Every sentence for people from below the window, declared once.

A `Message` is a code and an English template. A `Note` is a message with the values of its placeholders: the
form that is stored, sent between processes and shown. A `Phrasing` turns a note into text: `ENGLISH` is here,
and the window has one that translates. `packaging/translations.py` reads `MESSAGES`.

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
        return Note(self.code, by_name(values))

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
"""The values of a message's placeholders, sorted by name: events are stored so, and notes are compared."""


def by_name(values: Mapping[str, Value]) -> Values:
    """Return values in the order in which notes have them."""
    return tuple((name, values[name]) for name in sorted(values))


class Phrasing(string.Formatter):
    """Turns notes into text, in English; subclasses translate."""

    def say(self, note: Note) -> str:
        """Return a note as text; if this version does not know it, its code."""
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
"""Text without a message, such as an error of the operating system."""

# --- Recordings: why one cannot be used

AUDIO_AWAY = Message("audio.away", "The drive or folder of the recording is not connected. Connect it.")
AUDIO_CHANGING = Message(
    "audio.changing", "The recording changed while it was being read. Try again when it is complete."
)
AUDIO_CRASHES = Message(
    "audio.crashes", "Reading this file crashes the program. Convert it to another format, or send it to us."
)
AUDIO_DAMAGED = Message(
    "audio.damaged", "The recording is damaged and cannot be read. Copy it again from the recorder."
)
AUDIO_DICTATION = Message(
    "audio.dictation",
    "This dictation format can only be read by the recorder's own software. Export it there as WAV, and "
    "add that file.",
)
AUDIO_DICTATION_LOCKED = Message(
    "audio.dictation_locked",
    "This dictation is encrypted. Decrypt it with the recorder's own software, export it there as WAV, "
    "and add that file.",
)
AUDIO_EMPTY = Message("audio.empty", "The file is empty: nothing was recorded, or the copy was interrupted.")
AUDIO_FORBIDDEN = Message(
    "audio.forbidden",
    "You do not have permission to read this recording. Copy it to a folder of yours, and try again.",
)
AUDIO_MISSING = Message("audio.missing", "The recording was moved or deleted. Put it back, and try again.")
AUDIO_OTHER = Message(
    "audio.other", "This is another recording. Choose the one that this result was made from."
)
AUDIO_NO_AUDIO = Message("audio.no_audio", "This file has no audio track.")
AUDIO_NO_ROOM = Message(
    "audio.no_room", "There is not enough disk space to decode the recording. Free some space, and try again."
)
AUDIO_NO_SAMPLES = Message("audio.no_samples", "The recording contains no audio: its length is zero.")
AUDIO_NO_SPEECH = Message("audio.no_speech", "Nobody speaks in this recording.")
AUDIO_NOT_A_FILE = Message("audio.not_a_file", "This is a folder or a device, not a recording.")
AUDIO_PROJECT = Message(
    "audio.project", "This is an Audacity project, not a recording. Export it as WAV, and add that file."
)
AUDIO_READ = Message("audio.read", "The recording could not be read to the end. Check its drive or network.")
AUDIO_SHORTCUT = Message("audio.shortcut", "This is a shortcut, not a recording. Add the file it points to.")
AUDIO_SILENT = Message("audio.silent", "The recording is silent from beginning to end. Check the microphone.")
AUDIO_TOO_LONG = Message(
    "audio.too_long",
    "The recording is too long to process at once. Split it into parts of a few hours, and add those.",
)
AUDIO_UNREADABLE = Message(
    "audio.unreadable", "This file is not a recording that can be read, or it is copy-protected."
)

# --- Results: what a person must know before relying on one

AUDIO_CLOCK_JUMPS = Message(
    "audio.clock_jumps",
    "The file's clock jumps by {length:length} at {at:clock}. The parts before and after it were joined.",
)
AUDIO_CUT_SHORT = Message(
    "audio.cut_short",
    "The file ends at {at:clock}, although it should last {length:length}. Copy it again from the recorder.",
)
AUDIO_DAMAGED_AFTER = Message(
    "audio.damaged_after", "The file is damaged after {at:clock}. The part before was used."
)
AUDIO_DAMAGED_PLACES = Message(
    "audio.damaged_places",
    "The file is damaged in {places} places, first at {at:clock}. {length:length} in total could not be "
    "read and were replaced by silence.",
)
AUDIO_DAMAGED_SOMEWHERE = Message(
    "audio.damaged_somewhere",
    "The file is damaged in places, first at {at:clock}. What could not be read was replaced by silence.",
)
AUDIO_GAP = Message(
    "audio.gap", "Nothing was recorded for {length:length} at {at:clock}: a pause, or a part that was lost."
)
AUDIO_GAPS = Message(
    "audio.gaps",
    "Nothing was recorded in {places} places, first at {at:clock}, {length:length} in total: pauses, or "
    "parts that were lost.",
)
AUDIO_MORE_THAN_COUNTED = Message(
    "audio.more_than_counted",
    "The file's header declares only {length:length} of audio, but the file contains more. It was read "
    "to its end at {at:clock}.",
)
AUDIO_PARTLY_DAMAGED = Message(
    "audio.partly_damaged",
    "The file is damaged at {at:clock}. {length:length} could not be read and were replaced by silence.",
)
AUDIO_REST_UNREAD = Message("audio.rest_unread", "Part of the file after {at:clock} could not be read.")
AUDIO_SOME_TRACKS = Message(
    "audio.some_tracks",
    "{used} of {tracks} audio tracks were used. The others are silent, identical, or in another language.",
)
AUDIO_TRACKS = Message("audio.tracks", "{used} audio tracks were used.")
RESULT_DOUBTFUL_VOICES = Message(
    "result.doubtful_voices", "The voices are hard to tell apart, or there is only one. Please check."
)
RESULT_FEWER_VOICES = Message(
    "result.fewer_voices", "Only {found} voices were found, although {asked} speakers were expected."
)
RESULT_LANGUAGE_UNCERTAIN = Message(
    "result.language_uncertain", "The language was hard to detect. If it is wrong, choose it and try again."
)
RESULT_FEW_WRONG = Message("result.few_wrong", "Fewer than 1 in 100 words may be wrong.")
RESULT_NOT_UNDERSTOOD = Message(
    "result.not_understood",
    "{length:length} of speech was not understood and has no words. Listen to these passages.",
)
RESULT_ONE_VOICE = Message(
    "result.one_voice", "Only one voice was found, although {asked} speakers were expected."
)
RESULT_PROBABLY_ONE = Message(
    "result.probably_one", "The voices suggest one speaker instead of {asked}. Please check."
)
RESULT_PROBABLY_OTHER_NUMBER = Message(
    "result.probably_other_number", "The voices suggest {probable} speakers instead of {asked}. Please check."
)
RESULT_SPEAKERS_MISSING = Message("result.speakers_missing", "The speakers are missing: {reason}")
RESULT_UNHEARD = Message(
    "result.unheard",
    "{length:length} of sound as loud as the voices was not recognized as speech. Please check.",
)
RESULT_VOCABULARY_CUT = Message(
    "result.vocabulary_cut", "The vocabulary is too long. Its last {number} words were not used."
)
RESULT_WORDS_MISSING = Message("result.words_missing", "The words are missing: {reason}")
RESULT_WRONG_WORDS = Message("result.wrong_words", "About {number} in 100 words may be wrong.")

REVIEW_CHANGED = Message(
    "review.changed",
    "This result was changed somewhere else meanwhile, so your last changes are not saved. "
    "Open it again, and make them again.",
)
RESULT_BUSY = Message(
    "result.busy", "This recording is being processed again. Cancel that first, or wait for the new version."
)
RESULT_GONE = Message("result.gone", "This version of the result cannot be found any more.")

PLAY_NO_DEVICE = Message("play.no_device", "This computer has no audio device to play sound on.")
PLAY_FAILED = Message("play.failed", "The recording could not be played.")

# --- Vocabulary lists

VOCABULARY_BAD_LINE = Message(
    "vocabulary.bad_line",
    "The vocabulary list {name} is not used: line {line} of {file} is longer than {most} characters.",
)
VOCABULARY_BAD_TEXT = Message(
    "vocabulary.bad_text", "The vocabulary list {name} is not used: {file} is not a text in UTF-8."
)
VOCABULARY_TOO_LONG = Message(
    "vocabulary.too_long", "The vocabulary list {name} is not used: it has more than {most} terms."
)
VOCABULARY_UNKNOWN = Message("vocabulary.unknown", "There is no vocabulary list {name}. Known: {known}.")
VOCABULARY_UNREADABLE = Message(
    "vocabulary.unreadable", "The vocabulary list {name} is not used: {file} cannot be read: {reason}"
)

# --- The clinic's own list of what identifies people

IDENTIFIERS_BAD_LINE = Message(
    "identifiers.bad_line",
    "Line {line} of the list of names cannot be used. Each line has one name, and after “=” its kind, one of "
    "{kinds}.",
)
IDENTIFIERS_BAD_TEXT = Message("identifiers.bad_text", "The list of names is not a text in UTF-8.")
IDENTIFIERS_DAMAGED = Message(
    "identifiers.damaged",
    "The encrypted list of names was damaged. Put back an earlier copy of {file}, or delete it.",
)
IDENTIFIERS_TOO_LONG = Message("identifiers.too_long", "The list of names has more than {most} entries.")
IDENTIFIERS_UNREADABLE = Message(
    "identifiers.unreadable", "The list of names cannot be read or written: {reason}"
)

# --- Templates: why one is refused; all but the first three complete `TEMPLATE_REFUSED`

TEMPLATE_FOLDER = Message("template.folder", "The folder of templates cannot be used: {reason}.")
TEMPLATE_REFUSED = Message("template.refused", "The template {file} is not used: {reason}.")
TEMPLATE_UNKNOWN = Message("template.unknown", "There is no template {name}. There are: {known}.")
TEMPLATE_BAD_CHOICE = Message("template.bad_choice", "{key} must be one of {choices}")
TEMPLATE_BAD_FACTS = Message(
    "template.bad_facts", "{key} must be a list of some of {choices}, each at most once"
)
TEMPLATE_BAD_FILE_NAME = Message(
    "template.bad_file_name", "{key} must be a text that contains no other braces than {fields}"
)
TEMPLATE_BAD_FLAG = Message("template.bad_flag", "{key} must be true or false")
TEMPLATE_BAD_LINE = Message("template.bad_line", "line {line} is not written as TOML requires")
TEMPLATE_BAD_NUMBER = Message("template.bad_number", "{key} must be a number from {least} to {most}")
TEMPLATE_BAD_FILE = Message("template.bad_file", "its file name has characters that cannot be shown")
TEMPLATE_BAD_TEXT = Message(
    "template.bad_text",
    "{key} must be a text of at most {lines} lines of {most} characters, or one such text for each "
    "of {languages}",
)
TEMPLATE_BAD_TITLE = Message(
    "template.bad_title",
    "{key} must be a line of at most {most} characters, or such a line for each of {languages}",
)
TEMPLATE_NOT_TOML = Message("template.not_toml", "it is not a TOML file")
TEMPLATE_NOT_UTF8 = Message("template.not_utf8", "it is not a text in UTF-8")
TEMPLATE_SAME_FILE = Message("template.same_file", "on some computers {other} is the same file name")
TEMPLATE_SAME_TITLE = Message("template.same_title", "{other} has the same name for people")
TEMPLATE_TOO_BIG = Message("template.too_big", "it is larger than {most} kB")
TEMPLATE_TOO_MANY = Message("template.too_many", "there are more than {most} templates in the folder")
TEMPLATE_UNKNOWN_KEY = Message("template.unknown_key", "{key} is none of the keys {keys}")
TEMPLATE_UNREADABLE = Message("template.unreadable", "it cannot be read: {reason}")

# --- Jobs and workers

JOB_CANCELLED = Message("job.cancelled", "Cancelled.")
JOB_DELIVERIES = Message("job.deliveries", "The program ended {times} times while processing this job.")
JOB_LOST = Message(
    "job.lost", "Contact with the server was lost {times} times while it processed this recording."
)
JOB_ON_HOLD = Message(
    "job.on_hold", "Job {job} is on legal hold. Nothing removes it until the hold is released."
)
JOB_RUNNING = Message("job.running", "This job is running. Cancel it before you remove it.")
JOB_TIMEOUT = Message("job.timeout", "Timeout ({minutes} min)")
JOB_UNKNOWN = Message("job.unknown", "There is no job {job}.")
WORKER_CRASHED = Message("worker.crashed", "The worker process ended unexpectedly ({ended}).")
WORKER_ENDED = Message(
    "worker.ended", "The system ended the worker process ({ended}). The computer may have run out of memory."
)
WORKER_KILLED = Message("worker.killed", "The program was ended each time it worked on this.")
WORKER_STUCK = Message("worker.stuck", "The worker process stopped responding.")
WORKER_ODD = Message("worker.odd", "The worker process sent a message that makes no sense.")
DECODER_CRASHED = Message(
    "decoder.crashed", "The process that reads the recording ended unexpectedly ({ended})."
)
DECODER_ENDED = Message(
    "decoder.ended",
    "The system ended the process that reads the recording ({ended}). The computer may have run out of "
    "memory.",
)
DECODER_ODD = Message("decoder.odd", "The process that reads the recording reported an impossible result.")
ENDED_EXIT_CODE = Message("ended.exit_code", "exit code {number}")
ENDED_SIGNAL = Message("ended.signal", "signal {number}")
ENDED_STOPPED = Message("ended.stopped", "it stopped")
LABEL_BAD_DATE = Message("label.bad_date", "“{text}” is not a date.")
MEMORY_FULL = Message("memory.full", "The computer ran out of memory.")
DISK_FULL = Message("disk.full", "The disk is full. Free some space, and the job continues.")

# --- The queue

CLUSTER_INCOMPLETE = Message(
    "cluster.incomplete",
    "The settings do not say where the server is: its address, the key file and the folder for transfers.",
)
CLUSTER_NOT_AGREED = Message(
    "cluster.not_agreed",
    "Nothing is sent to the server until you allow recordings to leave this computer, in the settings.",
)
CLUSTER_NOT_AGREED_TO = Message(
    "cluster.not_agreed_to",
    "Nothing is sent to {server} until you agree, in the window or by fi-desktop server agree.",
)
CLUSTER_NOT_INSTALLED = Message(
    "cluster.not_installed", "What is needed for a server is not installed: pip install fi-desktop[cluster]."
)
SETTINGS_BROKER = Message(
    "settings.broker", "The server's address does not begin with rediss:// or redis:// and a name."
)
SETTINGS_BROKER_UNENCRYPTED = Message(
    "settings.broker_unencrypted",
    "The connection to the server would not be encrypted. Use rediss://, or allow a server without TLS.",
)
CLUSTER_NO_KEY = Message("cluster.no_key", "The key file for the server cannot be read, or is damaged.")
CLUSTER_KEY_OPEN = Message(
    "cluster.key_open", "Other accounts can read the key file for the server. Let only its owner read it."
)
USAGE_OTHER_SERVER = Message("usage.other_server", "The settings name another server: {server}.")
USAGE_KEY_EXISTS = Message("usage.key_exists", "There is a file of that name already; it is kept.")
CLUSTER_WORKER_RUNS = Message(
    "cluster.worker_runs", "Another program uses this data folder. Give each worker its own FI_DESKTOP_HOME."
)
SETTINGS_TRANSFER = Message(
    "settings.transfer",
    "The folder for transfers cannot be used: it is no URL of a folder, or what it needs is not installed.",
)
CLUSTER_TRANSFER = Message("cluster.transfer", "The folder for transfers cannot be reached ({reason}).")
CLUSTER_UNREACHABLE = Message("cluster.unreachable", "The server cannot be reached ({reason}).")
CLUSTER_FORGETS = Message("cluster.forgets", "The server's Redis forgets what it is sent.")
CLUSTER_NO_WORKERS = Message("cluster.no_workers", "The server has no workers.")
CLUSTER_VERSION = Message(
    "cluster.version", "The server has another version of the program. Install the same version on both."
)
CLUSTER_OTHER_KEY = Message("cluster.other_key", "The server has another key than this computer.")
CLUSTER_OTHER_FOLDER = Message(
    "cluster.other_folder", "The server uses another folder for transfers than this computer."
)
CLUSTER_WORKS_LOCALLY = Message(
    "cluster.works_locally", "{reason} Recordings are processed on this computer meanwhile."
)
CLUSTER_WAITS = Message("cluster.waits", "{reason} Recordings wait until it can be used.")
CLUSTER_WORKER_LOST = Message("cluster.worker_lost", "The worker on {host} no longer responds.")
CLUSTER_NO_FILES = Message("cluster.no_files", "What the server needs is not in the folder for transfers.")
CLUSTER_ODD = Message("cluster.odd", "What came over the folder for transfers makes no sense.")
CLUSTER_SERVER = Message("cluster.server", "The server could not do this: {reason}")
QUEUE_INLINE = Message(
    "queue.inline",
    "Worker processes cannot be started. Recordings are processed one at a time inside the program.",
)
QUEUE_RESTORED = Message(
    "queue.restored",
    "The queue's file was damaged. It was set aside as {folder}, and {number} jobs were restored.",
)
QUEUE_STOPPED = Message(
    "queue.stopped",
    "The queue stopped because of a bug in the program. Nothing is lost: start fi-desktop again.",
)
STORE_BUSY = Message("store.busy", "Another program is using the queue's file.")
STORE_DAMAGED = Message("store.damaged", "The queue's file is damaged.")
STORE_FULL = Message("store.full", "The disk is full. Nothing can be saved until there is free space.")
STORE_NEWER = Message(
    "store.newer",
    "The queue was written by a newer version of fi-desktop, and was not changed. Start that version, or "
    "choose another data folder with FI_DESKTOP_HOME.",
)
STORE_UNAVAILABLE = Message("store.unavailable", "The queue cannot be opened.")
STORE_UNWRITABLE = Message("store.unwritable", "The queue cannot be saved: the disk rejects it.")
APP_CLOSING = Message("app.closing", "fi-desktop is closing.")
APP_OWNED = Message("app.owned", "The program is already running. Close it first.")
IPC_SILENT = Message("ipc.silent", "The program is already running, but does not respond.")
IPC_TOO_LARGE = Message(
    "ipc.too_large", "This is too much for one request to the running program. Add fewer files at a time."
)
IPC_VERSION = Message("ipc.version", "Another version of fi-desktop is running. Close it first.")

# --- Alerts to administrators: numbers only

ALERT_DISK = Message("alert.disk", "Free disk space: {free:size}, less than {limit:size}.")
ALERT_FAILURES = Message(
    "alert.failures",
    "Failures: {failed} of the last {ended} recordings, {percent} % (limit: {limit} %).",
)
ALERT_QUEUE = Message("alert.queue", "Waiting recordings: {number}, more than {limit} for {minutes} minutes.")
ALERT_RESTARTS = Message("alert.restarts", "Workers replaced within an hour: {number} (limit: {limit}).")
ALERT_TEST = Message("alert.test", "This is a test of the alerts.")

# --- The audit trail

AUDIT_BAD_SIGNATURE = Message(
    "audit.bad_signature", "Entry {number} of the audit trail is not signed with the key that is due there."
)
AUDIT_BEGAN_AGAIN = Message(
    "audit.began_again",
    "The audit trail begins again with entry {number}, because its keys or files were gone. Entries at the "
    "end of the part before may be missing.",
)
AUDIT_CHANGED = Message("audit.changed", "Entry {number} of the audit trail was changed.")
AUDIT_DAMAGED_BEFORE = Message(
    "audit.damaged_before", "When entry {number} was written, the end of the audit trail was damaged."
)
AUDIT_END_DIFFERS = Message("audit.end_differs", "The audit trail does not end with the entry written last.")
AUDIT_ERASED = Message(
    "audit.erased", "There was an audit trail before this one: it was erased before entry {number}."
)
AUDIT_JOB_ERASED = Message(
    "audit.job_erased", "Job {job} is gone, and the audit trail has no entry about its removal."
)
AUDIT_JOB_UNKNOWN = Message("audit.job_unknown", "Job {job} exists, but no entry says that it was added.")
AUDIT_KEY_LOST = Message(
    "audit.key_lost",
    "The key that verifies the entries from {number} on is lost. Only their signatures are verified.",
)
AUDIT_MISSING = Message("audit.missing", "Entries {first} to {last} of the audit trail are missing.")
AUDIT_MISSING_ONE = Message("audit.missing_one", "Entry {number} of the audit trail is missing.")
AUDIT_NOT_AN_ENTRY = Message(
    "audit.not_an_entry", "Line {line} of file {file} of the audit trail is not an entry."
)
AUDIT_NOT_WHAT_WAS_SIGNED = Message(
    "audit.not_what_was_signed", "Entry {number} of the audit trail signs other entries than those before it."
)
AUDIT_OUT_OF_ORDER = Message(
    "audit.out_of_order", "Entry {number} of the audit trail comes after entry {after}."
)
AUDIT_RESULT_CHANGED = Message(
    "audit.result_changed", "The result of job {job} is not the one in entry {number} of the audit trail."
)
AUDIT_RESULT_GONE = Message("audit.result_gone", "The result of job {job}, in entry {number}, is gone.")
AUDIT_STATE_LOST = Message(
    "audit.state_lost", "The file that says where the audit trail ends is lost or damaged."
)
AUDIT_UNREADABLE = Message("audit.unreadable", "The audit trail cannot be read ({reason}).")
AUDIT_UNSIGNED = Message(
    "audit.unsigned", "The last entries of the audit trail are not signed. Their number: {number}."
)

# --- Files and folders that were added or are watched

SUBMIT_NOTHING = Message("submit.nothing", "No audio or video was found.")
SUBMIT_OTHER_KINDS = Message(
    "submit.other_kinds", "No audio or video was found, only files of other types ({kinds})."
)
SUBMIT_UNREADABLE = Message("submit.unreadable", "Nothing was added. {path} cannot be read ({reason}).")
PATH_MISSING = Message("path.missing", "it does not exist")
PATH_NO_ANSWER = Message("path.no_answer", "its drive does not respond")
PATH_NOT_A_FILE = Message("path.not_a_file", "it is a device or a pipe, not a file")
WATCH_DAMAGED = Message(
    "watch.damaged", "The list of watched folders was damaged, and was set aside as {file}. Add them again."
)
WATCH_FOLDER_UNREADABLE = Message("watch.folder_unreadable", "The folder {folder} cannot be read ({reason}).")
WATCH_STOPPED = Message("watch.stopped", "The folder is no longer watched.")
WATCH_UNREADABLE = Message("watch.unreadable", "The list of watched folders cannot be read ({reason}).")

# --- Engines

ENGINE_BAD_LANGUAGE = Message("engine.bad_language", "The Whisper model does not support this language.")
ENGINE_BAD_MODEL = Message("engine.bad_model", "The {engine} model pack is incomplete. Install it again.")
ENGINE_BUILTIN_DAMAGED = Message(
    "engine.builtin_damaged", "The built-in voice model is damaged. Install the program again."
)
ENGINE_BUILTIN_MISSING = Message(
    "engine.builtin_missing", "The built-in voice model is missing from this installation."
)
ENGINE_FOREIGN_MODEL = Message(
    "engine.foreign_model",
    "The pyannote model pack wants to run code that is not part of a model, and was not loaded. It may be "
    "malicious: remove it, and tell the people who are responsible for this computer.",
)
ENGINE_NO_MODEL = Message("engine.no_model", "The engine {name} needs a model pack, but none is installed.")
ENGINE_NOT_INSTALLED = Message(
    "engine.not_installed", "The engine {name} is not part of this installation. Install fi-desktop[{name}]."
)
ENGINE_NO_TRANSCRIBER = Message(
    "engine.no_transcriber", "The model pack {name} is not installed, or does not transcribe."
)
ENGINE_ODD_MODEL = Message("engine.odd_model", "This type of pyannote model pack is not supported.")
ENGINE_SILERO_MISSING = Message("engine.silero_missing", "The speech detector is not installed.")
ENGINE_UNEXPECTED = Message("engine.unexpected", "Something unexpected went wrong ({error}).")
ENGINE_UNKNOWN = Message("engine.unknown", "Unknown engine “{name}”. Available: {known}.")

# --- Enrolled voices

VOICES_DAMAGED = Message(
    "voices.damaged", "The enrolled voices cannot be read. Erase all of them and enrol each person again."
)
VOICES_SEVERAL = Message(
    "voices.several", "More than one voice was found in the recording. Record the person alone."
)
VOICES_TOO_SHORT = Message(
    "voices.too_short",
    "The recording has {found:length} of clear speech, but at least {needed:length} is needed.",
)

# --- Model packs

MODELS_ALREADY = Message("models.already", "A model pack named {name} is already installed.")
MODELS_BAD_ADDRESS = Message(
    "models.bad_address", "Models are only downloaded from addresses that start with https://."
)
MODELS_BAD_CONFIG = Message("models.bad_config", "The model pack's config.yaml cannot be used: {reason}.")
MODELS_BAD_COPY = Message(
    "models.bad_copy",
    "{path} is missing or does not match its manifest. The copy is damaged or was changed, and nothing "
    "was imported.",
)
MODELS_BAD_MANIFEST = Message("models.bad_manifest", "The model pack's manifest cannot be used: {reason}.")
MODELS_BAD_NAME = Message(
    "models.bad_name",
    "“{name}” is not a valid name for a model pack. Use lowercase letters, digits, “.”, “-” and “_”.",
)
MODELS_BAD_TOKEN = Message("models.bad_token", "{host} rejects this token. Create a new one at {tokens}.")
MODELS_BROKEN_OFF = Message(
    "models.broken_off", "Copying the pack was interrupted ({reason}). Is the USB drive still connected?"
)
MODELS_BUNDLED = Message(
    "models.bundled", "The model pack {name} is part of the program and cannot be removed."
)
MODELS_BUSY = Message("models.busy", "The model pack {name} is already being installed.")
MODELS_CHANGED = Message(
    "models.changed", "The model pack {name} is not used: {file} is damaged or was changed. Install it again."
)
MODELS_CUT = Message(
    "models.cut",
    "The connection to {host} was interrupted. The downloaded part is kept. Try again to continue.",
)
MODELS_DAMAGED = Message(
    "models.damaged", "{host} sent something other than the file it announced ({path}). Try again."
)
MODELS_DAMAGED_ARCHIVE = Message("models.damaged_archive", "This is not a zip archive, or it is damaged.")
MODELS_ENCRYPTED = Message(
    "models.encrypted", "The archive is protected with a password. Unpack it, and import the folder."
)
MODELS_GATED = Message(
    "models.gated",
    "Your Hugging Face account has no access to {repo} yet. Accept its conditions at {page}, and make "
    "sure that the token can read gated repositories. Then try again.",
)
MODELS_HUB_TROUBLE = Message(
    "models.hub_trouble", "{host} is unavailable (status {status}). Try again later."
)
MODELS_IN_USE = Message(
    "models.in_use", "The model pack {name} is in use. Wait until the running jobs end, and try again."
)
MODELS_INCOMPLETE = Message(
    "models.incomplete", "The model pack {name} is incomplete: {reason}. Install or import it again."
)
MODELS_LINKS = Message(
    "models.links", "The folder contains links, like the hub's own cache. Copy it with cp -rL first."
)
MODELS_LINKS_IN_ARCHIVE = Message("models.links_in_archive", "The archive has links. Nothing was unpacked.")
MODELS_MISSING = Message("models.missing", "The model pack {name} is not installed.")
MODELS_NEEDS_TOKEN = Message(
    "models.needs_token",
    "{repo} requires a free Hugging Face account. Accept its conditions at {page}, create a token at "
    "{tokens}, and enter it here.",
)
MODELS_NO_PACK = Message(
    "models.no_pack",
    "This is not a model pack: it contains neither a manifest nor the files of a pyannote or Whisper model.",
)
MODELS_NO_ROOM = Message(
    "models.no_room",
    "{wanted:size} more are needed, but only {free:size} are free on that disk. Free some space first.",
)
MODELS_NOT_OFFERED = Message(
    "models.not_offered", "{host} does not have {repo}, or no longer has this file of it."
)
MODELS_NOT_THERE = Message("models.not_there", "This file or folder does not exist, or cannot be read.")
MODELS_ODD_ANSWER = Message(
    "models.odd_answer", "{host} did not answer with a list of files. Does the network require a login page?"
)
MODELS_ODD_ARCHIVE = Message(
    "models.odd_archive", "The archive's compression is unusual. Create a plain zip."
)
MODELS_OFFLINE = Message(
    "models.offline",
    "{host} cannot be reached. Check the network and the proxy (HTTPS_PROXY), or bring the pack on a USB "
    "drive and import it.",
)
MODELS_OTHER_FILE = Message(
    "models.other_file",
    "{host} offers another {path} than this version of the program knows, so nothing was downloaded. Update "
    "the program; if it is up to date, tell the people who are responsible for this computer.",
)
MODELS_PROXY = Message(
    "models.proxy", "The proxy requires a user name and password. Set them in HTTPS_PROXY, and try again."
)
MODELS_SAME_PATH = Message(
    "models.same_path", "“{path}” exists twice, or differs from another file only in case. Nothing was read."
)
MODELS_TOO_DENSE = Message(
    "models.too_dense", "The archive unpacks to far more than model weights do. Nothing was unpacked."
)
MODELS_TOO_LARGE = Message(
    "models.too_large",
    "The archive would unpack to {size:size}, more than any model pack. Nothing was unpacked.",
)
MODELS_TOO_MANY_FILES = Message("models.too_many_files", "There are far more files than in a model pack.")
MODELS_UNAPPROVED = Message(
    "models.unapproved",
    "{name} is a pyannote model. Loading it can run any program that its author hid in it. Import it "
    "only if you know and trust its source.",
)
MODELS_UNKNOWN = Message("models.unknown", "Unknown model pack “{name}”. Available: {known}.")
MODELS_UNSAFE_PATH = Message(
    "models.unsafe_path",
    "“{path}” is outside its folder, or not a valid name on every system. Nothing was read.",
)
MODELS_UNTRUSTED = Message(
    "models.untrusted",
    "The certificate of {host} is not trusted, so nothing was downloaded. If the network inspects "
    "connections, its own certificate must be installed on this computer.",
)
MODELS_UNWRITABLE = Message("models.unwritable", "Cannot write to the models folder {root}.")
PACK_BAD_FILE = Message("pack.bad_file", "one of its files has no valid size or SHA-256")
PACK_CONFIG_NETWORK = Message(
    "pack.config_network",
    "config.yaml does not contain “{wanted}”, so the model would be searched for on the network",
)
PACK_CONTROL_CHARACTERS = Message("pack.control_characters", "it contains control characters")
PACK_FILE_MISSING = Message("pack.file_missing", "{file} is missing")
PACK_FILES_MISSING = Message("pack.files_missing", "{file} are missing")
PACK_NEWER = Message("pack.newer", "it was written by a newer fi-desktop")
PACK_NO_PIPELINE = Message("pack.no_pipeline", "it does not describe a pipeline")
PACK_NO_YAML = Message("pack.no_yaml", "it is not YAML")
PACK_OTHER_FOLDER = Message("pack.other_folder", "its name is {name}, but its folder has another name")
PACK_OTHER_PIPELINE = Message("pack.other_pipeline", "it requires more than a speaker diarization pipeline")
PACK_TOO_LONG = Message("pack.too_long", "it is too long")
PACK_TOO_MANY_FILES = Message("pack.too_many_files", "it lists too many files")
PACK_WRONG_SIZE = Message("pack.wrong_size", "{file} has {number} bytes instead of {wanted}")

# --- Sealing at rest

VAULT_BAD_RECIPIENT = Message(
    "vault.bad_recipient", "“{recipient}” is not a public key of age. It begins with “age1”."
)
VAULT_DAMAGED = Message(
    "vault.damaged",
    "The keys of the encrypted results in {folder} are damaged. Put back an earlier copy of it.",
)
VAULT_EXISTS = Message("vault.exists", "The results are encrypted already.")
VAULT_KEYS_MISSING = Message(
    "vault.keys_missing",
    "{number} recordings in the queue are encrypted with keys that are no longer there: they were removed, "
    "or an older copy of the data folder was put back.",
)
VAULT_LOCKED = Message("vault.locked", "The program is locked. Unlock it, and try again.")
VAULT_MISSING = Message(
    "vault.missing",
    "The results are encrypted, and the folder with their keys is missing. Put it back next to the data "
    "folder. Nothing was changed.",
)
VAULT_NEWER = Message(
    "vault.newer", "The results were encrypted by a newer version of this program. Install that version."
)
VAULT_NO_KEYRING = Message(
    "vault.no_keyring", "This computer has no keyring, or it is locked. Unlock it, or use a passphrase."
)
VAULT_NO_LOCK = Message("vault.no_lock", "Choose the keyring, a passphrase, or both.")
VAULT_NOT_A_RECIPIENT = Message("vault.not_a_recipient", "This is not a recovery key of these results.")
VAULT_NOT_IN_KEYRING = Message(
    "vault.not_in_keyring",
    "The key of the encrypted results is not in this account's keyring. Put the keyring back, or use the "
    "recovery key. Nothing was changed.",
)
VAULT_OTHER = Message(
    "vault.other",
    "The results are encrypted with the keys of another data folder. Put back the folder with their keys. "
    "Nothing was changed.",
)
VAULT_PASSPHRASE_NEEDED = Message("vault.passphrase_needed", "The passphrase is needed.")
VAULT_PASSPHRASE_SHORT = Message(
    "vault.passphrase_short", "Choose a passphrase of at least {number} characters."
)
VAULT_PASSPHRASE_WRONG = Message("vault.passphrase_wrong", "This is not the passphrase.")

# --- Exports, profiles, settings, the data folder and the window

EXPORT_BAD_BRACES = Message(
    "export.bad_braces", "The file name “{template}” has a brace without its counterpart."
)
EXPORT_BAD_FIELD = Message(
    "export.bad_field", "File names cannot contain {field}. They can contain {fields}."
)
EXPORT_DEIDENTIFIED = Message(
    "export.deidentified",
    "De-identified copy: what was recognized as identifying is replaced by labels. Nothing guarantees that "
    "all of it was recognized; a person must read the copy before it is passed on.",
)
EXPORT_FULL = Message("export.full", "The disk is full. Free some space, and export again.")
EXPORT_RULES_DAMAGED = Message(
    "export.rules_damaged",
    "The export settings of profiles and watched folders were damaged, and were set aside as {file}. Their "
    "results are not exported until you choose the settings again.",
)
EXPORT_NOT_WRITTEN = Message("export.not_written", "The file could not be written. Choose another folder.")
EXPORT_NO_NAME = Message("export.no_name", "Enter a file name. It can contain {fields}.")
NAMES_BAD_BRACES = Message("names.bad_braces", "The pattern “{pattern}” has a brace without its counterpart.")
NAMES_BAD_FIELD = Message("names.bad_field", "Patterns cannot contain {field}. They can contain {fields}.")
NAMES_NO_FIELD = Message("names.no_field", "The pattern needs a case or a date: {fields}.")
NAMES_TWICE = Message("names.twice", "The pattern “{pattern}” has the same field twice.")
EXPORTS_AWAY = Message(
    "exports.away",
    "The folder for results “{folder}” is not connected. Finished results are written there when it is back.",
)
EXPORTS_FULL = Message(
    "exports.full",
    "The disk of the folder for results “{folder}” is full. Finished results are written there once there is "
    "room.",
)
EXPORTS_REFUSED = Message(
    "exports.refused",
    "Nothing can be written to the folder for results “{folder}”. Choose another folder; finished results "
    "wait for it.",
)
EXPORTS_SEVERAL = Message(
    "exports.several",
    "Nothing can be written to {number} folders for results now. Finished results are written there once it "
    "is possible.",
)
EXPORTS_TEMPLATE = Message(
    "exports.template",
    "{reason} Finished results wait until it is corrected, or until you choose another one in the settings.",
)
PROFILES_DAMAGED = Message(
    "profiles.damaged",
    "Your profiles were damaged, and were set aside as {file}. The built-in profiles are available.",
)
PROFILES_UNREADABLE = Message(
    "profiles.unreadable", "Your profiles cannot be read ({reason}). The built-in profiles are available."
)
RECORDING_CHANGED = Message(
    "recording.changed", "{file} stays: it is no longer the recording that was processed."
)
RECORDING_NOT_COMPARED = Message(
    "recording.not_compared", "{file} stays: there is no result to compare it with."
)
RECORDING_ON_NETWORK = Message(
    "recording.on_network", "{file} stays: it is on a network drive, which has no trash."
)
RECORDING_SHARED = Message("recording.shared", "{file} stays: another job in the list uses it.")
RECORDING_UNREADABLE = Message(
    "recording.unreadable", "{file} stays: it is no longer there, or cannot be read."
)
RECORDING_WITHOUT_TRASH = Message(
    "recording.without_trash", "{file} stays: the system cannot move it to the trash."
)
RETENTION_CLOCK = Message(
    "retention.clock",
    "This computer's clock is {days} days later than when the program was last used. Nothing is deleted by "
    "age until you confirm that the clock is right.",
)
SETTINGS_ALERT_PLAIN = Message(
    "settings.alert_plain",
    "E-mail can only be sent without encryption if the mail server is on this computer.",
)
SETTINGS_ALERT_SERVER = Message("settings.alert_server", "Enter the mail server that sends the alerts.")
SETTINGS_BAD_VALUE = Message("settings.bad_value", "Setting {name}: {value} is not valid.")
SETTINGS_EXPORT_FOLDER = Message(
    "settings.export_folder", "Choose the folder and the formats in which results are written."
)
SETTINGS_LIMITS = Message("settings.limits", "The hard time limit must not be shorter than the time limit.")
SETTINGS_NO_CHOICE = Message("settings.no_choice", "Setting {name}: {value} is not one of {choices}.")
SETTINGS_OVERRIDDEN = Message(
    "settings.overridden", "Setting {name} is set by the environment or the command line."
)
SETTINGS_POLICY_EXPOSED = Message(
    "settings.policy_exposed",
    "The policy of this computer, {file}, must belong to the administrator, and nobody else may write it or "
    "its folder. The program does not start before that is corrected.",
)
SETTINGS_POLICY_FIXED = Message("settings.policy_fixed", "Setting {name} is set by your clinic.")
SETTINGS_POLICY_LEAST = Message(
    "settings.policy_least", "Setting {name}: your clinic allows {least} or more."
)
SETTINGS_POLICY_MOST = Message("settings.policy_most", "Setting {name}: your clinic allows at most {most}.")
SETTINGS_POLICY_NO_FILE = Message("settings.policy_no_file", "there is no such file, or it is too large")
SETTINGS_POLICY_ONLY = Message("settings.policy_only", "Setting {name}: your clinic allows only {choices}.")
SETTINGS_POLICY_RANGE = Message(
    "settings.policy_range", "Setting {name}: your clinic allows {least} to {most}."
)
SETTINGS_POLICY_RULE = Message(
    "settings.policy_rule",
    "The policy of this computer, {file}, has a rule for {name} that is not valid. The program does not "
    "start before it is corrected.",
)
SETTINGS_POLICY_UNKNOWN = Message(
    "settings.policy_unknown",
    "The policy of this computer, {file}, names an unknown setting, “{name}”. The program does not start "
    "before it is corrected.",
)
SETTINGS_DAMAGED = Message(
    "settings.damaged",
    "The encrypted settings were damaged. Put back an earlier copy of {file}, or delete it to use the "
    "defaults.",
)
SETTINGS_POLICY_UNREADABLE = Message(
    "settings.policy_unreadable",
    "The policy of this computer, {file}, cannot be read ({error}). The program does not start before it is "
    "corrected.",
)
SETTINGS_TOO_LARGE = Message("settings.too_large", "Setting {name}: {value} is above {most}.")
SETTINGS_TOO_SMALL = Message("settings.too_small", "Setting {name}: {value} is below {least}.")
SETTINGS_UNKNOWN = Message("settings.unknown", "Unknown setting “{name}”.")
SETTINGS_UNREADABLE = Message("settings.unreadable", "settings.toml cannot be read: {error}.")
SEARCH_DAMAGED = Message(
    "search.damaged",
    "The search index is damaged. It is made again from the results, which are not affected.",
)
SEARCH_UNAVAILABLE = Message("search.unavailable", "The search index cannot be read now. Try again.")
HOME_EXPOSED = Message(
    "home.exposed",
    "Other accounts can open the data folder {home}, and its drive cannot prevent it. Choose another "
    "with FI_DESKTOP_HOME.",
)
HOME_FOREIGN = Message(
    "home.foreign", "The data folder {home} belongs to another account. Choose another with FI_DESKTOP_HOME."
)
HOME_FULL = Message(
    "home.full", "The disk of the data folder {home} is full. Free some space, and start again."
)
HOME_NETWORK = Message(
    "home.network",
    "The data folder {home} is on a network drive, where a queue is not safe. Choose a local one with "
    "FI_DESKTOP_HOME.",
)
HOME_NOT_A_FOLDER = Message(
    "home.not_a_folder", "The data folder {home} is a file. Choose another with FI_DESKTOP_HOME."
)
HOME_REPLACEABLE = Message(
    "home.replaceable",
    "Every account can replace the data folder {home}, because every account can write to {folder}. Choose "
    "another with FI_DESKTOP_HOME.",
)
HOME_UNWRITABLE = Message(
    "home.unwritable",
    "Cannot write to the data folder {home} ({reason}). Choose another with FI_DESKTOP_HOME.",
)
WINDOW_NO_DISPLAY = Message("window.no_display", "There is no display. `fi-desktop run` works without one.")

MESSAGES = {message.code: message for message in tuple(globals().values()) if isinstance(message, Message)}
"""All messages by code."""


def verbatim(text: str) -> Note:
    """Return text without a message as a note."""
    return VERBATIM(text=text)


def system_reason(error: Exception) -> Note:
    """Return why the operating system refused something, in its own words."""
    return verbatim(getattr(error, "strerror", None) or type(error).__name__)
