"""MA108 to the last word: which index, which place, whose file, and what is known already."""

from __future__ import annotations

import shlex

import pytest

from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit import indexes
from mcpinstall.rules.audit.index_files import is_clear, is_known, normalized
from mcpinstall.rules.audit.machine_facts import (
    NOTHING,
    Client,
    Effect,
    IndexSetting,
    MachineFacts,
)
from mcpinstall.rules.audit.rule import Hit
from tests.unit.rules.audit.launches import server

KNOWN = MachineFacts(indexes=frozenset({"https://known.example/simple"}))


def hits(line: str, facts: MachineFacts = NOTHING, env: dict[str, str] | None = None) -> list[Hit]:
    return list(indexes.check(server(*shlex.split(line), env=env), facts))


def of_file(effect: Effect, address: str = "", *, project: bool = True) -> MachineFacts:
    one = IndexSetting(
        client=Client.NPM, effect=effect, file=".npmrc", is_project=project, address=address
    )
    return MachineFacts(index_settings=(one,), indexes=KNOWN.indexes)


# Which index -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["http://i.example", "HTTP://i.example", "name=http://i.example", "http://localhost.i.example",
     "http://127.0.0.1.i.example/simple", "http://127.example", "http://localhost@i.example",
     "http://localhost:80@i.example/", "http:/i.example", "http:\\\\i.example/simple",
     "name=http:/i.example", "http://i.example\\@localhost/", "http://localhost\\@i.example/",
     "http://10.0.0.1/simple"],
)  # fmt: skip
def test_anybody_on_the_way_answers_for_it(address: str) -> None:
    assert is_clear(address)


@pytest.mark.parametrize(
    "address",
    ["https://i.example", "http://localhost:8080/simple", "http://localhost", "http://127.0.0.1/x",
     "name=http://127.9.9.9:1/", "http://[::1]:1/", "http://me:x@localhost/", "file:///srv/wheels",
     "/srv/wheels", "", "name=", "http://a.localhost/simple"],
)  # fmt: skip
def test_nobody_is_on_the_way(address: str) -> None:
    assert not is_clear(address)


@pytest.mark.parametrize(
    "text",
    ["https://known.example/simple", "https://known.example/simple/", "k=https://known.example/simple",
     "https://ana:x@KNOWN.example/simple", "https://known.example/simple k=https://known.example/simple"],
)  # fmt: skip
def test_what_the_user_chose_is_known(text: str) -> None:
    assert is_known(text, KNOWN)


@pytest.mark.parametrize(
    "text",
    ["", " ", "https://i.example", "https://known.example/simple https://i.example",
     "https://i.example https://known.example/simple", "https://[known.example/simple",
     "https://i.example\\@known.example/simple", "https://known.example\\@i.example/simple",
     "https://i.example/k=https://known.example/simple",
     "k=l=https://known.example/simple",
     "https://known.example/simple " * 100 + "https://i.example"],
)  # fmt: skip
def test_anything_beside_it_is_not_known(text: str) -> None:
    assert not is_known(text, KNOWN)


def test_an_address_that_cannot_be_read_is_compared_as_it_is() -> None:
    assert normalized("https://[known.example/") == "https://[known.example/"
    assert [hit.severity for hit in hits("uvx --index https://[x a==1")] == [Severity.MEDIUM]


# Which place, and which of several ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("uvx --index-url http://i.example a==1", "args/1"),
        ("uvx --index-url=http://i.example a==1", "args/0"),
        ("uvx --offline --index", "args/1"),
        ("pipx run --pip-args '-q -i http://i' a==1", "args/1"),
    ],
)
def test_a_finding_stands_at_what_is_at_fault(line: str, place: str) -> None:
    (hit,) = hits(line)

    assert hit.pointer == f"/mcpServers/s/{place}"


def test_what_a_file_says_stands_at_the_program() -> None:
    (hit,) = hits("npx -y a@1.0.0", of_file(Effect.ANY))

    assert hit.pointer == "/mcpServers/s/command"


@pytest.mark.parametrize(
    "line",
    ["uvx --index https://i.example --trusted-host h a==1",
     "uvx --trusted-host h --index https://i.example a==1"],
)  # fmt: skip
def test_the_worst_of_several_is_told(line: str) -> None:
    (hit,) = hits(line)

    assert hit.severity is Severity.HIGH
    assert "without checking" in hit.message


@pytest.mark.parametrize(
    "line",
    ["npx --proxy http://p.example a@1.0.0", "uvx --cache-dir unsafe-best a==1",
     "docker run --index http://i.example i:1", "podman create --registry http://i.example i:1",
     "nerdctl run --source http://i.example i:1", "docker create --registry http://i.example i:1",
     "pipx run --pip-args '\"' a==1"],
)  # fmt: skip
def test_another_option_names_no_index(line: str) -> None:
    assert hits(line) == []


# Whose file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (of_file(Effect.ANY), "the project's `.npmrc` lets any index answer"),
        (of_file(Effect.ANY, project=False), "your `.npmrc` lets any index answer"),
        (of_file(Effect.ADDS, "https://i.example"),
         "the project's `.npmrc` adds an index to the default one"),
        (of_file(Effect.REPLACES, "https://i.example"),
         "the project's `.npmrc` names another index than the default one"),
        (of_file(Effect.REPLACES, "http://localhost.i.example", project=False),
         "your `.npmrc` names an index without TLS"),
    ],
)  # fmt: skip
def test_a_file_and_what_it_does_are_told(facts: MachineFacts, message: str) -> None:
    assert [hit.message for hit in hits("npx a@1.0.0", facts)] == [message]


def test_a_projects_file_may_name_what_the_user_chose() -> None:
    assert hits("npx a@1.0.0", of_file(Effect.REPLACES, "https://known.example/simple")) == []


@pytest.mark.parametrize("effect", [Effect.ADDS, Effect.ANY, Effect.UNPROTECTED])
def test_an_index_of_its_own_takes_the_place_of_the_one_alone(effect: Effect) -> None:
    facts = of_file(effect, "http://i.example")

    assert hits("npx --registry https://r.example a@1.0.0", facts)
    assert hits("npx a@1.0.0", facts, env={"NPM_CONFIG_REGISTRY": "https://known.example/simple"})


def test_any_other_variable_takes_no_place() -> None:
    facts = of_file(Effect.REPLACES, "http://i.example")

    assert hits("npx a@1.0.0", facts, env={"LANG": "C"})


@pytest.mark.parametrize(
    ("name", "does"),
    [("UV_INDEX", "adds an index to"), ("UV_EXTRA_INDEX_URL", "adds an index to"),
     ("PIP_EXTRA_INDEX_URL", "adds an index to"), ("UV_INDEX_URL", "names another index than"),
     ("NPM_CONFIG_REGISTRY", "names another index than")],
)  # fmt: skip
def test_a_variable_and_what_it_does_are_told(name: str, does: str) -> None:
    (hit,) = hits("x", env={name: "https://i.example"})

    assert hit.message == f"`{name}` {does} the default one"
    assert hit.pointer == f"/mcpServers/s/env/{name}"
