"""Which setting stands on which page of the dialog."""

from __future__ import annotations

from enum import Enum, auto


class Page(Enum):
    """A page of the dialog."""

    GENERAL = auto()
    RECORDINGS = auto()
    WORKERS = auto()
    RETRIES = auto()
    STORAGE = auto()
    MODELS = auto()
    PRIVACY = auto()


class Deed(Enum):
    """What can be done on a page, besides settings."""

    SHOW_FOLDER = auto()
    OPEN_WATCHED = auto()
    OPEN_MODELS = auto()
    SET_PIN = auto()


SETTINGS = {
    Page.GENERAL: ("theme", "language"),
    Page.RECORDINGS: (
        "speakers",
        "spoken_language",
        "engine",
        "transcriber",
        "vocabulary",
    ),
    Page.WORKERS: (
        "workers",
        "soft_limit_s",
        "hard_limit_s",
        "limit_factor",
        "stuck_after_s",
        "stop_grace_s",
        "recycle_jobs",
        "recycle_mb",
    ),
    Page.RETRIES: ("retry_delays_s", "max_deliveries"),
    Page.STORAGE: ("keep_days", "keep_unseen"),
    Page.MODELS: (),
    Page.PRIVACY: ("notify", "names_in_notifications", "lock_after_min", "check_updates"),
}
DEEDS = {
    Page.RECORDINGS: (Deed.OPEN_WATCHED,),
    Page.STORAGE: (Deed.SHOW_FOLDER,),
    Page.MODELS: (Deed.OPEN_MODELS,),
    Page.PRIVACY: (Deed.SET_PIN,),
}
