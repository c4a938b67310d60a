"""The tables that `words.py` prints, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

from tests.bench import word_scores
from tests.bench.word_scores import Answer, Reference, Scored
from tests.real.wording import Errors

NAMES = {
    "ours": "ours",
    "job": "ours, the whole job",
    "plain": "`WhisperModel`",
    "batched": "`BatchedInferencePipeline`",
}

Answers = Mapping[str, Mapping[str, Answer]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A recording and what is said in it, nothing in "silence"."""

    path: Path
    kind: str
    half: str
    reference: Reference

    @property
    def language(self) -> str | None:
        """The language to give; None in recordings in two languages or none."""
        language: str | None = self.reference.get("language")
        return language


def line(piece: Piece, way: str, answer: Answer) -> str:
    """Return one recording's result."""
    cpu_s = sum(answer["cpu_s"].values())
    name = f"{piece.half}/{piece.path.stem}"
    if piece.kind == "silence":
        result = f"invented {len(answer['words'])}: {' '.join(w['text'] for w in answer['words'])[:60]}"
    elif piece.language is None:
        found = word_scores.stretches(piece.reference, answer)
        right = sum(each.said_in == each.heard_in for each in found)
        result = f"{right} of {len(found)} stretches, {word_scores.both_languages(piece.reference, answer)}"
    else:
        result = str(word_scores.score(piece.reference, answer, piece.language).errors)
    return f"{name:32} {way:8} {result}  CPU {cpu_s:.1f} s"


def tables(chosen: Sequence[Piece], answers: Answers) -> Iterator[str]:
    """Yield the tables that the recordings allow."""
    spoken = [piece for piece in chosen if piece.language]
    scored = {
        (way, str(piece.path)): word_scores.score(piece.reference, by_path[str(piece.path)], piece.language)
        for way, by_path in answers.items()
        for piece in spoken
        if piece.language
    }
    ways = list(answers)
    if spoken:
        yield _errors(spoken, scored, ways)
        yield _doubt(spoken, scored)
    if silent := [piece for piece in chosen if piece.kind == "silence"]:
        yield _invented(silent, answers)
    if both := [piece for piece in chosen if piece.kind == "bilingual"]:
        yield _bilingual(both, answers)
    yield _cost(chosen, answers)


def _errors(spoken: Sequence[Piece], scored: Mapping[tuple[str, str], Scored], ways: Sequence[str]) -> str:
    rows = []
    groups: dict[tuple[str, str, str], list[Piece]] = {}
    for piece in spoken:
        for kind in (piece.kind, "all"):
            groups.setdefault((piece.half, str(piece.language), kind), []).append(piece)
    for (half, language, kind), members in sorted(groups.items()):
        minutes = sum(piece.reference["seconds"] for piece in members) / 60
        real = sum(piece.reference["seconds"] for piece in members if piece.reference["real"]) / 60
        cells = [half, language, kind, f"{minutes:.1f} ({real:.1f})"]
        total = [reduce(add, (scored[way, str(piece.path)].errors for piece in members)) for way in ways]
        cells += [str(total[0].said), *(_rate(each) for each in total)]
        if "ours" in ways and len(ways) > 1:
            mine = total[ways.index("ours")]
            others = [each for way, each in zip(ways, total, strict=True) if way != "ours"]
            good = mine.rate <= min(each.rate for each in others)
            kept = mine.deletions <= min(each.deletions for each in others)
            cells.append(f"{'yes' if good else 'no'}, {'yes' if kept else 'no'}")
        rows.append(cells)
    head = ["Half", "Language", "Kind", "Minutes (real)", "Words", *(NAMES[way] for way in ways)]
    if "ours" in ways and len(ways) > 1:
        head.append("Goal: WER, deletions")
    return table(head, rows)


def _rate(errors: Errors) -> str:
    return f"{100 * errors.rate:.2f} % ({errors.substitutions}/**{errors.deletions}**/{errors.insertions})"


