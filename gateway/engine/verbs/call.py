"""`call`: an operation of a back end, and where each of its outcomes leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Again, Move, Onward
from gateway.engine.run import Run
from gateway.events import Answered, Json, Outcome
from gateway.menu.program import Call, Expression, Scope, Way


def reach(run: Run, step: Call) -> Move:
    # Her own number travels beside the arguments.
    arguments = [
        (name, given)
        for name, given in step.arguments
        if name != "phone" or given.reads != {("phone",)}
    ]
    plain = [(name, given) for name, given in arguments if not _reads(given, step.secrets)]
    secret = [(name, given) for name, given in arguments if _reads(given, step.secrets)]

    def settled(answered: Answered) -> Move:
        return _settled(run, step, answered)

    return run.consult(
        step,
        step.operation,
        sent(plain, run.scope),
        settled,
        phone=step.sends_phone,
        secrets=sent(secret, run.scope_of({**run.values, **run.secrets})),
        complete=not any(_lost(run, name) for name in step.secrets),
    )


def _lost(run: Run, secret: str) -> bool:
    """Whether it was given, not used yet, and is no longer there."""
    held = run.session.held.get(secret)
    return held is not None and not held.spent and secret not in run.secrets


def _reads(given: Expression, names: frozenset[str]) -> bool:
    return any(path[0] in names for path in given.reads)


def sent(arguments: Iterable[tuple[str, Expression]], scope: Scope) -> Mapping[str, Json]:
    """What `with` sends; what is not set is left out."""
    values = ((name, given.evaluate(scope)) for name, given in arguments)
    return {name: _json(value) for name, value in values if value is not None}


def _json(value: object) -> Json:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _json(field) for name, field in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    return None if value is None else str(value)


def _settled(run: Run, step: Call, answered: Answered) -> Move:
    run.spend(step.secrets)
    if answered.outcome is Outcome.OK:
        if not step.operation.safe:
            run.fix()
        run.set(step.save, answered.data, proven=step.sends_phone or bool(step.secrets))
        return Onward.BELOW
    run.unset(step.save)
    # Nobody knows whether what is unavailable was done.
    fixed = answered.outcome is Outcome.UNAVAILABLE and not step.operation.safe
    way = step.fails.get(answered.outcome) or step.fails[Outcome.UNAVAILABLE]
    if way.way is Way.AGAIN:
        # What is unavailable says nothing of her answer.
        error = "no_answer" if answered.outcome is Outcome.UNAVAILABLE else "wrong_check"
        return Again(error, fixed, step.fails[Outcome.UNAVAILABLE])
    if fixed:
        run.fix()
    return Onward.BELOW if way.way is Way.CONTINUE else way


behaviour = Behaviour(reach)
