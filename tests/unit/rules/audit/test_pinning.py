"""MA101 to MA104: how bad it is, what is said, and what to do, by runner and kind of package."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from mcpinstall.model.audited import FileScope
from mcpinstall.model.finding import Severity
from mcpinstall.rules.audit.machine_facts import NOTHING, MachineFacts
from mcpinstall.rules.audit.package_rules import check
from mcpinstall.rules.audit.rule import Hit, Persona
from tests.unit.rules.audit.launches import server

PROJECT = FileScope.PROJECT


def only(line: str, facts: MachineFacts = NOTHING, scope: FileScope = PROJECT) -> Hit:
    (hit,) = check(server(*shlex.split(line), scope=scope), facts)
    return hit


@pytest.mark.parametrize("line", ["uvx a", "uv tool run a", "pipx run a"])
def test_a_server_that_can_be_adopted_says_how(line: str) -> None:
    one = server(*shlex.split(line))
    named = replace(one, name=replace(one.name, text="a b"))

    assert only(line, scope=FileScope.USER).fix.endswith("; or `mcpi adopt s`")
    assert only(f"cmd /c {line}", scope=FileScope.USER).fix.endswith("; or `mcpi adopt s`")
    assert "adopt" not in only(line).fix
    assert "adopt" not in only(f"env A=b {line}", scope=FileScope.USER).fix
    assert "adopt" not in only(line.replace("a", "a[x]", 1), scope=FileScope.USER).fix
    assert "adopt" not in next(check(named, NOTHING)).fix


@pytest.mark.parametrize("line", ["npx a", "uv run --with a x", "pip install a", "docker run a"])
def test_another_one_says_nothing_of_it(line: str) -> None:
    assert "adopt" not in only(line, scope=FileScope.USER).fix


@pytest.mark.parametrize(
    ("line", "rule", "fix"),
    [
        ("npx a", "MA101", "name the version: `a@X.Y.Z`"),
        ("deno run jsr:@s/a", "MA101", "name the version: `@s/a@X.Y.Z`"),
        ("uvx a", "MA102", "name the version: `a==X.Y.Z`"),
        ("docker run a:1", "MA104", "name the digest: `a:1@sha256:…`"),
        ("go run h.example/m@main", "MA103", "name the version: `h.example/m@vX.Y.Z`"),
        ("dnx A", "MA103", "name the version: `A@X.Y.Z`"),
        ("cargo install a", "MA103", "name the version: `a@X.Y.Z`"),
        ("nix run nixpkgs#a", "MA103", "name the commit"),
        (
            "npx github:o/r",
            "MA103",
            "name the commit, or for pip and uv the file's digest as `#sha256=…`",
        ),
    ],
)
def test_what_to_write_instead(line: str, rule: str, fix: str) -> None:
    hit = only(line)

    assert (hit.rule.id, hit.fix) == (rule, fix)


@pytest.mark.parametrize(
    ("line", "alias"), [("uvx A_b", "pypi:a-b"), ("npx a", "npm:a"), ("docker run a:1", "image:a")]
)
def test_a_reviewed_server_is_named_where_a_registry_has_it(line: str, alias: str) -> None:
    facts = MachineFacts(aliases={alias: "clock"})

    assert only(line, facts).fix == "mcpi install clock"
    expected = "mcpi adopt s" if line.startswith("uvx") else "mcpi install clock"
    assert only(line, facts, FileScope.USER).fix == expected


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("npx a", "`npx` fetches whatever version is newest: `a`"),
        ("npx a@beta", "`npx` fetches whatever version is newest: `a@beta`"),
        ("npx a@1", "`npx` fetches the newest version that fits: `a@1`"),
        ("npx a@latest", "`npx` fetches whatever version is newest: `a@latest`"),
        ("uvx 'a>=1'", "`uvx` fetches the newest version that fits: `a@>=1`"),
        ("dnx A", "`dnx` fetches whatever version is newest: `A`"),
        ("cargo install a", "`cargo install` fetches whatever version is newest: `a`"),
        ("npx o/r", "`npx` runs code from an address whose content can change: `o/r`"),
        ("docker run a:1", "`docker run` runs an image whose tag can be moved: `a:1`"),
        ("npx -p a -p b -p c -p d -p e f",
         "`npx` fetches whatever version is newest: `a`, `b`, `c`, `d`, `e`"),
        ("npx -p a -p b -p c -p d -p e -p f -p g h",
         "`npx` fetches whatever version is newest: `a`, `b`, `c`, `d`, `e` and 2 more"),
    ],
)  # fmt: skip
def test_what_is_said(line: str, told: str) -> None:
    assert only(line).message == told


@pytest.mark.parametrize(
    ("line", "user", "project"),
    [
        ("npx a", Severity.MEDIUM, Severity.MEDIUM),
        ("npx a@1", Severity.MEDIUM, Severity.MEDIUM),
        ("npx a@latest", Severity.MEDIUM, Severity.HIGH),
        ("npx a@next", Severity.MEDIUM, Severity.HIGH),
        ("npx -p a -p b@latest c", Severity.MEDIUM, Severity.HIGH),
        ("deno run jsr:@s/a", Severity.MEDIUM, Severity.MEDIUM),
        ("uvx a@latest", Severity.MEDIUM, Severity.MEDIUM),
        ("docker run a:1", Severity.MEDIUM, Severity.MEDIUM),
        ("docker run a", Severity.HIGH, Severity.HIGH),
        ("go run h.example/m@latest", Severity.HIGH, Severity.HIGH),
        ("nix run nixpkgs#a", Severity.HIGH, Severity.HIGH),
        ("dnx A", Severity.MEDIUM, Severity.MEDIUM),
        ("cargo install a", Severity.MEDIUM, Severity.MEDIUM),
        ("npx github:o/r", Severity.HIGH, Severity.HIGH),
    ],
)
def test_how_bad_it_is(line: str, user: Severity, project: Severity) -> None:
    assert only(line, scope=FileScope.USER).severity is user
    assert only(line).severity is project


def test_of_several_only_those_that_a_lock_file_lacks_are_told() -> None:
    facts = MachineFacts(locked={"npm:a": "1.2.3", "npm:b": "1.0.0"})

    both = only("npx -p a -p b c", facts)
    one = only("npx -p a -p d c", facts)

    assert (both.persona, both.fix) == (Persona.PEDANTIC, "name the version: `a@1.2.3`")
    assert (one.persona, one.message.rpartition(": ")[2]) == (None, "`d`")
    assert one.pointer == "/mcpServers/s/args/3"


def test_each_rule_speaks_once() -> None:
    line = "uvx --with b --with git+https://h.example/r --with git+https://h.example/s a"
    found = [hit.rule.id for hit in check(server(*line.split()), NOTHING)]

    assert found == ["MA102", "MA103"]
