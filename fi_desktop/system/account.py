"""The system's account: whose edits these are."""

from __future__ import annotations

import getpass
import sys


def account_name() -> str:
    """Return the full name of the account, or else its login name; "" if neither is known."""
    try:
        login = getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
    return _full_name(login) or login


def _full_name(login: str) -> str:
    if sys.platform == "win32":
        return ""
    import pwd

    try:
        described = pwd.getpwnam(login).pw_gecos
    except KeyError:
        return ""
    # "Full Name,office,phone"; "&" stands for the login name
    return described.split(",")[0].replace("&", login.capitalize()).strip()
