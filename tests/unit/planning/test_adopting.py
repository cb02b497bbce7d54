"""Arguments of an entry that another program wrote, as inputs of a server."""

from __future__ import annotations

import pytest

from mcpinstall.model.server_json import (
    STDIO,
    Input,
    InputFormat,
    NamedArgument,
    Package,
    PositionalArgument,
)
from mcpinstall.planning.adopting import Mapped, added, mapped

ZONE = NamedArgument(name="--zone", input=Input(placeholder="UTC"))
TAG = NamedArgument(name="--tag", input=Input(placeholder="a"), repeated=True)
LOUD = NamedArgument(name="--loud", input=Input())
FIXED = NamedArgument(name="--mode", input=Input(value="safe"))
FOLDER = NamedArgument(name="--folder", input=Input(format=InputFormat.FILEPATH))
PLACE = PositionalArgument(input=Input(required=True), hint="place")
PLACES = PositionalArgument(input=Input(required=True), hint="place", repeated=True)


def package(*arguments: NamedArgument | PositionalArgument) -> Package:
    return Package(
        registry_type="pypi", identifier="clock-server", version="1", transport=STDIO,
        arguments=arguments,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words", "wanted"),
    [
        ((), (), Mapped()),
        ((), ("--any", "thing"), Mapped(extra=("--any", "thing"))),
        ((ZONE,), ("--zone", "Oslo"), Mapped(settings=(("zone", "Oslo"),))),
        ((ZONE,), ("--zone=Oslo",), Mapped(settings=(("zone", "Oslo"),))),
        ((ZONE,), ("--zone", "--odd"), Mapped(settings=(("zone", "--odd"),))),
        (
            (ZONE,),
            ("--other", "a", "--zone", "Oslo", "b"),
            Mapped(settings=(("zone", "Oslo"),), extra=("--other", "a", "b")),
        ),
        ((TAG,), ("--tag", "a", "--tag=b"), Mapped(settings=(("tag", "a"), ("tag", "b")))),
        ((PLACE,), ("Oslo",), Mapped(settings=(("place", "Oslo"),))),
        (
            (ZONE, PLACE), ("Oslo", "--zone", "x"),
            Mapped(settings=(("zone", "x"), ("place", "Oslo"))),
        ),
        ((PLACES,), ("a", "b"), Mapped(settings=(("place", "a"), ("place", "b")))),
        ((FOLDER,), ("--folder", "/srv"), Mapped(settings=(("folder", "/srv"),))),
    ],
)  # fmt: skip
def test_arguments_become_the_inputs_that_they_answer(
    arguments: tuple[NamedArgument | PositionalArgument, ...],
    words: tuple[str, ...],
    wanted: Mapped,
) -> None:
    assert mapped(package(*arguments), words) == wanted


@pytest.mark.parametrize(
    ("arguments", "words", "why"),
    [
        ((PLACE,), ("--unknown", "Oslo"), "nobody can tell which arguments belong to `--unknown`"),
        ((PLACE,), ("a", "b"), "more arguments"),
        ((ZONE,), ("--zone",), "`--zone` has no value"),
        ((FIXED,), ("--mode", "wild"), "`--mode` is set by the server's description"),
        ((LOUD,), ("--loud=yes",), "`--loud` takes no value"),
        ((FOLDER,), ("--folder", "."), "depends on the folder"),
        ((FOLDER,), ("--folder=~/code",), "depends on the folder"),
        ((FOLDER,), ("--folder", "${workspaceFolder}"), "depends on the folder"),
    ],
)
def test_what_cannot_be_told_apart_is_not_guessed(
    arguments: tuple[NamedArgument | PositionalArgument, ...], words: tuple[str, ...], why: str
) -> None:
    found = mapped(package(*arguments), words)

    assert why in found.problem
    assert (found.settings, found.extra) == ((), ())


def test_what_the_description_sets_itself_is_not_set_twice() -> None:
    both = package(LOUD, FIXED, ZONE)

    assert mapped(both, ("--loud", "--mode", "safe")) == Mapped()
    assert mapped(both, ("--mode=safe", "--zone", "Oslo")) == Mapped(settings=(("zone", "Oslo"),))
    assert added(both, ("--mode=safe",)) == ("--loud",)
    assert added(both, ("--loud", "--mode", "safe")) == ()
    assert added(both, ()) == ("--loud", "--mode")


@pytest.mark.parametrize("words", [("--", "--zone", "Oslo"), ("--zone", "Oslo", "--", "a")])
def test_what_stands_behind_two_dashes_changes_its_meaning_nowhere(words: tuple[str, ...]) -> None:
    assert "`--`" in mapped(package(ZONE), words).problem
    assert mapped(package(), words) == Mapped(extra=words)
