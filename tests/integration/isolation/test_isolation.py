"""Nothing of one collection reaches a key of another, whatever is sent in whatever order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from domain.api_keys import Scope, grant
from domain.people import MAX_ID
from entrypoints.http.access import ACCESS, ANY_KEY, PUBLIC
from tests.integration.isolation.operations import CHANGES, COLOURS, OPERATIONS, Target, address
from tests.integration.isolation.world import Key, World, told

BLUE, GREEN, NOWHERE, DEFAULT = "blue", "green", "nowhere", "default"
NOBODY = MAX_ID - 1
SCOPES = frozenset(Scope) - {Scope.METRICS, Scope.ADMIN}
ASKED = [(), (BLUE,), (GREEN,), (NOWHERE,), (BLUE, GREEN), (GREEN, BLUE)]
OWN, OTHER, ABSENT = "own", "other", "absent"

scopes = st.sets(st.sampled_from(sorted(SCOPES)), min_size=1).map(frozenset)
most_scopes = st.one_of(st.just(SCOPES), scopes)
names = st.sampled_from(["Ada", "Grace"])
colours = st.sampled_from(sorted(COLOURS))


def test_every_operation_is_tried() -> None:
    assert set(OPERATIONS) == set(ACCESS)


class Isolation(RuleBasedStateMachine):
    """Two collections, a key bound to each, one bound to none; an administrator who changes either."""

    world: ClassVar[World]

    @initialize(blue=most_scopes, green=most_scopes, unbound=scopes)
    def keys(self, blue: frozenset[Scope], green: frozenset[Scope], unbound: frozenset[Scope]) -> None:
        self.world.reset([BLUE, GREEN])
        self.bound = {
            BLUE: self.world.key(grant(blue, [BLUE])),
            GREEN: self.world.key(grant(green, [GREEN])),
        }
        self.unbound = self.world.key(grant(unbound))
        for collection, colour in ((BLUE, "red"), (GREEN, "green")):
            self.enrol(collection, "Ada", colour)

    @rule(collection=st.sampled_from([BLUE, GREEN, DEFAULT]), name=names, colour=colours)
    def enrol(self, collection: str, name: str, colour: str) -> None:
        self.world.enrol(collection, f"{name} of {collection}", COLOURS[colour])

    @rule(
        own=st.sampled_from([BLUE, GREEN]),
        operation=st.sampled_from(sorted(OPERATIONS)),
        asked=st.one_of(st.just(None), st.sampled_from(ASKED)),
        of=st.tuples(*[st.sampled_from([OWN, OTHER, ABSENT])] * 3),
        which=st.integers(0, 3),
        name=names,
        colour=colours,
        in_json=st.booleans(),
    )
    def ask(
        self,
        own: str,
        operation: tuple[str, str],
        asked: tuple[str, ...] | None,
        of: tuple[str, str, str],
        which: int,
        name: str,
        colour: str,
        *,
        in_json: bool,
    ) -> None:
        """A bound key asks for something: of its own collection if `asked` is None."""
        other = GREEN if own == BLUE else BLUE
        contents = {each: self.world.contents(each) for each in (own, other)}
        ids = {OWN: contents[own], OTHER: contents[other]}

        def pick(kind: str, owner: str) -> int:
            found = getattr(ids[owner], kind) if owner in ids else []
            return int(found[which % len(found)]["id"]) if found else NOBODY

        collections = (own,) if asked is None else asked
        target = Target(
            collections,
            pick("people", of[0]),
            pick("people", of[1]),
            pick("faces", of[2]),
            f"{name} of {own}",
            colour,
            in_json,
        )
        note(f"{own} sends {operation} on {target}")
        key = self.bound[own]
        answer = self.send(key, operation, target)
        self.check_permission(key, operation, answer, named=collections == (own,))
        after = {each: self.world.contents(each) for each in (own, other)}
        assert after[other] == contents[other]
        mine = contents[own].ids() | after[own].ids()
        assert f"of {other}" not in answer.text
        assert not (found_ids(answer) & contents[other].ids()) - mine
        if answer.status_code != httpx.codes.OK and after == contents:
            nothing = Target(
                tuple(NOWHERE if each == other else each for each in collections),
                target.person if of[0] == OWN else NOBODY,
                target.second if of[1] == OWN else NOBODY,
                target.face if of[2] == OWN else NOBODY,
                target.name,
                colour,
                in_json,
            )
            assert told(self.send(key, operation, nothing)) == told(answer), nothing
        elif operation[0] == "DELETE":
            self.world.create(own)  # in case that it was deleted as a whole
        elif operation not in CHANGES:
            self.world.enrol(other, f"Alan of {other}", COLOURS[colour])
            assert told(self.send(key, operation, target)) == told(answer)

    def send(self, key: Key, operation: tuple[str, str], target: Target) -> httpx.Response:
        method, template = operation
        return self.world.send(key, method, address(template, target), **OPERATIONS[operation](target))

    def check_permission(
        self, key: Key, operation: tuple[str, str], answer: httpx.Response, *, named: bool
    ) -> None:
        """What the scope allows is allowed in the key's own collection, and nothing else."""
        needed = ACCESS[operation]
        denied = answer.status_code == httpx.codes.FORBIDDEN and answer.json()["code"] == "access_denied"
        if needed in {ANY_KEY, PUBLIC}:
            assert answer.status_code == httpx.codes.OK
        elif not key.grant.allows(Scope(needed)):
            assert denied
        elif operation != ("POST", "/api/collection"):
            assert not denied
        if named and operation == ("GET", "/api/collection") and not denied:
            assert [each["name"] for each in answer.json()["data"]] == sorted(key.grant.collections or ())

    @rule(name=names, colour=colours)
    def same_idempotency_key(self, name: str, colour: str) -> None:
        """Of two API keys: neither gets the other's answer, nor is told that it was used."""
        for own, key in self.bound.items():
            if not key.grant.allows(Scope.ENROL):
                continue
            target = Target((own,), NOBODY, 1, NOBODY, f"{name} of {own}", colour, in_json=False)
            operation = ("POST", "/api/face/register")
            answer = self.world.send(
                key,
                *operation,
                headers={"Idempotency-Key": f"{id(self)} {name} {colour}"},
                **OPERATIONS[operation](target),
            )
            assert answer.status_code == httpx.codes.OK, answer.text
            assert answer.json()["data"]["name"] == f"{name} of {own}"

    @rule(operation=st.sampled_from(sorted(OPERATIONS)), collection=st.sampled_from([BLUE, GREEN]))
    def ask_unbound(self, operation: tuple[str, str], collection: str) -> None:
        """A key for all collections has its scopes, and no others."""
        target = Target((collection,), NOBODY, NOBODY, NOBODY, "x", "red", in_json=False)
        if operation in CHANGES and ACCESS[operation] is not Scope.ADMIN:
            return
        answer = self.send(self.unbound, operation, target)
        self.check_permission(self.unbound, operation, answer, named=False)


def found_ids(answer: httpx.Response) -> set[int]:
    """Ids and cursors anywhere in an answer."""
    found: set[int] = set()

    def collect(fields: dict[str, object]) -> dict[str, object]:
        for name in ("id", "profile_id", "face_id", "next"):
            if isinstance(value := fields.get(name), int):
                found.add(value)
        return fields

    if answer.headers["content-type"].startswith("application/json"):
        json.loads(answer.text, object_hook=collect)
    return found


@pytest.fixture(params=["memory", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    memory = request.param == "memory"
    url = "memory" if memory else request.getfixturevalue("database_url")
    with World(url, tmp_path) as world:
        yield world


def test_collections_are_isolated(world: World) -> None:
    machine = type("IsolationIn", (Isolation,), {"world": world})
    memory = world.database_url == "memory"
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40 if memory else 10,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
            phases=[Phase.generate],  # to shrink a long story takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
