"""Every sentence that a part without Qt says to a person: those of errors by their codes, and all others.

Word for word as they are raised, which a test holds: `make translations` finds them here.
"""

from __future__ import annotations

CONTEXT = "Sentences"
"""Under which they are in the catalogues."""


def QT_TRANSLATE_NOOP(_context: str, sentence: str) -> str:
    """Mark a sentence for lupdate, which looks for this name; Qt's own function is not typed."""
    return sentence


BY_CODE: dict[str, str] = {
    "app.closing": QT_TRANSLATE_NOOP("Sentences", "fi-desktop is closing."),
    "app.owned": QT_TRANSLATE_NOOP("Sentences", "The program is already running here: close it first."),
    "audio.changing": QT_TRANSLATE_NOOP(
        "Sentences", "The recording changed while it was read: try again when it is complete."
    ),
    "audio.crashes": QT_TRANSLATE_NOOP(
        "Sentences", "Reading this file crashes the program: convert it to another format, or send it to us."
    ),
    "audio.away": QT_TRANSLATE_NOOP(
        "Sentences", "The drive or folder that the recording is on is not there at present: connect it again."
    ),
    "audio.dictation": QT_TRANSLATE_NOOP(
        "Sentences",
        "This dictation is in a format that only its recorder's own program reads: export it there as WAV, "
        "and add that file.",
    ),
    "audio.dictation_locked": QT_TRANSLATE_NOOP(
        "Sentences",
        "This dictation is encrypted: decrypt it in its recorder's own program, export it there as WAV, "
        "and add that file.",
    ),
    "audio.project": QT_TRANSLATE_NOOP(
        "Sentences",
        "This is an Audacity project and not a recording: export it there as WAV, and add that file.",
    ),
    "audio.shortcut": QT_TRANSLATE_NOOP(
        "Sentences", "This is a shortcut and not the recording: add the file that it points to."
    ),
    "audio.damaged": QT_TRANSLATE_NOOP(
        "Sentences", "The recording is damaged, nothing in it can be read: copy it again from the recorder."
    ),
    "audio.empty": QT_TRANSLATE_NOOP(
        "Sentences", "The file is empty: nothing was recorded, or copying it was interrupted."
    ),
    "audio.forbidden": QT_TRANSLATE_NOOP(
        "Sentences", "Your account may not read this recording: copy it to your own folder, and try again."
    ),
    "audio.missing": QT_TRANSLATE_NOOP(
        "Sentences", "The recording is no longer where it was: put it back, and try again."
    ),
    "audio.no_audio": QT_TRANSLATE_NOOP("Sentences", "This file has no sound track."),
    "audio.no_room": QT_TRANSLATE_NOOP(
        "Sentences", "The disk has too little room to decode this recording: make room, and try again."
    ),
    "audio.no_samples": QT_TRANSLATE_NOOP("Sentences", "The recording holds no sound: its length is zero."),
    "audio.no_speech": QT_TRANSLATE_NOOP("Sentences", "Nobody speaks in this recording."),
    "audio.not_a_file": QT_TRANSLATE_NOOP("Sentences", "This is a folder or a device, and not a recording."),
    "audio.read": QT_TRANSLATE_NOOP(
        "Sentences", "The recording could not be read to its end: check the drive or network folder it is on."
    ),
    "audio.silent": QT_TRANSLATE_NOOP(
        "Sentences", "The recording is silent from beginning to end: check the microphone that was used."
    ),
    "audio.too_long": QT_TRANSLATE_NOOP(
        "Sentences",
        "The recording is too long to be done in one piece: cut it into parts of a few hours, and add these.",
    ),
    "audio.unreadable": QT_TRANSLATE_NOOP(
        "Sentences", "This file is not a recording that can be read, or it is protected against copying."
    ),
    "disk.full": QT_TRANSLATE_NOOP("Sentences", "The disk is full: make room on it, and it goes on."),
    "ipc.silent": QT_TRANSLATE_NOOP("Sentences", "The program is already running, but does not answer."),
    "ipc.unsafe": QT_TRANSLATE_NOOP(
        "Sentences",
        "The folder {folder} belongs to another account: remove it, or choose a shorter FI_DESKTOP_HOME.",
    ),
    "ipc.version": QT_TRANSLATE_NOOP(
        "Sentences", "Another version of fi-desktop is running. Close it first."
    ),
    "engine.bad_language": QT_TRANSLATE_NOOP(
        "Sentences", "The Whisper model does not know the chosen language."
    ),
    "engine.bad_model": QT_TRANSLATE_NOOP(
        "Sentences", "The {engine} model pack is incomplete: install it again."
    ),
    "engine.builtin_damaged": QT_TRANSLATE_NOOP(
        "Sentences", "The built-in voice model is damaged; install the program again."
    ),
    "engine.builtin_missing": QT_TRANSLATE_NOOP(
        "Sentences", "The built-in voice model is missing from this installation."
    ),
    "engine.no_model": QT_TRANSLATE_NOOP(
        "Sentences", "The engine {name} needs a model pack, and none is installed."
    ),
    "engine.no_transcriber": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack {name} is not installed, or does not transcribe."
    ),
    "engine.odd_model": QT_TRANSLATE_NOOP(
        "Sentences", "This pyannote model pack is of a kind that cannot be used here."
    ),
    "engine.silero_missing": QT_TRANSLATE_NOOP(
        "Sentences", "The part that finds speech is missing from this installation."
    ),
    "engine.unexpected": QT_TRANSLATE_NOOP("Sentences", "Something unexpected went wrong ({error})."),
    "engine.unknown": QT_TRANSLATE_NOOP("Sentences", "There is no engine {name!r}; known are {known}."),
    "export.full": QT_TRANSLATE_NOOP("Sentences", "The disk is full: make room on it, and export again."),
    "export.not_written": QT_TRANSLATE_NOOP(
        "Sentences", "The file could not be written there: choose another folder."
    ),
    "home.full": QT_TRANSLATE_NOOP(
        "Sentences", "The disk of the data folder {home} is full: make room on it, and start again."
    ),
    "home.foreign": QT_TRANSLATE_NOOP(
        "Sentences",
        "The data folder {home} belongs to another account: choose another by FI_DESKTOP_HOME.",
    ),
    "home.exposed": QT_TRANSLATE_NOOP(
        "Sentences",
        "Other accounts can open the data folder {home}, and its drive cannot prevent it: "
        "choose another by FI_DESKTOP_HOME.",
    ),
    "home.network": QT_TRANSLATE_NOOP(
        "Sentences",
        "The data folder {home} lies on a network drive, where a queue cannot be "
        "kept safely. Choose a local one by FI_DESKTOP_HOME.",
    ),
    "home.not_a_folder": QT_TRANSLATE_NOOP(
        "Sentences", "The data folder {home} is a file: choose another by FI_DESKTOP_HOME."
    ),
    "home.unwritable": QT_TRANSLATE_NOOP(
        "Sentences",
        "The data folder {home} cannot be written to ({reason}): choose another by FI_DESKTOP_HOME.",
    ),
    "job.cancelled": QT_TRANSLATE_NOOP("Sentences", "Cancelled."),
    "job.deliveries": QT_TRANSLATE_NOOP(
        "Sentences", "The program ended {times} times while it worked on this."
    ),
    "job.running": QT_TRANSLATE_NOOP("Sentences", "This job is running: cancel it before you remove it."),
    "job.timeout": QT_TRANSLATE_NOOP("Sentences", "Timeout ({minutes} min)"),
    "job.unknown": QT_TRANSLATE_NOOP("Sentences", "There is no job {job}."),
    "memory.full": QT_TRANSLATE_NOOP("Sentences", "The computer ran out of memory."),
    "models.already": QT_TRANSLATE_NOOP("Sentences", "A model pack called {name} is installed already."),
    "models.bad_address": QT_TRANSLATE_NOOP(
        "Sentences", "Models are fetched only from an address that begins with https://."
    ),
    "models.bad_config": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack's config.yaml cannot be used: {reason}."
    ),
    "models.bad_copy": QT_TRANSLATE_NOOP(
        "Sentences",
        "{path} is missing or not as its manifest says: the copy is damaged or was "
        "changed, and nothing was imported.",
    ),
    "models.bad_manifest": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack's manifest cannot be used: {reason}."
    ),
    "models.bad_name": QT_TRANSLATE_NOOP(
        "Sentences",
        "A model pack cannot be called {name!r}: small letters, figures, “.”, “-” and “_” will do.",
    ),
    "models.bad_token": QT_TRANSLATE_NOOP(
        "Sentences", "{host} does not know this token: make a new one at {tokens}."
    ),
    "models.broken_off": QT_TRANSLATE_NOOP(
        "Sentences", "Copying the pack broke off ({reason}): is the stick still there?"
    ),
    "models.bundled": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack {name} belongs to the program and cannot be removed."
    ),
    "models.busy": QT_TRANSLATE_NOOP("Sentences", "The model pack {name} is being installed already."),
    "models.changed": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack {name} is not used: {file} is damaged or was changed. Install it again."
    ),
    "models.cut": QT_TRANSLATE_NOOP(
        "Sentences", "The connection to {host} broke off. What has come is kept: try again to go on."
    ),
    "models.damaged": QT_TRANSLATE_NOOP(
        "Sentences", "What came from {host} is not the file that it promised ({path}): try again."
    ),
    "models.damaged_archive": QT_TRANSLATE_NOOP("Sentences", "This is no zip archive, or a damaged one."),
    "models.encrypted": QT_TRANSLATE_NOOP(
        "Sentences", "The archive is locked with a password: unpack it first, and import the folder."
    ),
    "models.gated": QT_TRANSLATE_NOOP(
        "Sentences",
        "Your Hugging Face account may not read {repo} yet: accept its conditions "
        "at {page}, and see that the token may read gated repositories. Then try "
        "again.",
    ),
    "models.hub_trouble": QT_TRANSLATE_NOOP(
        "Sentences", "{host} cannot serve this now (status {status}): try again later."
    ),
    "models.in_use": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack {name} is in use: wait until the running jobs are done, and try again."
    ),
    "models.incomplete": QT_TRANSLATE_NOOP(
        "Sentences", "The model pack {name} is not complete: {reason}. Install it again, or import it anew."
    ),
    "models.links": QT_TRANSLATE_NOOP(
        "Sentences", "The folder holds links, as the hub's own cache does: copy it with cp -rL first."
    ),
    "models.links_in_archive": QT_TRANSLATE_NOOP(
        "Sentences", "The archive holds links: nothing was unpacked."
    ),
    "models.missing": QT_TRANSLATE_NOOP("Sentences", "The model pack {name} is not installed."),
    "models.needs_token": QT_TRANSLATE_NOOP(
        "Sentences",
        "{repo} is given only to people with a free Hugging Face account: accept "
        "its conditions at {page}, make a token at {tokens}, and enter the token "
        "here.",
    ),
    "models.no_pack": QT_TRANSLATE_NOOP(
        "Sentences",
        "This is no model pack: it holds neither a manifest nor the files of a pyannote or Whisper model.",
    ),
    "models.no_room": QT_TRANSLATE_NOOP(
        "Sentences", "{wanted} more are needed, and {free} are free on that disk: make room first."
    ),
    "models.not_offered": QT_TRANSLATE_NOOP(
        "Sentences", "{host} has no {repo}, or not this file of it any more."
    ),
    "models.not_there": QT_TRANSLATE_NOOP(
        "Sentences", "This file or folder is not there, or cannot be read."
    ),
    "models.odd_answer": QT_TRANSLATE_NOOP(
        "Sentences", "{host} answered with no list of files: is the network behind a login page?"
    ),
    "models.odd_archive": QT_TRANSLATE_NOOP(
        "Sentences", "The archive is packed in an unusual way: pack it as a plain zip."
    ),
    "models.offline": QT_TRANSLATE_NOOP(
        "Sentences",
        "{host} cannot be reached. Look at the network or the proxy (HTTPS_PROXY), "
        "or carry the pack here on a stick and import it.",
    ),
    "models.proxy": QT_TRANSLATE_NOOP(
        "Sentences", "The proxy asks for a name and a password: give them in HTTPS_PROXY, and try again."
    ),
    "models.same_path": QT_TRANSLATE_NOOP(
        "Sentences", "{path!r} is there twice, or differs from another only in case: nothing was read."
    ),
    "models.too_dense": QT_TRANSLATE_NOOP(
        "Sentences", "The archive unpacks to far more than weights ever do: nothing was unpacked."
    ),
    "models.too_large": QT_TRANSLATE_NOOP(
        "Sentences", "This would unpack to {size}, more than any model pack has: nothing was unpacked."
    ),
    "models.too_many_files": QT_TRANSLATE_NOOP("Sentences", "This holds far more files than a model pack."),
    "models.unapproved": QT_TRANSLATE_NOOP(
        "Sentences",
        "{name} is a pyannote model, and loading one can run any program that its "
        "maker hid in it. Import it only if you know and trust where it comes from.",
    ),
    "models.unknown": QT_TRANSLATE_NOOP(
        "Sentences", "There is no model pack {name!r} to install; known are {known}."
    ),
    "models.unsafe_path": QT_TRANSLATE_NOOP(
        "Sentences",
        "{path!r} leads out of its folder, or is no name that every system takes: nothing was read.",
    ),
    "models.untrusted": QT_TRANSLATE_NOOP(
        "Sentences",
        "The certificate of {host} is not trusted, so nothing was fetched. In a "
        "network that looks into connections, the network's own certificate must be"
        " known to this computer.",
    ),
    "models.unwritable": QT_TRANSLATE_NOOP(
        "Sentences", "Nothing can be written to the models folder {root}."
    ),
    "profiles.damaged": QT_TRANSLATE_NOOP(
        "Sentences", "Your profiles were damaged and are set aside as {file}; the built-in ones are there."
    ),
    "profiles.unreadable": QT_TRANSLATE_NOOP(
        "Sentences", "Your profiles cannot be read ({reason}); the built-in ones are there."
    ),
    "settings.overridden": QT_TRANSLATE_NOOP(
        "Sentences", "Setting {name} was given by the environment or the command line."
    ),
    "settings.bad_value": QT_TRANSLATE_NOOP("Sentences", "Setting {name}: {value} cannot be used."),
    "settings.limits": QT_TRANSLATE_NOOP(
        "Sentences", "The last time limit must not be shorter than the time limit."
    ),
    "settings.no_choice": QT_TRANSLATE_NOOP("Sentences", "Setting {name}: {value} is none of {choices}."),
    "settings.too_large": QT_TRANSLATE_NOOP("Sentences", "Setting {name}: {value} is above {most}."),
    "settings.too_small": QT_TRANSLATE_NOOP("Sentences", "Setting {name}: {value} is below {least}."),
    "settings.unknown": QT_TRANSLATE_NOOP("Sentences", "There is no setting {name!r}."),
    "settings.unreadable": QT_TRANSLATE_NOOP("Sentences", "settings.toml cannot be read: {error}."),
    "store.busy": QT_TRANSLATE_NOOP("Sentences", "Another program is using the queue's file."),
    "store.damaged": QT_TRANSLATE_NOOP("Sentences", "The queue's file is damaged."),
    "store.full": QT_TRANSLATE_NOOP(
        "Sentences", "The disk is full: nothing can be saved until there is room on it."
    ),
    "store.newer": QT_TRANSLATE_NOOP(
        "Sentences",
        "The queue was written by a newer version of fi-desktop: nothing was changed; start that version "
        "again, or choose another data folder by FI_DESKTOP_HOME.",
    ),
    "store.unavailable": QT_TRANSLATE_NOOP("Sentences", "The queue cannot be opened now."),
    "store.unwritable": QT_TRANSLATE_NOOP(
        "Sentences", "The queue cannot be saved: the disk does not take it."
    ),
    "submit.nothing": QT_TRANSLATE_NOOP("Sentences", "No audio or video was found there."),
    "submit.other_kinds": QT_TRANSLATE_NOOP(
        "Sentences", "No audio or video was found there, only files of other kinds ({kinds})."
    ),
    "submit.unreadable": QT_TRANSLATE_NOOP(
        "Sentences", "Nothing was added: {path} cannot be read ({reason})."
    ),
    "watch.damaged": QT_TRANSLATE_NOOP(
        "Sentences", "The list of watched folders was damaged and is set aside as {file}: add them again."
    ),
    "watch.folder_unreadable": QT_TRANSLATE_NOOP(
        "Sentences", "The folder {folder} cannot be read ({reason})."
    ),
    "watch.stopped": QT_TRANSLATE_NOOP("Sentences", "The folder is watched no more."),
    "watch.unreadable": QT_TRANSLATE_NOOP(
        "Sentences", "The list of watched folders cannot be read ({reason})."
    ),
    "window.no_display": QT_TRANSLATE_NOOP(
        "Sentences", "There is no display to open the window on; `fi-desktop run` works without one."
    ),
    "worker.crashed": QT_TRANSLATE_NOOP(
        "Sentences", "The worker that had this job ended unexpectedly ({ended})."
    ),
    "worker.ended": QT_TRANSLATE_NOOP(
        "Sentences", "The system ended the worker that had this job ({ended}); memory may have run out."
    ),
    "worker.killed": QT_TRANSLATE_NOOP("Sentences", "The program was ended in the middle of it each time."),
    "worker.stuck": QT_TRANSLATE_NOOP("Sentences", "The worker that had this job was stuck."),
}
"""An error's code, and what it says."""

