"""Addresses, e-mail and links as they are said.

"calle Pino Suárez número doce", "1420 North Maple Street", "ruiz arroba gmail punto com".
"""

from __future__ import annotations

from collections.abc import Iterator

from fi_desktop.core.numerals import word_list
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind
from fi_desktop.exporters.deidentified.name_lists import NameLists
from fi_desktop.exporters.deidentified.spoken_text import Stream

_STREETS = frozenset(
    word_list(
        "calle avenida av ave avda calzada privada callejon boulevard bulevar blvd circuito andador "
        "prolongacion cerrada carretera autopista paseo plaza glorieta retorno camino"
    )
)
_QUARTERS = frozenset(
    word_list(
        "colonia col fraccionamiento barrio unidad habitacional manzana mza lote municipio alcaldia "
        "delegacion ejido rancho urbanizacion residencial pueblo ranchería rancheria localidad"
    )
)
_STREET_TYPES = frozenset(
    word_list(
        "street st avenue ave road rd drive lane ln boulevard blvd court ct way terrace circle parkway pkwy "
        "highway hwy square trail turnpike"
    )
)
_PARTS = frozenset(
    word_list(
        "numero num no interior int exterior ext departamento depto dpto piso puerta edificio torre casa "
        "apartment apt suite unit number bloque escalera letra local"
    )
)
_BOXES = (("p", "o", "box"), ("po", "box"), ("apartado", "postal"))
_JOINED = frozenset(word_list("de del la las los el y"))
_DOTS = frozenset(("punto", "dot"))
_LINKS = _DOTS | frozenset(word_list("guion bajo underscore dash hyphen medio"))
_AT = frozenset(("arroba",))
_TOPS = frozenset(word_list("com mx es org net edu gob gov info io us"))
_WORDS_OF_STREET = 6
_POSTAL_DIGITS = 5


def find_postal_codes(stream: Stream) -> Iterator[Identifier]:
    """Return five digits after a place or an address that was found: "Silverton, Oregon 97381"."""
    for at, token in enumerate(stream.tokens):
        if len(token.key) == _POSTAL_DIGITS and token.key.isdecimal() and not token.taken and at:
            before = [other.taken for other in stream.tokens[max(0, at - 2) : at]]
            near = all(mark in " ,.\n" for mark in token.gap)
            if near and (before[-1] or (before[0] and stream.tokens[at - 1].capital)):
                yield stream.identifier(at, at + 1, IdentifierKind.ADDRESS)


def find_addresses(stream: Stream, lists: NameLists) -> Iterator[Identifier]:
    """Return addresses, and e-mail and links that are spelled in words."""
    at = 0
    while at < len(stream.tokens):
        found = (
            _spoken_email(stream, at, lists)
            or _spoken_link(stream, at)
            or _spanish(stream, at)
            or _english(stream, at)
            or _box(stream, at)
        )
        if found is None:
            at += 1
            continue
        first, last, kind = found
        yield stream.identifier(first, last, kind)
        at = last


def _spanish(stream: Stream, at: int) -> tuple[int, int, IdentifierKind] | None:
    """Read a street or quarter with its name, number, and what follows of the address."""
    key = stream.key(at)
    if key not in _STREETS and key not in _QUARTERS:
        return None
    last = _named(stream, at + 1, street=key in _STREETS)
    if last is None:
        return None
    return at, _further(stream, last), IdentifierKind.ADDRESS


def _named(stream: Stream, at: int, *, street: bool) -> int | None:
    """Return where the name of a street or quarter ends; None without one."""
    if stream.gap(at) not in (" ", ". "):
        return None
    start = at
    while at < len(stream.tokens) and at - start < _WORDS_OF_STREET:
        key, token = stream.key(at), stream.tokens[at]
        if not key or token.first or (at > start and token.gap != " "):
            break
        number = stream.number(at)
        if number is not None:
            at = number.last
            if stream.key(at) == "de" and stream.tokens[at + 1 : at + 2] and stream.gap(at + 1) == " ":
                continue  # "calle cinco de mayo"
            break
        if key in _PARTS or not (
            token.capital or key in _JOINED or key in _MONTHS_OF_STREETS or not stream.cased
        ):
            break
        at += 1
    while at > start and stream.key(at - 1) in _JOINED:
        at -= 1
    if at > start:
        return at
    # "calle pino suárez número doce": in lower case, with a number soon
    if street:
        for after in range(start + 1, start + 5):
            if stream.key(after) in ("numero", "num") and stream.number(after + 1) is not None:
                return after
            if not stream.key(after) or stream.gap(after) != " ":
                break
    return None


