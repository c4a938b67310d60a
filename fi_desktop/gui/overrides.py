"""An error in an override of a Qt method is reported, and does not end the program.

Before Python 3.12, an error that C code raises (`int("x")`, `[][1]`, an object that Qt has deleted) may leave
a function as a type and its arguments. PySide6 6.8 to 6.11 takes the arguments for the exception if Python
had called Qt, and Qt the override: a segmentation fault. Python makes the exception where it is caught.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from typing import Any

from PySide6.QtCore import QObject

_PACKAGE = "fi_desktop"


def guard_overrides() -> None:
    """Guard the overrides of all classes of the window that are defined from now on."""
    if sys.version_info < (3, 12):
        QObject.__init_subclass__ = classmethod(_guard_class)  # type: ignore[assignment,method-assign]


def _guard_class(cls: type) -> None:
    super(QObject, cls).__init_subclass__()  # type: ignore[misc] # QObject is a base of each
    if cls.__module__.split(".")[0] != _PACKAGE:
        return
    of_qt = {name for base in cls.__mro__ if base.__module__.startswith("PySide6") for name in vars(base)}
    for name, member in tuple(vars(cls).items()):
        if name in of_qt and isfunction(member) and not name.startswith("__"):
            setattr(cls, name, _guarded(member))


def _guarded(override: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(override)
    def guarded(*arguments: Any, **named: Any) -> Any:
        try:
            return override(*arguments, **named)
        except BaseException:
            raise  # as an exception: catching it has made one

    return guarded
