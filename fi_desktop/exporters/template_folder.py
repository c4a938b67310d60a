"""The folders of templates: those that come with the program, and a clinic's own, which come first.

A template is a file `NAME.toml`; its name is how people and programs choose it. A clinic's file replaces a
built-in one of the same name, even if it cannot be used: nobody gets another layout without knowing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note, system_reason
from fi_desktop.core.text import one_line
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable, file_key, stem_by, under_stem
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.exporters.template import PLAIN, DocumentTemplate, in_language
from fi_desktop.exporters.template_text import LARGEST_BYTES, template_of
from fi_desktop.system.files import write_whole

_ENDING = ".toml"
_MOST = 100  # files in a clinic's folder


@dataclass(frozen=True, slots=True)
class FoundTemplate:
    """A template's file.

    Attributes:
        name: what it is chosen by.
        file: where it is.
        own: it is the clinic's.
        template: what it contains; None if it cannot be used.
        problem: why it cannot be used: template.refused.
    """

    name: str
    file: Path
    own: bool
    template: DocumentTemplate | None = None
    problem: UserError | None = None

    def title(self, language: str) -> str:
        """Return what people call it in a language, ISO 639-1."""
        names = self.template.name if self.template is not None else {}
        return " ".join(in_language(names, language)) or self.name


def found_templates(roots: Sequence[Path]) -> tuple[FoundTemplate, ...]:
    """Return all templates, those that come with the program first.

    Args:
        roots: the folder of the built-in ones, and the clinic's.

    Raises:
        UserError: template.folder, if the clinic's cannot be listed.
    """
    built_in, own = (_files(root) for root in roots)
    keys = Counter(file_key(file.stem) for file in own)
    kept = [file for file in built_in if file_key(file.stem) not in keys]
    found = [_found(file, own=False) for file in kept]
    for file in own:
        one = _found(file, own=True)
        if not file.name.isprintable():
            one = _refused(one, messages.TEMPLATE_BAD_FILE())
        elif len(own) > _MOST:
            one = _refused(one, messages.TEMPLATE_TOO_MANY(most=_MOST))
        elif keys[file_key(file.stem)] > 1:
            other = next(each for each in own if each != file and file_key(each.stem) == file_key(file.stem))
            one = _refused(one, messages.TEMPLATE_SAME_FILE(other=other.name))
        elif one.template is not None and (alike := _called_alike(one, found)) is not None:
            one = _refused(one, messages.TEMPLATE_SAME_TITLE(other=alike.file.name))
        found.append(one)
    return tuple(found)


def read_template(name: str, roots: Sequence[Path]) -> DocumentTemplate:
    """Return a template by its name.

    Raises:
        UserError: it does not exist or cannot be used; the sentence names the file, and line or key.
    """
    found = found_templates(roots)
    for one in found:
        if file_key(one.name) == file_key(name):
            if one.problem is not None:
                raise one.problem
            return one.template or PLAIN
    known = ", ".join(one.name for one in found if one.problem is None)
    raise UserError(messages.TEMPLATE_UNKNOWN, name=one_line(name), known=known)


def checked_file(file: Path) -> DocumentTemplate:
    """Return the template in a file, wherever it is.

    Raises:
        UserError: template.refused.
    """
    try:
        with file.open("rb") as opened:
            return template_of(opened.read(LARGEST_BYTES + 1))
    except OSError as error:
        reason: Note = messages.TEMPLATE_UNREADABLE(reason=system_reason(error))
    except UserError as error:
        reason = error.note
    raise UserError(messages.TEMPLATE_REFUSED, file=one_line(file.name), reason=reason)


def copy_built_in(roots: Sequence[Path]) -> Path:
    """Put copies of the built-in templates into the clinic's folder, for it to change; return the folder.

    Files that are there stay as they are.

    Raises:
        UserError: template.folder, if the folder refuses files.
        TransientError: the disk is full.
    """
    built_in, own = roots
    try:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = {file_key(file.stem) for file in _files(own)}
        for file in _files(built_in):
            if file_key(file.stem) not in there:
                write_whole(own / file.name, file.read_bytes())
    except OSError as error:
        raise UserError(messages.TEMPLATE_FOLDER, reason=system_reason(error)) from None
    return own


def by_template(
    name: str, roots: Sequence[Path], results: Sequence[Exportable], options: ExportOptions
) -> tuple[tuple[Exportable, ...], ExportOptions]:
    """Return results under a template's names, and how they are written; as they are, if `name` is "".

    Raises:
        UserError: the template cannot be used, see `read_template`.
    """
    if not name:
        return tuple(results), options
    options = replace(options, template=read_template(name, roots))
    return _named(results, options), options


def _named(results: Iterable[Exportable], options: ExportOptions) -> tuple[Exportable, ...]:
    """Return results under the names that the options' template gives to files.

    A result that cannot be read keeps its name: what exports it reports it.
    """
    template = options.template.file_name
    if not template:
        return tuple(results)
    named = []
    for result in results:
        try:
            stem = stem_by(template, result, result.read(), options)
        except (OSError, ValueError, KeyError):
            named.append(result)
        else:
            named.append(under_stem(result, stem))
    return tuple(named)


def _files(root: Path) -> list[Path]:
    try:
        return sorted(file for file in root.iterdir() if file.suffix.lower() == _ENDING and file.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UserError(messages.TEMPLATE_FOLDER, reason=system_reason(error)) from None


def _found(file: Path, *, own: bool) -> FoundTemplate:
    one = FoundTemplate(file.stem, file, own)
    try:
        return replace(one, template=checked_file(file))
    except UserError as error:
        return replace(one, problem=error)


def _refused(one: FoundTemplate, reason: Note) -> FoundTemplate:
    problem = UserError(messages.TEMPLATE_REFUSED, file=one_line(one.file.name), reason=reason)
    return replace(one, template=None, problem=problem)


def _called_alike(one: FoundTemplate, others: Iterable[FoundTemplate]) -> FoundTemplate | None:
    """Return another template that people call the same in some language."""
    titles = _titles(one)
    return next((other for other in others if other.template and titles & _titles(other)), None)


def _titles(one: FoundTemplate) -> set[tuple[str, str]]:
    return {(language, file_key(one.title(language))) for language in LABELS}
