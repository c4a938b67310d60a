"""The machine's policy: which values of settings a person may choose.

A `Rule` fixes a setting, or gives it a floor, a ceiling or a list of values. It is applied through the
setting's `SettingSpec`: what a rule allows is another, narrower spec, by which values are parsed and shown as
by any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.settings.spec import Kind, SettingSpec

_NUMBERS = (Kind.INTEGER, Kind.NUMBER, Kind.NUMBERS)
_TEXTS = (Kind.CHOICE, Kind.ENGINE, Kind.TRANSCRIBER, Kind.LANGUAGE, Kind.FOLDER, Kind.TEMPLATE)
_KEYS = {"fixed", "min", "max", "only"}


@dataclass(frozen=True, slots=True)
class Rule:
    """What the policy says of one setting. Without `fixed`, a person chooses within the rest.

    Attributes:
        fixed: the value; None if it is not fixed.
        minimum, maximum: of a number; None: as the setting's own.
        only: the values that may be chosen, or the formats; empty: all.
    """

    fixed: Any = None
    minimum: float | None = None
    maximum: float | None = None
    only: tuple[Any, ...] = ()

    @classmethod
    def of(cls, spec: SettingSpec, data: Any) -> Rule:
        """Read a rule of the file.

        Raises:
            UserError: its values are not valid for the setting.
            KeyError, TypeError, ValueError: it is no rule for this kind of setting.
        """
        if not isinstance(data, dict) or not data or not data.keys() <= _KEYS:
            raise ValueError("no rule")
        if "fixed" in data:
            if len(data) > 1:
                raise ValueError("fixed, and more")
            return cls(fixed=spec.parse(data["fixed"]))
        if "only" in data:
            if spec.kind not in (*_TEXTS, Kind.FORMATS) or len(data) > 1 or not data["only"]:
                raise ValueError("no list of values")
            each = ([value] if spec.kind is Kind.FORMATS else value for value in data["only"])
            parsed = [spec.parse(value) for value in each]
            return cls(only=tuple(value[0] if spec.kind is Kind.FORMATS else value for value in parsed))
        if spec.kind not in _NUMBERS:
            raise ValueError("not a number")
        least, most = (_bound(spec, data.get(key)) for key in ("min", "max"))
        if least is not None and most is not None and least > most:
            raise ValueError("the floor is above the ceiling")
        return cls(minimum=least, maximum=most)

    def narrowed(self, spec: SettingSpec) -> SettingSpec:
        """Return the spec of what the rule allows, with the default nearest to the setting's own."""
        least = max(spec.minimum, self.minimum or 0.0)
        most = spec.maximum if self.maximum is None else min(spec.maximum, self.maximum)
        zero = spec.zero_allowed and self.minimum is None
        if spec.zero_is_never:  # longer than any number: no floor is above it, and every ceiling below
            zero = self.maximum is None
            least = least if zero else max(least, 1.0)
        choices = {
            value: label for value, label in spec.choices.items() if not self.only or value in self.only
        }
        default = self.nearest(spec, spec.default)
        return replace(spec, default=default, minimum=least, maximum=most, zero_allowed=zero, choices=choices)

    def nearest(self, spec: SettingSpec, value: Any) -> Any:
        """Return the allowed value that is nearest to another one."""
        if self.fixed is not None:
            return self.fixed
        if spec.kind is Kind.NUMBERS:
            return tuple(self._nearest_number(spec, number) for number in value)
        if spec.kind in _NUMBERS:
            return type(value)(self._nearest_number(spec, value))
        if self.only and spec.kind is Kind.FORMATS:
            return tuple(format for format in value if format in self.only) or self.only
        if self.only and value not in self.only:
            return spec.default if spec.default in self.only else self.only[0]
        return value

    def check(self, spec: SettingSpec, value: Any) -> None:
        """Refuse a parsed value that the rule does not allow.

        Raises:
            UserError: the sentence names the setting and what is allowed.
        """
        nearest = self.nearest(spec, value)
        if nearest == value:
            return
        if self.fixed is not None:
            raise UserError(messages.SETTINGS_POLICY_FIXED, name=spec.name)
        if self.only:
            raise UserError(messages.SETTINGS_POLICY_ONLY, name=spec.name, choices=", ".join(self.only))
        if self.minimum is not None and self.maximum is not None:
            least, most = f"{self.minimum:g}", f"{self.maximum:g}"
            raise UserError(messages.SETTINGS_POLICY_RANGE, name=spec.name, least=least, most=most)
        if self.minimum is not None:
            raise UserError(messages.SETTINGS_POLICY_LEAST, name=spec.name, least=f"{self.minimum:g}")
        raise UserError(messages.SETTINGS_POLICY_MOST, name=spec.name, most=f"{self.maximum:g}")

    def _nearest_number(self, spec: SettingSpec, number: float) -> float:
        if spec.zero_is_never and number == 0:
            return number if self.maximum is None else self.maximum
        if self.minimum is not None:
            number = max(number, self.minimum)
        return number if self.maximum is None else min(number, self.maximum)


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of this machine; none if it has no policy.

    Attributes:
        rules: by name of the setting.
        sha256: of the file; "" without one.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    sha256: str = ""

    def fixes(self, name: str) -> bool:
        """Whether a setting cannot be changed."""
        return name in self.rules and self.rules[name].fixed is not None

    def spec(self, spec: SettingSpec) -> SettingSpec:
        """Return the spec of what may be chosen."""
        rule = self.rules.get(spec.name)
        return spec if rule is None else rule.narrowed(spec)

    def nearest(self, specs: Mapping[str, SettingSpec], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ruled settings among `values` at the nearest values that are allowed."""
        return {
            name: rule.nearest(specs[name], values[name])
            for name, rule in self.rules.items()
            if name in values
        }

    def check(self, specs: Mapping[str, SettingSpec], values: Mapping[str, Any]) -> None:
        """Refuse parsed values that are not allowed.

        Raises:
            UserError: see `Rule.check`.
        """
        for name, value in values.items():
            if name in self.rules:
                self.rules[name].check(specs[name], value)


NO_POLICY = Policy()


def _bound(spec: SettingSpec, value: Any) -> float | None:
    """Return a floor or a ceiling; None if it is not given."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    if value == 0 and spec.zero_is_never:
        raise ValueError("0 stands for never, which is no bound")
    parsed = spec.parse([value] if spec.kind is Kind.NUMBERS else value)
    return float(parsed[0] if spec.kind is Kind.NUMBERS else parsed)
