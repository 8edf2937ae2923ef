"""One turn of a conversation while it is worked out: the session, and what came of it so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from gateway.engine.answer import World
from gateway.engine.moves import Consult, Move
from gateway.engine.screens import Screen
from gateway.engine.session import Held, Open, Session
from gateway.errors import Astray
from gateway.events import Answered, Bearer, CallRequest, Channel, Effect, Json, Outcome, Scene
from gateway.menu.program import Operation, Program, Scope, Service, Step
from gateway.text.language import Language

_WAIT: Final = Open.WAIT  # Python 3.11 is slow with members of an enum
_DEEPEST = 32  # `do`s inside one another


class Matters(Exception):
    """An input among several would have done something: they are played no further."""


class Run:
    """What verbs act on. Nothing of it outlives the turn but `session` and what `Turned` holds."""

    def __init__(self, program: Program, session: Session, scene: Scene) -> None:
        self.program = program
        self.session = session
        self.scene = scene
        self.secrets = {
            name: value for name, value in scene.secrets.items() if name in session.held
        }
        self.effects: list[Effect] = []
        self.chosen: str | None = None  # language chosen in this turn
        self.inputs: list[str] = []  # behind the code or keyword, to be played
        self.playing = False  # one of them is: nothing may be done
        self.again = False  # what was asked before and not answered is asked once more
        self.screen: Screen | None = None
        self.service: Service | None = None  # of the step where the conversation stands
        self.steps: tuple[Step, ...] = ()
        self.index = 0
        self._values: dict[str, object] | None = None
        self._language: Language | None = None

    # ---- where the conversation stands -----------------------------------------------

    def stand(self, service: str, part: str, index: int = 0) -> None:
        """Put the counter before a step. Raises Astray where there is no such part."""
        found = self.program.services.get(service)
        if found is None or part not in found.parts:
            raise Astray(f"there is no {service}#{part}")
        if found is not self.service:
            self.service = found
            self.changed()
        self.steps = found.parts[part]
        self.index = index

    def stand_at(self, step: Step) -> None:
        self.stand(step.service, step.part, step.index)

    @property
    def step(self) -> Step | None:
        """The step under the counter; None after the last one of a part."""
        return self.steps[self.index] if self.index < len(self.steps) else None

    def enter(self, step: Step) -> None:
        """Remember where a `do` comes back to."""
        if len(self.session.frames) >= _DEEPEST:
            raise Astray("« do » inside « do » without end")
        self.session.frames.append(step.id)

    def begin(self, session: Session) -> None:
        """Another session takes the place of the one that the turn began with."""
        self.session = session
        self.secrets = {}
        self.service = None
        self.changed()

    # ---- what it knows ---------------------------------------------------------------

    @property
    def language(self) -> Language:
        """What the screen is written in: hers where this service is offered in it."""
        if self._language is None:
            site = self.program.site
            offered = (self.service.languages if self.service else ()) or site.offered
            code = self.session.language
            if code is None or code not in offered:
                code = site.source if site.source in offered or not offered else offered[0]
            self._language = site.languages[code]
        return self._language

    def speak(self, code: str) -> None:
        self.session.language = self.chosen = code
        self._language = self._values = None

    @property
    def bearer(self) -> Bearer:
        """What carries the screen: by SMS, her language decides on its encoding."""
        bearers = self.scene.bearers
        return self.scene.bearer if bearers is None else bearers[self.language.sms]

    @property
    def by_sms(self) -> bool:
        return self.scene.bearer.channel is Channel.SMS

    @property
    def world(self) -> World:
        return World(self.scene.today, self.program.site.country)

    @property
    def values(self) -> Mapping[str, object]:
        """The variables, and the names known everywhere. Secrets are not among them."""
        if self._values is None:
            session, scene = self.session, self.scene
            self._values = {
                **session.vars,
                "phone": scene.phone,
                "language": self.language.code,
                "operator": scene.bearer.operator,
                "channel": scene.bearer.channel.value,
                "today": scene.today.isoformat(),
                "ussd": session.code or min(self.program.site.codes, key=len, default=""),
            }
        return self._values

    @property
    def scope(self) -> Scope:
        return self.scope_of(self.values)

    def scope_of(self, values: Mapping[str, object]) -> Scope:
        return Scope(values, self.language, self._label)

    def _label(self, name: str, value: object) -> str | None:
        """The words behind a saved value: its choice's, or the field's declared ones."""
        service = self.program.services.get(self.session.service)
        labels = service.labels.get(name) if service is not None else None
        text = labels.get(str(value)) if labels else None
        return None if text is None else text.render(self.language.code, self.scope, gsm=False)

    @property
    def returns(self) -> bool:
        """Whether there is a screen to go back to from the open one."""
        session = self.session
        if session.open is _WAIT:
            return False  # what is under way cannot be taken back
        return bool(session.history) and session.pending is None and session.cut is None

    @property
    def leaves(self) -> bool:
        """Whether home is another screen than the open one."""
        session = self.session
        return not session.first and session.cut is None and session.open is not _WAIT

    # ---- what it changes -------------------------------------------------------------

    def set(self, name: str | None, value: object, *, proven: bool = False) -> None:
        """Save an answer; None as `name` saves nothing."""
        if name is None:
            return
        session = self.session
        self._note(name)
        session.vars[name] = value
        if proven != (name in session.proven):
            session.proven = [known for known in session.proven if known != name]
            if proven:
                session.proven.append(name)
        self._values = None

    def unset(self, name: str | None) -> None:
        if name is not None and name in self.session.vars:
            self._note(name)
            del self.session.vars[name]
            self._values = None

    def forget(self) -> None:
        """What going to another service, or home, leaves behind: callers, variables, secrets."""
        session = self.session
        for name in session.vars:
            self._note(name)
        session.vars.clear()
        session.frames = []
        session.proven = []
        session.held = {}
        session.pending = None
        self.secrets = {}
        self._values = None

    def _note(self, name: str) -> None:
        """So that going back can undo it."""
        session = self.session
        if session.history:
            visit = session.history[-1]
            if name in session.vars:
                if name not in visit.before and name not in visit.unset:
                    visit.before[name] = session.vars[name]
            elif name not in visit.before and name not in visit.unset:
                visit.unset.append(name)

    def changed(self) -> None:
        """The session was changed past `set`: what was worked out from it no longer holds."""
        self._values = self._language = None

    # ---- secrets ---------------------------------------------------------------------

    def hold(self, name: str | None, secret: str) -> None:
        """Keep an answer that may stand nowhere but in the call that takes it."""
        if name is not None:
            self.secrets[name] = secret
            self.session.held[name] = Held(self.session.at, list(self.session.frames))

    def spend(self, names: frozenset[str]) -> None:
        """The call that takes these secrets has settled: they are deleted."""
        for name in names:
            self.secrets.pop(name, None)
            held = self.session.held.get(name)
            if held is not None:
                self.session.held[name] = Held(held.at, held.frames, spent=True)

    # ---- what it does ----------------------------------------------------------------

    def fix(self) -> None:
        """What was answered up to here can no longer be taken back."""
        self.session.history = []
        self.session.fresh = False

    def effect(self, kind: str, step: Step, body: Mapping[str, Json], part: str = "") -> None:
        """Have something done once. `part` tells apart what one step does in two turns.

        Raises Matters where several inputs are being played.
        """
        if self.playing:
            raise Matters
        session = self.session
        known = step.id + part
        attempt = session.settled.get(known, 0)
        session.settled[known] = attempt + 1
        self.effects.append(Effect(kind, session.conversation, known, attempt, step.service, body))

    def consult(
        self,
        step: Step,
        operation: Operation,
        arguments: Mapping[str, Json],
        then: Callable[[Answered], Move],
        *,
        phone: bool = False,
        secrets: Mapping[str, Json] | None = None,
        complete: bool = True,
        typed: str = "",
    ) -> Consult:
        """Ask a back end; `secrets` are further arguments, which nothing is kept of. `complete`:
        none of them is lost; `typed` is the answer that it judges.

        An operation that changes something gets a new attempt once it has answered for certain.
        After `unavailable` nobody knows: the same arguments get the same attempt again, others a
        new one. Raises Matters where several inputs are being played, unless it is a get, or by
        SMS one that changes nothing.
        """
        if self.playing and not (operation.safe if self.by_sms else operation.method == "GET"):
            raise Matters
        session = self.session
        again, self.again = self.again, False
        given = blake2b(
            msgspec.msgpack.encode([arguments, phone], order="sorted"), digest_size=12
        ).digest()
        unsure = session.unsure.get(step.id)
        if unsure is not None and unsure != given:
            session.settled[step.id] = session.settled.get(step.id, 0) + 1
            del session.unsure[step.id]

        def settled(answered: Answered) -> Move:
            if not operation.safe:
                if answered.outcome is Outcome.UNAVAILABLE:
                    session.unsure[step.id] = given
                else:
                    session.unsure.pop(step.id, None)
                    session.settled[step.id] = session.settled.get(step.id, 0) + 1
            return then(answered)

        request = CallRequest(
            conversation=session.conversation,
            step=step.id,
            attempt=session.settled.get(step.id, 0),
            operation=operation.name,
            arguments={**arguments, **(secrets or {})},
            phone=self.scene.phone if phone else None,
            again=again,
            complete=complete,
        )
        return Consult(request, settled, typed, operation.late)
