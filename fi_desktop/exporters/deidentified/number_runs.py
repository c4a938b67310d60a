"""Numbers that identify: phones, records, accounts and ages over 89, in digits or in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from fi_desktop.core.numerals import word_list
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind
from fi_desktop.exporters.deidentified.spoken_text import Number, Stream, phrases
from fi_desktop.exporters.deidentified.written_patterns import is_dni, is_luhn

_REACH = 7  # words between what a number is and the number
_ENOUGH = 7  # digits that identify even if nobody says what they are
_PHONE_DIGITS = range(7, 14)
_CARD_DIGITS = range(13, 20)
_OLDEST_TOLD = 89  # HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)(C)
_OLDEST = 125
_BETWEEN = re.compile(r"[\s\-.,/()+#–]*")
_DECIMALS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_JOINTS = frozenset(
    word_list(
        "guion dash hyphen punto dot diagonal slash espacio space y and eh este um uh mmm luego then ext "
        "extension mas plus area code lada"
    )
)
_TWICE = {"doble": 2, "double": 2, "triple": 3}
_UNITS = frozenset(
    word_list(
        "mg miligramos milligrams mcg microgramos micrograms g gramos grams kg kilos kilogramos kilograms "
        "ml mililitros milliliters cc litros liters cm centimetros centimeters mm milimetros millimeters "
        "metros meters unidades units gotas drops tabletas tablets pastillas pills capsulas capsules dias "
        "days semanas weeks meses months horas hours minutos minutes segundos seconds anos years veces "
        "times pesos dolares dollars euros porciento percent grados degrees libras pounds latidos beats "
        "respiraciones breaths milimol mmol calorias calories pasos steps"
    )
)
_MEASURED = frozenset(
    word_list(
        "glucosa glucosas azucar azucares presion tension saturacion oxigeno peso pesa temperatura "
        "frecuencia plaquetas leucocitos colesterol trigliceridos hemoglobina creatinina glicemia glucemia "
        "pulso glucose sugar sugars pressure saturation oxygen weight temperature rate platelets count "
        "cholesterol triglycerides hemoglobin creatinine pulse readings lecturas mediciones dosis dose "
        "serie backwards reves restar restando subtract"
    )
)


# what says that a number identifies, by kind; and how many digits it then needs
_CUES: tuple[tuple[IdentifierKind, int, tuple[tuple[str, ...], ...]], ...] = (
    (
        IdentifierKind.PHONE,
        5,
        phrases(
            "telefono, telefonos, celular, cel, movil, whatsapp, fax, marcar al, marque al, llamar al, "
            "llamarme al, llamame al, llamarle al, llame al, mi numero es, phone, cell, mobile, telephone, "
            "call me at, call her at, call him at, call us at, reach me at, reached at, my number is, text "
            "me at, pager, lada, area code"
        ),
    ),
    (
        IdentifierKind.ACCOUNT,
        4,
        phrases(
            "numero de cuenta, cuenta bancaria, cuenta numero, tarjeta, clabe, iban, account number, "
            "account, credit card, debit card, card number, routing number, card ending"
        ),
    ),
    (
        IdentifierKind.ID,
        3,
        phrases(
            "expediente, historia clinica numero, numero de historia, seguro social, seguridad social, nss, "
            "curp, rfc, dni, nie, poliza, folio, afiliacion, afiliado, cedula, matricula, pasaporte, "
            "licencia, credencial, clave, codigo, ine, tarjeta sanitaria, numero de serie, numero de "
            "paciente, numero de identificacion, nip, placa, placas, termina en, terminan en, terminacion, "
            "ultimos cuatro, ultimos digitos, social security, social, ssn, mrn, record number, medical "
            "record, chart number, policy, policy number, member id, member number, group, group number, id "
            "number, license, license number, licence, passport, case number, claim number, serial number, "
            "plate, plates, license plate, patient number, last four, ending in, ends in, confirmation "
            "number, reference number, pin, dea, npi, medicare number, medicaid number, wristband, record"
        ),
    ),
    (
        IdentifierKind.ADDRESS,
        4,
        phrases("codigo postal, c p, cp, zip, zip code, zipcode, postal code, postcode"),
    ),
)
_AGE_UNITS = frozenset(("anos", "anitos", "years", "year"))
_AGE_BEFORE = phrases(
    "tengo, tiene, cumplio, cumpli, cumple, cumplire, cumplira, edad, edad de, edad es, aged, age, "
    "age of, age is, turned, turning, turn, i m, i am, he s, she s, he is, she is, he was, she was, "
    "era de"
)
_AGE_WORDS = frozenset(
    ("turned", "turning", "cumplio", "cumple", "cumplira", "cumpli", "edad", "aged", "age")
)
_AFTER_AGE = frozenset(("but", "and", "now", "so", "or", "with", "pero", "y", "con"))
_AGE_ASKED = frozenset(("edad", "anos", "old", "age"))


def find_numbers(stream: Stream) -> Iterator[Identifier]:
    """Return ages over 89 and numbers that identify."""
    yield from _ages(stream)
    at = 0
    while at < len(stream.tokens):
        run = _run(stream, at)
        if not run:
            last = _code_end(stream, at)
            if last > at:
                yield stream.identifier(at, last, IdentifierKind.ID)
            at = max(last, at + 1)
            continue
        yield from _identified(stream, run)
        at = max(run[-1].last, at + 1)


def _run(stream: Stream, at: int) -> list[Number]:
    """Return the numbers said one after the other from a word on."""
    numbers: list[Number] = []
    while True:
        times, start = 1, at
        if stream.key(at) in _TWICE and stream.number(at + 1) is not None:
            times, start = _TWICE[stream.key(at)], at + 1
        number = stream.number(start)
        if number is None or (numbers and not _goes_on(stream, at)):
            return numbers
        numbers.append(Number(at, number.last, number.value, number.digits * times, number.spelled))
        at = number.last
        for _ in range(2):
            if stream.key(at) in _JOINTS and stream.number(at) is None:
                at += 1


def _code_end(stream: Stream, at: int) -> int:
    """Return where letters and digits end that are said to be a number: "1EG4 TE5 MK73"."""
    last = at
    while (
        last < len(stream.tokens) and _is_code(stream.key(last)) and (last == at or stream.gap(last) in " -")
    ):
        last += 1
    cue = _cue(stream, at) if last > at else None
    return last if cue is not None and cue[0] in (IdentifierKind.ID, IdentifierKind.ACCOUNT) else at


def _is_code(key: str) -> bool:
    return (
        len(key) > 2
        and not key.isalpha()
        and not key.isdecimal()
        and key[-2:] not in ("mg", "ml", "st", "nd", "th")
    )


def _goes_on(stream: Stream, at: int) -> bool:
    """Return whether a number can belong to the one before it: no new sentence starts."""
    token = stream.tokens[at]
    same_segment = token.place.segment == stream.tokens[at - 1].place.segment
    new_sentence = same_segment and token.capital and "." in token.gap
    return _BETWEEN.fullmatch(token.gap) is not None and not new_sentence


def _identified(stream: Stream, run: list[Number]) -> Iterator[Identifier]:
    first, last = run[0].first, run[-1].last
    digits = "".join(number.digits for number in run)
    cue = _cue(stream, first)
    if cue is not None:
        kind, least = cue
        first, last = _with_letters(stream, first, last)
        letters = last - run[-1].last + run[0].first - first
        if len(digits) + letters < least or (stream.key(last) in _UNITS and len(digits) < _ENOUGH):
            return
        if kind is IdentifierKind.PHONE and len(digits) not in _PHONE_DIGITS and len(digits) > 6:
            kind = IdentifierKind.ID
        yield stream.identifier(first, last, kind, digits)
        return
    if len(digits) < _ENOUGH or _is_quantity(stream, run):
        return
    kind = IdentifierKind.PHONE if len(digits) in _PHONE_DIGITS else IdentifierKind.ID
    if len(digits) in _CARD_DIGITS and is_luhn(digits):
        kind = IdentifierKind.ACCOUNT
    if is_dni(digits + stream.key(last)):
        kind = IdentifierKind.ID
    first, last = _with_letters(stream, first, last)
    yield stream.identifier(first, last, kind, digits)


def _with_letters(stream: Stream, first: int, last: int) -> tuple[int, int]:
    """Return a range with the capitals that are said with its digits: "A B 4521 X", "BKR 4471"."""
    while first > 0 and _is_letter(stream, first - 1) and not stream.ends(first):
        first -= 1
    while _is_letter(stream, last) and not stream.ends(last):
        last += 1
    return first, last


def _is_letter(stream: Stream, at: int) -> bool:
    key = stream.key(at)
    return bool(key) and key.isalpha() and len(key) < 5 and stream.tokens[at].text.isupper()


def _cue(stream: Stream, at: int) -> tuple[IdentifierKind, int] | None:
    """Return what the words before a number, or the question that it answers, say that it is."""
    said = stream.before(at, _REACH)
    best: tuple[int, IdentifierKind, int] | None = None
    for kind, least, cues in _CUES:
        for phrase in cues:
            for start in range(len(said) - len(phrase), -1, -1):
                if said[start : start + len(phrase)] == phrase:
                    end = start + len(phrase)
                    if best is None or end > best[0]:
                        best = (end, kind, least)
                    break
    if best is None or _MEASURED.intersection(said[best[0] :]):
        return None  # "the white cell count is 12,000"
    return best[1:]


def _is_quantity(stream: Stream, run: list[Number]) -> bool:
    """Return whether numbers measure or count something, so that they identify nobody."""
    if stream.key(run[-1].last) in _UNITS or _MEASURED.intersection(stream.mentioned(run[0].first, 12)):
        return True
    if len(run) == 1 or stream.key(run[-1].last - 1) in ("mil", "thousand"):
        return run[-1].spelled
    places = [stream.tokens[number.first].place for number in run]
    if places[0].segment == places[-1].segment:
        end = stream.tokens[run[-1].last - 1].place.end
        if _DECIMALS.fullmatch(stream.texts[places[0].segment][places[0].start : end]):
            return True
    steps = {after.value - before.value for before, after in pairwise(run)}
    return len(run) > 3 and len(steps) == 1  # counted, or seven subtracted again and again


def _ages(stream: Stream) -> Iterator[Identifier]:
    at = 0
    while at < len(stream.tokens):
        number = stream.number(at)
        if number is None:
            at += 1
            continue
        at = number.last
        if not _OLDEST_TOLD < number.value <= _OLDEST:
            continue
        if stream.key(number.last) in _AGE_UNITS or _is_age(stream, number):
            yield stream.identifier(number.first, number.last, IdentifierKind.AGE, str(_OLDEST_TOLD + 1))


def _is_age(stream: Stream, number: Number) -> bool:
    said = stream.before(number.first, 3)
    if said[-1:] and said[-1] in _AGE_WORDS and stream.key(number.last) not in _UNITS:
        return True
    if not stream.ends(number.last) and stream.key(number.last) not in _AFTER_AGE:
        return False
    cued = any(said[len(said) - len(phrase) :] == phrase for phrase in _AGE_BEFORE)
    return cued or bool(_AGE_ASKED.intersection(stream.answers(number.first)))