def _doubt(spoken: Sequence[Piece], scored: Mapping[tuple[str, str], Scored]) -> str:
    rows = []
    for half in dict.fromkeys(piece.half for piece in spoken):
        for language in sorted({str(piece.language) for piece in spoken}):
            found = [
                scored["ours", str(piece.path)]
                for piece in spoken
                if (piece.half, piece.language) == (half, language) and ("ours", str(piece.path)) in scored
            ]
            marks = [mark for each in found for mark in each.marks]
            if not marks:
                continue
            passages = [passage for each in found for passage in each.passages]
            marked = [wrong for mark, wrong in marks if mark]
            wrong = [mark for mark, is_wrong in marks if is_wrong]
            rows.append(
                [
                    half,
                    language,
                    f"{len(marked)} of {len(marks)} ({_percent(len(marked), len(marks))})",
                    _percent(sum(marked), len(marked)),
                    f"{_percent(sum(wrong), len(wrong))} of {len(wrong)}",
                    f"{sum(passage.told for passage in passages)} of {len(passages)}",
                    str(sum(each.needless for each in found)),
                ]
            )
    head = ["Half", "Language", "Words marked", "Precision", "Recall of wrong words"]
    return table([*head, "Missing passages of 2 s said to be", "Passages marked needlessly"], rows)


def _invented(silent: Sequence[Piece], answers: Answers) -> str:
    rows = []
    for way, by_path in answers.items():
        counts = {piece.path.stem: len(by_path[str(piece.path)]["words"]) for piece in silent}
        files = ", ".join(name for name, count in counts.items() if count)
        rows.append([NAMES[way], str(sum(counts.values())), f"{sum(map(bool, counts.values()))}", files])
    return table(["", f"Words invented in {len(silent)} files", "Files with words", "Which"], rows)


def _bilingual(both: Sequence[Piece], answers: Answers) -> str:
    rows = []
    for half in dict.fromkeys(piece.half for piece in both):
        members = [piece for piece in both if piece.half == half]
        for kind in (*dict.fromkeys(piece.reference["kind"] for piece in members), "all"):
            chosen = [piece for piece in members if kind in ("all", piece.reference["kind"])]
            for way, by_path in answers.items():
                pairs = [(piece.reference, by_path[str(piece.path)]) for piece in chosen]
                found = [each for pair in pairs for each in word_scores.stretches(*pair)]
                errors = reduce(add, (word_scores.both_languages(*pair) for pair in pairs))
                rows.append(
                    [
                        half,
                        kind,
                        NAMES[way],
                        f"{sum(each.said_in == each.heard_in for each in found)} of {len(found)}",
                        str(sum(each.translated for each in found)),
                        str(sum(not each.words for each in found)),
                        _percent(sum(each.labelled for each in found), sum(each.words for each in found)),
                        _rate(errors),
                    ]
                )
    return table(
        [
            "Half",
            "Kind",
            "",
            "Stretches in their language",
            "In the other",
            "Empty",
            "Words labelled rightly",
            "WER",
        ],
        rows,
    )


def _cost(chosen: Sequence[Piece], answers: Answers) -> str:
    rows = []
    seconds = sum(piece.reference.get("seconds", 0.0) for piece in chosen)
    for way, by_path in answers.items():
        found = list(by_path.values())
        stages = {stage for answer in found for stage in answer["cpu_s"]}
        by_stage = {
            stage: sum(answer["cpu_s"].get(stage, 0.0) for answer in found) for stage in sorted(stages)
        }
        peak = max(answer["peak_bytes"] for answer in found) / 1e6
        rows.append(
            [
                NAMES[way],
                ", ".join(f"{stage} {cpu_s:.0f} s" for stage, cpu_s in by_stage.items()),
                f"{sum(by_stage.values()) / max(seconds, 1.0):.3f}",
                f"{peak:.0f} MB",
            ]
        )
    return table(["", f"CPU for {seconds / 60:.0f} minutes of speech", "Per second", "Peak memory"], rows)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines)
