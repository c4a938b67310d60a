"""Tags within tags of a PDF, such as cells of a table, which fpdf2 cannot write (ISO 32000-1, 14.7)."""

from __future__ import annotations

from typing import Any

from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFArray

_SCOPES = {"TH": "/Column"}


class TagElement(StructElem):
    """A tag that contains others.

    Attributes:
        a: its attributes, as they are written; None for none.
    """

    a: str | None = None


class TagTree(StructureTreeBuilder):
    """The tags of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.doc_struct_elem.k = _Elements(self.doc_struct_elem)

    def begin(self, kind: str, page: int, parent: StructElem | None = None) -> TagElement:
        """Add a tag that contains others, such as "Table" or "TR"; parent: what contains it."""
        tag = TagElement(f"/{kind}", self.doc_struct_elem, [], page_number=page)
        if kind in _SCOPES:
            tag.a = f"<</O /Table /Scope {_SCOPES[kind]}>>"
        self.doc_struct_elem.k.append(tag)
        self._put(tag, parent)
        return tag

    def add(self, kind: str, page: int, mcid: int, parent: StructElem | None = None) -> int:
        """Add a tag of what is drawn; return the page's key in the tree of parents."""
        tag, parents = self.add_marked_content(page, f"/{kind}", mcid)
        self._put(tag, parent)
        return parents

    def _put(self, tag: StructElem, parent: StructElem | None) -> None:
        if parent is not None:
            tag.p = parent
            parent.k.append(tag)


class _Elements(PDFArray):
    """All tags of a document, so that fpdf2 writes them; it contains only those that are in no other one."""

    def __init__(self, document: StructElem) -> None:
        super().__init__()
        self._document = document

    def serialize(self, _security_handler: Any = None, _obj_id: int | None = None) -> str:
        """Return the references to what the document contains."""
        inside = PDFArray(tag for tag in self if tag.p is self._document)
        return inside.serialize(_security_handler, _obj_id)
