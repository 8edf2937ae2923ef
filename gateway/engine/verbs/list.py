"""`list`: a choice among records, of a variable or of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from gateway.engine.behaviour import Behaviour, Question
from gateway.engine.history import leave
from gateway.engine.matching import find, fold
from gateway.engine.moves import Move, Onward, Refused, Show
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.engine.session import Open
from gateway.engine.verbs.menu import always_open, open_choices
from gateway.menu.program import Choice, Expression, List, Table, Target, Text

Record = Mapping[str, object]


def reach(run: Run, step: List) -> Move:
    run.session.found = ""
    records = _records(run, step)
    if not records and isinstance(step.empty, Target):
        return step.empty
    return Show(Open.SEARCH if records and step.search is not None else Open.STEP)


def draw(run: Run, step: List) -> Screen | Move:
    drawing = Drawing(run)
    if run.session.open is Open.SEARCH and step.search is not None:
        return drawing.screen(drawing.question(step.search))
    records = _records(run, step)
    choices = open_choices(run, step.choices)
    if _blank(step, records, choices):
        if isinstance(step.empty, Target):
            return step.empty
        text = drawing.word("empty") if step.empty is None else drawing.write(step.empty)
        drawing.static = drawing.static and isinstance(step.records, Table)  # else hers alone
        return drawing.screen(text, closes=run.session.first)  # else she has back, or home
    labels = _labels(run, step, records)
    if run.session.found:
        best = find(run.session.found, [fold(label) for label in labels])
        if not best and not choices:
            return Show(Open.SEARCH)
        records, labels = [records[place] for place in best], [labels[place] for place in best]
    drawing.static = drawing.static and _of_table(step)
    return drawing.screen(
        drawing.question(step.text, step.error),
        labels=[*labels, *(drawing.write(choice.label) for choice in choices)],
        picks=[*records, *choices],
    )


def _blank(step: List, records: Sequence[Record], choices: Sequence[Choice]) -> bool:
    """Nothing to choose: choices of the menu alone stand in for `empty` where it is not said."""
    return not records and (step.empty is not None or not choices)


def pick(run: Run, step: List, chosen: Record | Choice) -> Move:
    leave(run)
    if isinstance(chosen, Choice):
        # A record and a word are two kinds of value, and a variable has one.
        run.set(step.save if step.value is not None else None, chosen.value)
        return chosen.go or Onward.BELOW
    proven = not isinstance(step.records, Table) and all(
        path[0] in run.session.proven for path in step.records.reads
    )
    value = dict(chosen) if step.value is None else chosen.get(step.value)
    run.set(step.save, value, proven=proven)
    return Onward.BELOW


def answer(run: Run, step: List, text: str) -> Move:
    if run.session.open is not Open.SEARCH:
        if _blank(step, _records(run, step), open_choices(run, step.choices)):
            return Onward.STAY
        return Refused("wrong_choice")
    letters = fold(text)
    if not letters:
        return Refused("wrong_empty")
    labels = [fold(label) for label in _labels(run, step, _records(run, step))]
    if not find(letters, labels):
        return Refused("nothing_found")
    leave(run)
    run.session.found = letters
    return Show()


def _records(run: Run, step: List) -> Sequence[Record]:
    if isinstance(step.records, Table):
        records: Sequence[Record] = step.records.rows
    else:
        found = step.records.evaluate(run.scope)
        found = found if isinstance(found, list) else []
        records = [record for record in found if isinstance(record, Mapping)]
    where = step.where
    if where is None:
        return records
    values = run.values
    return [record for record in records if where.evaluate(run.scope_of({**values, **record}))]


def _labels(run: Run, step: List, records: Sequence[Record]) -> Sequence[str]:
    code, gsm = run.language.code, Drawing(run).gsm
    values = run.values
    return [
        step.item.render(code, run.scope_of({**values, **record}), gsm=gsm).strip()
        for record in records
    ]


def _of_table(step: List) -> bool:
    """Whether nothing but the cells of a table is written on the list."""
    return isinstance(step.records, Table) and _reads(step.item) <= frozenset(step.records.fields)


@lru_cache(1024)
def _reads(text: Text) -> frozenset[str]:
    return frozenset(
        path[0]
        for variant in text.variants.values()
        for template in (*variant.forms, *(variant.gsm or ()))
        for piece in template
        if isinstance(piece, Expression)
        for path in piece.reads
    )


def still(step: List) -> bool:
    return step.where is None and step.search is None and always_open(step.choices)


behaviour = Behaviour(
    reach, Question(draw=draw, pick=pick, answer=answer, still=still, anywhere=True)
)