PLAIN: tuple[str, ...] = (
    # of results of earlier versions
    QT_TRANSLATE_NOOP("Sentences", "The file is damaged after {at}; what comes before was used."),
    QT_TRANSLATE_NOOP(
        "Sentences", "The file is damaged in places, first at {at}; what could not be read is left silent."
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The file ends at {at}, although it should last {length}: copy it again from the recorder.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences", "The file is damaged at {at}: {length} could not be read and is left silent."
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The file is damaged in {places} places, first at {at}: {length} in all could not be read and is "
        "left silent.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences", "Nothing was recorded for {length} at {at}: this is a pause, or a part that was lost."
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "Nothing was recorded in {places} places, first at {at}, {length} in all: these are pauses, or parts "
        "that were lost.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The file's clock jumps by {length} at {at}: what follows was joined to what comes before.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The file's header counts only {length} of sound, but the file holds more: it was read to its end at "
        "{at}.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "A part of the file after {at} could not be read."),
    QT_TRANSLATE_NOOP("Sentences", "{used} sound tracks were used."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "Of {tracks} sound tracks, {used} could be used; "
        "the others are silent, the same, or in another language.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "Voices hard to tell apart, or only one voice: please check."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "Sound as loud as the voices was not recognized as speech, {length} in all: please check.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "The vocabulary is too long: its last {number} words were not used."),
    QT_TRANSLATE_NOOP("Sentences", "The language was hard to tell: if it is wrong, choose it and try again."),
    QT_TRANSLATE_NOOP("Sentences", "The words are missing: {reason}"),
    QT_TRANSLATE_NOOP("Sentences", "The speakers are missing: {reason}"),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The queue's file was damaged. It was set aside as {folder}; {number} jobs were restored.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "No worker process can be started here: recordings are worked one at a time inside the program.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "The queue has stopped because of a fault in the program. Nothing is lost: start fi-desktop again.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "it is not there"),
    QT_TRANSLATE_NOOP("Sentences", "it is a device or a pipe, and not a file"),
    QT_TRANSLATE_NOOP("Sentences", "the drive it is on does not answer"),
    QT_TRANSLATE_NOOP("Sentences", "it stopped"),
    QT_TRANSLATE_NOOP("Sentences", "signal {number}"),
    QT_TRANSLATE_NOOP("Sentences", "exit code {number}"),
    QT_TRANSLATE_NOOP("Sentences", "it is far too long"),
    QT_TRANSLATE_NOOP("Sentences", "it is no YAML"),
    QT_TRANSLATE_NOOP("Sentences", "it describes no pipeline"),
    QT_TRANSLATE_NOOP("Sentences", "it asks for more than a speaker diarization pipeline"),
    QT_TRANSLATE_NOOP("Sentences", "it was written by a newer fi-desktop"),
    QT_TRANSLATE_NOOP("Sentences", "it names too many files"),
    QT_TRANSLATE_NOOP("Sentences", "a file in it has no proper size or SHA-256"),
    QT_TRANSLATE_NOOP("Sentences", "it holds control characters"),
    QT_TRANSLATE_NOOP("Sentences", "it is called {name}, and lies in a folder of another name"),
    QT_TRANSLATE_NOOP("Sentences", "{file} is missing"),
    QT_TRANSLATE_NOOP("Sentences", "{file} are missing"),
    QT_TRANSLATE_NOOP("Sentences", "{file} has {number} bytes, not {wanted}"),
)
"""Notes of a result, notices of the queue, and reasons within other sentences."""