_MONTHS_OF_STREETS = frozenset(("mayo", "septiembre", "febrero", "noviembre", "abril", "diciembre"))


def _further(stream: Stream, at: int) -> int:
    """Return where an address ends that goes on with numbers, floors and quarters."""
    while at < len(stream.tokens) and stream.gap(at) in (" ", ", ", ". ", " #", " #"):
        key = stream.key(at)
        number = stream.number(at)
        if number is not None and stream.gap(at) != ". ":
            at = number.last
        elif key in _PARTS and stream.number(at + 1) is not None:
            found = stream.number(at + 1)
            at = found.last if found is not None else at + 2
        elif key in _PARTS and _is_door(stream, at + 1):
            at += 2
        elif key == "c" and stream.keys(at, 2) == ("c", "p") and stream.number(at + 2) is not None:
            found = stream.number(at + 2)
            at = found.last if found is not None else at + 3
        else:
            return at
    return at


def _is_door(stream: Stream, at: int) -> bool:
    """Return whether a word can be the number of a flat: "B", "3B"."""
    key = stream.key(at)
    return key[:1].isdecimal() or (len(key) == 1 and stream.tokens[at].capital)


def _english(stream: Stream, at: int) -> tuple[int, int, IdentifierKind] | None:
    """Read "1420 North Maple Street, apartment 3"."""
    number = stream.number(at)
    first = number.last if number is not None else at
    if number is not None:
        while (more := stream.number(first)) is not None and stream.gap(first) in (" ", "-"):
            first = more.last
    last = first
    while last < len(stream.tokens) and last - first < 4:
        key, token = stream.key(last), stream.tokens[last]
        ordinal = key[:1].isdecimal() and not key.isdecimal()
        if not key or (last > first and token.gap not in (" ", ". ")):
            return None
        if key in _STREET_TYPES and last > first and (token.capital or number is not None):
            return at, _further(stream, last + 1), IdentifierKind.ADDRESS
        if not (token.capital or ordinal or (number is not None and not stream.cased)):
            return None
        if token.first and last > at:
            return None
        last += 1
    return None


def _box(stream: Stream, at: int) -> tuple[int, int, IdentifierKind] | None:
    for phrase in _BOXES:
        if stream.keys(at, len(phrase)) == phrase:
            number = stream.number(at + len(phrase))
            if number is not None:
                return at, number.last, IdentifierKind.ADDRESS
    return None


def _spoken_email(stream: Stream, at: int, lists: NameLists) -> tuple[int, int, IdentifierKind] | None:
    """Read "maria punto ruiz arroba gmail punto com", "ruiz at gmail dot com"."""
    key = stream.key(at)
    if key not in _AT and not (key == "at" and stream.key(at + 2) == "dot"):
        return None
    last = _domain(stream, at + 1)
    first = _local_part(stream, at, lists)
    return (first, last, IdentifierKind.EMAIL) if last > at + 1 and first < at else None


def _local_part(stream: Stream, at: int, lists: NameLists) -> int:
    first = at - 1
    if first < 0 or not stream.key(first):
        return at
    first = _number_before(stream, at) or first
    segment = stream.tokens[at].place.segment
    while first > 0 and stream.tokens[first - 1].place.segment == segment:
        before = stream.key(first - 1)
        piece = before in _LINKS or (stream.key(first) in _LINKS and before != "")
        number = _number_before(stream, first)
        if number is not None:
            first = number
        elif piece or (before and _belongs(stream, first - 1, lists)):
            first -= 1
        else:
            break
    return first


def _number_before(stream: Stream, at: int) -> int | None:
    """Return where a number starts that ends before a word: "noventa y uno"."""
    for start in range(max(0, at - 4), at):
        number = stream.number(start)
        if number is not None and number.last == at:
            return start
    return None


def _belongs(stream: Stream, at: int, lists: NameLists) -> bool:
    key = stream.key(at)
    return (len(key) == 1 and key not in "aeoy") or stream.number(at) is not None or lists.known(key)


def _domain(stream: Stream, at: int) -> int:
    """Return where "gmail punto com punto mx" ends."""
    if not stream.key(at):
        return at
    last = at + 1
    while stream.key(last) in _DOTS and stream.key(last + 1):
        last += 2
    return last


def _spoken_link(stream: Stream, at: int) -> tuple[int, int, IdentifierKind] | None:
    """Read "www punto clinica punto com" and "clinica punto com"."""
    if not stream.key(at) or stream.key(at) in _DOTS:
        return None
    last = _domain(stream, at)
    return (at, last, IdentifierKind.LINK) if last > at + 1 and stream.key(last - 1) in _TOPS else None
