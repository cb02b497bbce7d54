"""The engine of `mcpi audit`, with rules made for the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpinstall.hosts import audit_places, find_rows
from mcpinstall.hosts.audit_places import Place
from mcpinstall.model.audit_report import AuditReport
from mcpinstall.model.audited import AuditedServer, FileScope
from mcpinstall.model.finding import Severity, Unchecked
from mcpinstall.operations import audit, audit_files
from mcpinstall.operations.audit_baseline import Baseline
from mcpinstall.operations.audit_findings import Judge, RuleSet
from mcpinstall.operations.audit_machine import Surroundings
from mcpinstall.operations.context import Context
from mcpinstall.rules.audit.causes import HIDES, without_general
from mcpinstall.rules.audit.rule import AuditRule, Confidence, Hit, Persona, rule
from mcpinstall.system.machine import Machine

GENERAL = rule(101, "general", Severity.HIGH, "General", cwe=1)
SPECIAL = rule(105, "special", Severity.CRITICAL, "Special", cwe=1)


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    work = home / "work"
    work.mkdir(mode=0o700)
    monkeypatch.chdir(work)
    return Context.current()


def command(server: AuditedServer) -> str:
    return server.argv[0].pointer


def rules(*made: Hit | AuditRule) -> RuleSet:
    """One check that finds all of `made` in each server, at its command."""

    def check(server: AuditedServer, *_: object) -> Iterator[Hit]:
        for one in made:
            found = one if isinstance(one, Hit) else Hit(rule=one, pointer="", message="m")
            yield Hit(
                rule=found.rule, pointer=found.pointer or command(server), message=found.message,
                severity=found.severity, confidence=found.confidence, persona=found.persona,
            )  # fmt: skip

    asked = tuple({one.rule if isinstance(one, Hit) else one for one in made})
    return RuleSet(server=((asked, check),), facts=(), file=())


def run(
    context: Context,
    wanted: RuleSet,
    entry: dict[str, bool] | None = None,
    persona: Persona = Persona.REGULAR,
) -> AuditReport:
    document = {"mcpServers": {"time": {"command": "x", **(entry or {})}}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")
    return audit.audit(audit.Wanted(rules=wanted, persona=persona), context)


def ids(report: AuditReport) -> list[str]:
    return [one.rule.id for one in report.findings]


def test_the_specific_finding_hides_the_general_one(context: Context) -> None:
    assert ids(run(context, rules(GENERAL, SPECIAL))) == ["MA105"]
    assert ids(run(context, rules(GENERAL))) == ["MA101"]


def test_at_another_place_it_hides_nothing(context: Context) -> None:
    elsewhere = Hit(rule=SPECIAL, pointer="/mcpServers/time", message="m")

    assert sorted(ids(run(context, rules(GENERAL, elsewhere)))) == ["MA101", "MA105"]


@pytest.mark.parametrize(("special", "general", "everywhere"), HIDES)
def test_each_pair_of_the_table_hides(special: str, general: str, everywhere: bool) -> None:
    def hit(number: str, pointer: str) -> Hit:
        made = rule(int(number[2:]), "x", Severity.LOW, "x", cwe=1)
        return Hit(rule=made, pointer=pointer, message="m")

    same = without_general((hit(special, "/a"), hit(general, "/a")))
    other = without_general((hit(special, "/a"), hit(general, "/b")))

    assert [one.rule.id for one in same] == [special]
    assert len(other) == (1 if everywhere else 2)


def test_the_same_thing_is_found_once(context: Context) -> None:
    assert ids(run(context, rules(GENERAL, Hit(rule=GENERAL, pointer="", message="m")))) == [
        "MA101"
    ]


@pytest.mark.parametrize("entry", [{"disabled": True}, {"enabled": False}])
def test_a_disabled_server_is_one_severity_lower(context: Context, entry: dict[str, bool]) -> None:
    (found,) = run(context, rules(GENERAL), entry).findings

    assert found.rule.severity is Severity.MEDIUM


def test_the_lowest_severity_stays_the_lowest(context: Context) -> None:
    low = Hit(rule=GENERAL, pointer="", message="m", severity=Severity.LOW)

    (found,) = run(context, rules(low), {"disabled": True}).findings

    assert found.rule.severity is Severity.LOW


@pytest.mark.parametrize(("persona", "heard"), [("regular", 1), ("pedantic", 2), ("auditor", 3)])
def test_a_persona_hears_what_those_before_it_hear(
    context: Context, persona: str, heard: int
) -> None:
    hits = [Hit(rule=GENERAL, pointer="", message=one, persona=one) for one in Persona]

    report = run(context, rules(*hits), persona=Persona(persona))

    assert (len(report.findings), len(report.hidden)) == (heard, 3 - heard)


SECRETS: dict[str, dict[str, object]] = {
    "a variable": {"mcpServers": {"a": {"command": "x", "env": {"DB_PASSWORD": "HERE"}}}},
    "an argument": {"mcpServers": {"a": {"command": "x", "args": ["--api-key", "HERE"]}}},
    "a header": {"mcpServers": {"a": {"url": "https://h.example", "headers": {"Cookie": "HERE"}}}},
    "a setting": {"mcpServers": {"a": {"command": "x"}}, "env": {"AUTH_TOKEN": "HERE"}},
    "a list": {"mcpServers": {"a": {"command": "x"}}, "tools": [{"apiKeys": ["HERE"]}]},
}


@pytest.mark.parametrize("place", ["", "/mcpServers", "/mcpServers/b", "/mcpServers/b/command"])
@pytest.mark.parametrize("name", SECRETS)
def test_what_is_said_of_a_whole_file_holds_no_secret_of_it(
    context: Context, name: str, place: str
) -> None:
    word = "hunter" + "-is-known-to-nobody"  # no detector knows it
    document = json.loads(json.dumps(SECRETS[name]).replace("HERE", word))
    document["mcpServers"]["b"] = {"command": "y"}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")

    def check(*_: object) -> Iterator[Hit]:
        yield Hit(rule=GENERAL, pointer=place, message=f"`{word}` is bad", fix=f"not {word}")

    wanted = RuleSet(server=(), facts=(), file=(((GENERAL,), check),))
    (found,) = audit.audit(audit.Wanted(rules=wanted), context).findings

    assert (found.message, found.fix) == ("`(25 characters)` is bad", "not (25 characters)")
    assert word not in repr(found)


@pytest.mark.parametrize(
    ("package", "password"),
    [
        ("mcp-neo4j-cypher", "neo4j"),
        ("@modelcontextprotocol/server-postgres", "postgres"),
        ("mcp-server-mysql", "mysql"),
    ],
)
def test_a_password_that_is_a_word_of_the_packages_name_leaves_that_whole(
    context: Context, package: str, password: str
) -> None:
    entry = {"command": "npx", "args": [package], "env": {"DB_PASSWORD": password}}
    document = {"mcpServers": {password: entry}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")

    found = audit.audit(audit.Wanted(), context).findings

    (unpinned,) = (one for one in found if one.rule.id == "MA101")
    assert f"`{package}`" in unpinned.message
    assert unpinned.fix == f"name the version: `{package}@X.Y.Z`"


def test_another_short_password_is_told_nowhere(context: Context) -> None:
    word = "hunt" + "2"
    entry = {"command": f"/tmp/{word}", "args": ["a", word], "env": {"PASSWORD": word}}
    document = {"mcpServers": {"s": {**entry, "cwd": f"/tmp/{word}"}}}
    Path(".mcp.json").write_text(json.dumps(document), encoding="utf-8")

    found = audit.audit(audit.Wanted(persona=Persona.AUDITOR), context).findings

    assert found
    assert word not in repr(found)


@pytest.mark.parametrize(
    ("confidence", "fails"), [("low", False), ("medium", True), ("high", True)]
)
def test_only_what_is_sure_enough_fails_a_gate(
    context: Context, confidence: str, fails: bool
) -> None:
    unsure = Hit(rule=GENERAL, pointer="", message="m", confidence=Confidence(confidence))

    report = run(context, rules(unsure))

    assert bool(report.at_or_above(Severity.MEDIUM)) is fails
    assert ids(report) == ["MA101"]


def test_a_rule_that_fails_is_told_of_and_the_others_are_asked(context: Context) -> None:
    def broken(server: AuditedServer, *_: object) -> Iterator[Hit]:
        raise ZeroDivisionError(server.name.text)

    fine = rules(SPECIAL)
    both = RuleSet(server=(((GENERAL,), broken), *fine.server), facts=(), file=())

    report = run(context, both)

    assert ids(report) == ["MA105"]
    (gap,) = report.unchecked
    assert gap.code == "rule-failed"
    assert "MA101" in gap.message


def test_a_baseline_takes_what_it_knows(context: Context) -> None:
    (found,) = run(context, rules(GENERAL)).findings
    baseline = Baseline(known={found.fingerprint: 1})

    report = audit.audit(audit.Wanted(rules=rules(GENERAL), baseline=baseline), context)

    assert (report.findings, len(report.known)) == ((), 1)


def test_a_file_that_two_hosts_read_is_judged_once(context: Context) -> None:
    readers = [p for p in audit_places.everywhere(context.machine) if p.path.name == ".mcp.json"]
    assert len({place.row.id for place in readers if place.row}) > 1

    assert ids(run(context, rules(GENERAL))) == ["MA101"]


@pytest.mark.parametrize(
    "row", ["cursor-user", "vscode-user", "codex-user", "goose", "continue-user"]
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    data=st.binary()
    | st.text(alphabet='{}[]":,#=-\n \\/*&a1\t').map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "mcpServers",
                        "servers",
                        "a",
                        "command",
                        "args",
                        "env",
                        "url",
                        "headers",
                        "type",
                    ]
                )
                | st.text(),
                inner,
            )
        ),
    ).map(lambda value: json.dumps({"mcpServers": value, "servers": value}).encode())
)
def test_any_bytes_give_findings_or_the_reason_why_not(
    machine: Machine, around: Surroundings, row: str, data: bytes
) -> None:
    place = Place(row=find_rows(row), path=Path("/home/ann/x.json"), scope=FileScope.PROJECT)

    file = audit_files.of_bytes(data, place, "x.json", machine)

    if isinstance(file, Unchecked):
        assert file.message
        return
    judge = Judge(file, RuleSet(), around)
    for found in judge.findings():
        assert found.location.line >= 0
        assert found.fingerprint
    assert not judge.failed


@pytest.fixture(scope="module")
def machine() -> Machine:
    return Machine.current()


@pytest.fixture(scope="module")
def around() -> Surroundings:
    return Surroundings(Context.current())
