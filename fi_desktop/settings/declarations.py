"""`Settings`: every setting, declared once, in the order of the dialog and of docs/settings.md.

A field is a `SettingSpec` (`spec.py`). This module knows nothing of files or the environment, from which
`persistence.py` reads the values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.core.values import JobOptions, NumberStyle, SpeakerCount, parse_languages
from fi_desktop.settings.policy import NO_POLICY, Policy
from fi_desktop.settings.spec import Kind, Page, SettingSpec, Unit, setting, specs_of
from fi_desktop.system.files import resource
from fi_desktop.vault import keys_folder


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force. To add a setting, add a field here.

    Attributes:
        home: folder of all files that the program writes.
        overridden: settings that the environment or the command line sets; the file cannot change them.
        more_models: additional folders with models, for this run.
        policy: the machine's rules, which the settings follow.
    """

    home: Path
    theme: str = setting(
        "system",
        Kind.CHOICE,
        Page.GENERAL,
        "Appearance",
        "Light, dark, or the same as the system.",
        choices={"system": "Same as the system", "light": "Light", "dark": "Dark"},
    )
    language: str = setting(
        "system",
        Kind.CHOICE,
        Page.GENERAL,
        "Language",
        "Language of menus, dialogs and messages.",
        choices={"system": "Same as the system", "en": "English", "es": "Español"},
    )
    speakers: str = setting(
        "2",
        Kind.SPEAKERS,
        Page.RECORDINGS,
        "Number of speakers",
        "How many people speak in a recording, unless you choose otherwise when you add it.",
    )
    spoken_language: str = setting(
        "auto",
        Kind.LANGUAGE,
        Page.RECORDINGS,
        "Language of the recordings",
        "Language spoken in the recordings, unless you choose otherwise when you add them.",
    )
    likely_languages: tuple[str, ...] = setting(
        ("es", "en"),
        Kind.LANGUAGES,
        Page.RECORDINGS,
        "Languages spoken here",
        "Automatic detection expects these languages. It finds another one only in longer recordings, if the "
        "language is clear.",
    )
    engine: str = setting(
        "auto",
        Kind.ENGINE,
        Page.RECORDINGS,
        "Speaker identification",
        "Engine that tells who speaks when.",
    )
    transcriber: str = setting(
        "auto",
        Kind.TRANSCRIBER,
        Page.RECORDINGS,
        "Transcription model",
        "Model that transcribes what is said. Without one, results only show who spoke when.",
    )
    vocabulary: tuple[str, ...] = setting(
        (),
        Kind.TERMS,
        Page.RECORDINGS,
        "Vocabulary",
        "Names of drugs, people or places that may come up, so that they are spelled correctly.",
        private=True,
    )
    vocabulary_lists: tuple[str, ...] = setting(
        (),
        Kind.TERM_LISTS,
        Page.RECORDINGS,
        "Vocabulary lists",
        "Drugs, tests and abbreviations of these specialties are spelled correctly when they are heard."
        " If none is chosen, all are used.",
    )
    numbers: str = setting(
        "heard",
        Kind.CHOICE,
        Page.RECORDINGS,
        "Numbers",
        "How numbers, doses and dates are written.",
        choices={
            NumberStyle.AS_HEARD.value: "As transcribed",
            NumberStyle.DIGITS.value: "In digits (40 mg)",
            NumberStyle.WORDS.value: "In words",
        },
    )
    name_pattern: str = setting(
        "",
        Kind.NAME_PATTERN,
        Page.RECORDINGS,
        "Case and date in file names",
        "How files are named: {case} stands for the case, {date} for a date with the year first, {dmy} or "
        "{mdy} for one with the day or the month first, {time} for the time, and {any} for anything else. "
        "Without a pattern, only the dates of recorders and phones are read.",
        private=True,
    )
    show_cases: bool = setting(
        False,
        Kind.FLAG,
        Page.RECORDINGS,
        "Show cases instead of file names",
        "If a recording has a case, lists and windows show it. The file name is in the details.",
    )
    workers: int = setting(
        0,
        Kind.INTEGER,
        Page.PROCESSING,
        "Recordings at a time",
        "How many recordings are processed at the same time. 0: as many as suit this computer, up to 2.",
        maximum=64,
    )
    low_priority: bool = setting(
        True,
        Kind.FLAG,
        Page.PROCESSING,
        "Use less of this computer",
        "Let your other programs go first while recordings are processed, and use half of the processor on "
        "battery.",
    )
    run_at: str = setting(
        "any",
        Kind.CHOICE,
        Page.PROCESSING,
        "When to process",
        "When recordings start to be processed. A recording in progress is always finished.",
        choices={"any": "At any time", "night": "At night"},
    )
    night_from: str = setting(
        "20:00", Kind.CLOCK, Page.PROCESSING, "Night begins", "From this time on, it is night."
    )
    night_until: str = setting(
        "06:00", Kind.CLOCK, Page.PROCESSING, "Night ends", "Until this time, it is night."
    )
    only_mains: bool = setting(
        False,
        Kind.FLAG,
        Page.PROCESSING,
        "Only on mains power",
        "Start no recording while this computer runs on its battery.",
    )
    soft_limit_s: float = setting(
        540.0,
        Kind.NUMBER,
        Page.PROCESSING,
        "Time limit",
        "How long an attempt may take before it is asked to stop. A recording that is already on the server "
        "keeps the limits that it was sent with.",
        unit=Unit.SECONDS,
    )
    hard_limit_s: float = setting(
        600.0,
        Kind.NUMBER,
        Page.PROCESSING,
        "Hard time limit",
        "How long an attempt may take before its worker is stopped by force.",
        unit=Unit.SECONDS,
    )
    limit_factor: float = setting(
        3.0,
        Kind.NUMBER,
        Page.PROCESSING,
        "Time limit for long recordings",
        "A long recording may take this many times its own length.",
    )
    stuck_after_s: float = setting(
        60.0,
        Kind.NUMBER,
        Page.PROCESSING,
        "Replace an unresponsive worker after",
        "A worker that does not respond for this long is replaced.",
        unit=Unit.SECONDS,
    )
    stop_grace_s: float = setting(
        5.0,
        Kind.NUMBER,
        Page.PROCESSING,
        "Time to shut down",
        "How long workers may take to stop when the program closes.",
        unit=Unit.SECONDS,
        maximum=600.0,
    )
    recycle_jobs: int = setting(
        200,
        Kind.INTEGER,
        Page.PROCESSING,
        "Recordings per worker",
        "A worker is replaced after this many recordings. 0: never.",
    )
    recycle_mb: int = setting(
        4000,
        Kind.INTEGER,
        Page.PROCESSING,
        "Memory per worker",
        "A worker that still uses more memory than this after a recording is replaced. 0: never.",
        unit=Unit.MEGABYTES,
    )
    retry_delays_s: tuple[float, ...] = setting(
        (60.0, 120.0, 240.0),
        Kind.NUMBERS,
        Page.RETRIES,
        "Retry delays",
        "How long to wait before each retry, separated by commas. There is one retry for each number.",
        unit=Unit.SECONDS,
    )
    max_deliveries: int = setting(
        8,
        Kind.INTEGER,
        Page.RETRIES,
        "Maximum attempts",
        "A recording that has been started this many times fails.",
    )
    backend: str = setting(
        "local",
        Kind.CHOICE,
        Page.SERVER,
        "Where to process",
        "Where recordings are processed. With both, each goes to whichever is free first.",
        choices={"local": "On this computer", "cluster": "On the server", "both": "On both"},
    )
    send_recordings: bool = setting(
        False,
        Kind.FLAG,
        Page.SERVER,
        "Recordings may leave this computer",
        "Their sound goes encrypted to the folder for transfers, and the server deletes it once it is done. "
        "Nothing is sent while this is off.",
    )
    agreed_server: str = setting(
        "",
        Kind.TEXT,
        Page.SERVER,
        "Server that you agreed to",
        "Recordings are sent to this server only, by way of this folder for transfers. You are asked once, "
        "and again if either changes.",
    )
    broker: str = setting(
        "",
        Kind.TEXT,
        Page.SERVER,
        "Address of the server",
        "The server's Redis. Example: rediss://desktop:password@server.example.org:6380/0.",
        private=True,
    )
    broker_certificates: str = setting(
        "",
        Kind.TEXT,
        Page.SERVER,
        "Certificates of the server",
        "File with the certificates that vouch for the server, in PEM format. Empty: those of this computer.",
        private=True,
    )
    broker_unencrypted: bool = setting(
        False,
        Kind.FLAG,
        Page.SERVER,
        "Allow a server without TLS",
        "Connect to another computer by redis://, too. Others in the network see then which jobs there are.",
    )
    cluster_key: str = setting(
        "",
        Kind.TEXT,
        Page.SERVER,
        "Key file",
        "File with the key that this computer and the server share. fi-desktop worker --new-key writes one.",
        private=True,
    )
    transfer: str = setting(
        "",
        Kind.TEXT,
        Page.SERVER,
        "Folder for transfers",
        "Where encrypted recordings and results travel, as the server sees it too. Examples: "
        "file:///mnt/clinic/transfer, sftp://user@server.example.org/transfer, s3://bucket/transfer.",
        private=True,
    )
    server_jobs: int = setting(
        2,
        Kind.INTEGER,
        Page.SERVER,
        "Recordings at a time on the server",
        "How many recordings of this computer the server has at the same time.",
        minimum=1,
        maximum=64,
    )
    cluster_queue: str = setting(
        "fi-desktop",
        Kind.TEXT,
        Page.SERVER,
        "Queue on the server",
        "Workers on the server take recordings from this queue.",
    )
    export_when: str = setting(
        "never",
        Kind.CHOICE,
        Page.EXPORTS,
        "Write results to a folder",
        "Results are written automatically, and again each time they are reviewed or signed later. Profiles "
        "and watched folders can have their own export.",
        choices={
            "never": "Never",
            "completed": "When they are completed",
            "reviewed": "When they are reviewed",
            "signed": "When they are signed",
        },
    )
    export_folder: str = setting(
        "",
        Kind.FOLDER,
        Page.EXPORTS,
        "Folder for results",
        "Results are written here. If the drive is not connected, they wait until it is back.",
        private=True,
    )
    export_formats: tuple[str, ...] = setting(
        ("docx",),
        Kind.FORMATS,
        Page.EXPORTS,
        "Formats",
        "Each result is written in these formats.",
    )
    export_name: str = setting(
        "{name}",
        Kind.NAME_TEMPLATE,
        Page.EXPORTS,
        "File name",
        "{name} stands for the recording's name, {case} for the case, {date} and {time} for when it was "
        "recorded, and {speakers} for the people who speak. No other file is replaced: a number is added.",
        private=True,
    )
    export_template: str = setting(
        "",
        Kind.TEMPLATE,
        Page.EXPORTS,
        "Template",
        "How Word files, PDF, web pages and texts look, also those written automatically. A template with "
        "its own file name takes the place of the one above.",
    )
    keep_days: float = setting(
        30.0,
        Kind.NUMBER,
        Page.STORAGE,
        "Keep finished recordings",
        "After this time, finished recordings leave the list and their results are deleted. 0: never.",
        unit=Unit.DAYS,
        minimum=1.0,  # a fraction of a second would delete every result at the next start
        zero_allowed=True,
        zero_is_never=True,
    )
    keep_unseen: bool = setting(
        False,
        Kind.FLAG,
        Page.STORAGE,
        "Keep unopened results",
        "Keep results that nobody has opened or exported, however old they are.",
    )
    keep_audio_days: float = setting(
        7.0,
        Kind.NUMBER,
        Page.STORAGE,
        "Keep decoded sound",
        "The sound of a recording that waits for another attempt is deleted after this time and decoded "
        "again then; the recording stays. 0: never.",
        unit=Unit.DAYS,
        minimum=1.0,
        zero_allowed=True,
        zero_is_never=True,
    )
    keep_trail_days: float = setting(
        2190.0,  # six years, as HIPAA asks of such records (45 CFR 164.316)
        Kind.NUMBER,
        Page.STORAGE,
        "Keep the audit trail",
        "After this time, whole files of old entries are deleted; the rest can still be verified. 0: never.",
        unit=Unit.DAYS,
        minimum=30.0,
        zero_allowed=True,
        zero_is_never=True,
    )
    keep_damaged_days: float = setting(
        30.0,
        Kind.NUMBER,
        Page.STORAGE,
        "Keep damaged queues",
        "A damaged queue is set aside and deleted after this time. 0: never.",
        unit=Unit.DAYS,
        minimum=1.0,
        zero_allowed=True,
        zero_is_never=True,
    )
    clock_gap_days: float = setting(
        14.0,
        Kind.NUMBER,
        Page.STORAGE,
        "Ask if the clock jumps by",
        "If the clock is later than at the last use by more than this, nothing is deleted by age until you "
        "confirm that it is right. 0: never ask.",
        unit=Unit.DAYS,
        minimum=1.0,
        zero_allowed=True,
        zero_is_never=True,
    )
    notify: str = setting(
        "end",
        Kind.CHOICE,
        Page.PRIVACY,
        "Notifications",
        "When the desktop shows a notification.",
        choices={"never": "Never", "end": "When everything is done", "each": "After each recording"},
    )
    names_in_notifications: bool = setting(
        False,
        Kind.FLAG,
        Page.PRIVACY,
        "File names in notifications",
        "Show the name of the file in notifications, where other people may see it.",
    )
    lock_after_min: int = setting(
        0,
        Kind.INTEGER,
        Page.PRIVACY,
        "Lock when idle",
        "Lock the window after this time without input. Requires a PIN or a passphrase. 0: never.",
        unit=Unit.MINUTES,
        maximum=1440,
        zero_is_never=True,
    )
    screen_capture: bool = setting(
        False,
        Kind.FLAG,
        Page.PRIVACY,
        "Show in pictures of the screen",
        "Let other programs see these windows: screenshots, shared screens, and what Windows records of the "
        "screen. Linux has no way to prevent it.",
    )
    seal: bool = setting(
        True,
        Kind.FLAG,
        Page.PRIVACY,
        "Encrypt results",
        "Encrypt results, words, names and the queue if this account has a keyring, which unlocks them by "
        "itself. What is encrypted stays so when this is switched off.",
    )
    check_updates: bool = setting(
        False,
        Kind.FLAG,
        Page.PRIVACY,
        "Check for updates",
        "Ask once a day whether there is a newer version. Nothing about you or this computer is sent.",
    )
    audit_folder: str = setting(
        "",
        Kind.FOLDER,
        Page.AUDIT,
        "Copy to a folder",
        "Entries are also written to a file in this folder, such as one on the clinic's server. While the "
        "folder is away, they wait.",
        private=True,
    )
    audit_syslog: str = setting(
        "",
        Kind.SERVER,
        Page.AUDIT,
        "Send to a syslog server",
        "Entries are sent to this server, encrypted with TLS. Example: syslog.example.org:6514.",
        private=True,
    )
    audit_certificates: str = setting(
        "",
        Kind.TEXT,
        Page.AUDIT,
        "Certificates for it",
        "File with the certificates that vouch for the server, in PEM format. Empty: those of this computer.",
        private=True,
    )
    audit_command: str = setting(
        "",
        Kind.TEXT,
        Page.AUDIT,
        "Pass to a command",
        "This command reads entries from its standard input, one JSON object per line. It is started each "
        "time there are new ones.",
        private=True,
    )
    alert_queue: int = setting(
        0,
        Kind.INTEGER,
        Page.ALERTS,
        "Recordings waiting",
        "Send an alert if more recordings than this wait. 0: never.",
        maximum=1_000_000,
        zero_is_never=True,
    )
    alert_queue_min: int = setting(
        15,
        Kind.INTEGER,
        Page.ALERTS,
        "Waiting for",
        "The alert is sent once that many recordings have waited for this long.",
        unit=Unit.MINUTES,
        maximum=1440,
    )
    alert_failures: int = setting(
        0,
        Kind.INTEGER,
        Page.ALERTS,
        "Share of failures",
        "Send an alert if this share or more of the recordings of an hour failed, from four recordings on. "
        "0: never.",
        unit=Unit.PERCENT,
        maximum=100,
        zero_is_never=True,
    )
    alert_disk_gb: float = setting(
        0.0,
        Kind.NUMBER,
        Page.ALERTS,
        "Free disk space",
        "Send an alert if less than this is free on the disk with the data folder. 0: never.",
        unit=Unit.GIGABYTES,
        maximum=100_000,
    )
    alert_restarts: int = setting(
        0,
        Kind.INTEGER,
        Page.ALERTS,
        "Workers replaced",
        "Send an alert if workers died or were stopped by force this often within an hour. 0: never.",
        maximum=1000,
        zero_is_never=True,
    )
    alert_every_min: int = setting(
        60,
        Kind.INTEGER,
        Page.ALERTS,
        "Time between alerts",
        "An alert is sent once until it is over. If it comes back, it is not sent again before this time has "
        "passed.",
        unit=Unit.MINUTES,
        minimum=1,
        maximum=10_080,
    )
    alert_notify: bool = setting(
        False,
        Kind.FLAG,
        Page.ALERTS,
        "Notification on this computer",
        "Show alerts as notifications of the desktop, while the window is open or in the tray.",
    )
    alert_name: str = setting(
        "",
        Kind.TEXT,
        Page.ALERTS,
        "Name of this computer",
        "Alerts that are sent begin with it. Otherwise they hold numbers only: never the name of a file or "
        "of a patient.",
        private=True,
    )
    alert_mail_to: str = setting(
        "",
        Kind.ADDRESSES,
        Page.ALERTS,
        "Send by e-mail to",
        "E-mail addresses, separated by commas.",
        private=True,
    )
    alert_mail_server: str = setting(
        "",
        Kind.SERVER,
        Page.ALERTS,
        "Mail server",
        "Sends the e-mail (SMTP). Example: smtp.example.org:587.",
        private=True,
    )
    alert_mail_security: str = setting(
        "starttls",
        Kind.CHOICE,
        Page.ALERTS,
        "Encryption of e-mail",
        "How the connection to the mail server is encrypted. Without encryption, the server must be on this "
        "computer.",
        choices={"starttls": "STARTTLS", "tls": "TLS", "none": "None"},
    )
    alert_mail_from: str = setting(
        "",
        Kind.ADDRESSES,
        Page.ALERTS,
        "Sender of e-mail",
        "An e-mail address. Empty: the first of the addresses above.",
        private=True,
    )
    alert_mail_user: str = setting(
        "",
        Kind.TEXT,
        Page.ALERTS,
        "Account at the mail server",
        "Its password is in the keyring (`fi-desktop alerts password`) or in the environment variable "
        "FI_DESKTOP_ALERT_PASSWORD.",
        private=True,
    )
    alert_webhook: str = setting(
        "",
        Kind.WEB_ADDRESS,
        Page.ALERTS,
        "Send to a web address",
        "Alerts are sent there as JSON. It must begin with https://, unless it is on this computer.",
        private=True,
    )
    alert_certificates: str = setting(
        "",
        Kind.TEXT,
        Page.ALERTS,
        "Certificates for alerts",
        "File with the certificates that vouch for mail server and web address, in PEM format. Empty: those "
        "of this computer.",
        private=True,
    )
    alert_command: str = setting(
        "",
        Kind.TEXT,
        Page.ALERTS,
        "Pass alerts to a command",
        "This command reads an alert from its standard input, as a JSON object.",
        private=True,
    )
    overridden: frozenset[str] = field(default=frozenset(), compare=False)
    more_models: tuple[Path, ...] = field(default=(), compare=False)
    policy: Policy = field(default=NO_POLICY, compare=False)

    @property
    def job_options(self) -> JobOptions:
        """Options of a job for which nothing else is chosen."""
        return JobOptions(
            speakers=SpeakerCount.parse(self.speakers),
            engine=self.engine,
            language=parse_languages(self.spoken_language),
            transcriber=self.transcriber,
            vocabulary=self.vocabulary,
            vocabulary_lists=self.vocabulary_lists,
            numbers=NumberStyle(self.numbers),
        )

    @property
    def store(self) -> Path:
        """Folder of the queue."""
        return self.home / "store"

    @property
    def jobs(self) -> Path:
        """Folder of the jobs' files."""
        return self.home / "jobs"

    @property
    def keys(self) -> Path:
        """Folder of the keys of sealed data: not in the home, so that copies of that do not contain it."""
        return keys_folder(self.home)

    @property
    def audit(self) -> Path:
        """Folder of the audit trail."""
        return self.home / "audit"

    @property
    def locked(self) -> Path:
        """A file that exists while the program is locked, also when it is not open."""
        return self.home / "locked"

    @property
    def logs(self) -> Path:
        """Folder of the log."""
        return self.home / "logs"

    @property
    def history(self) -> Path:
        """File with the history of workers and queue."""
        return self.home / "history.jsonl"

    @property
    def models(self) -> Path:
        """Folder of installed model packs."""
        return self.home / "models"

    @property
    def model_roots(self) -> tuple[Path, ...]:
        """Folders with models in order of preference: bundled, installed, additional."""
        return (resource("models"), self.models, *self.more_models)

    @property
    def template_roots(self) -> tuple[Path, Path]:
        """Folders with templates: those that come with the program, and this clinic's."""
        return (resource("templates"), self.home / "templates")

    @property
    def vocabulary_roots(self) -> tuple[Path, ...]:
        """Folders with vocabulary lists: bundled, and this clinic's."""
        return (resource("vocabulary"), self.home / "vocabulary")


SPECS: dict[str, SettingSpec] = specs_of(Settings)
"""All settings by name, in the order of the dialog and the documentation."""
PRIVATE = frozenset(name for name, spec in SPECS.items() if spec.private)
"""Settings that are sealed in a sealed home."""


def sentences() -> list[str]:
    """Return the English source strings of all settings and pages, to translate in `CONTEXT`."""
    texts = [page.value for page in Page] + [unit.value for unit in Unit if unit.value]
    return list(dict.fromkeys(texts + [text for spec in SPECS.values() for text in spec.sentences]))
