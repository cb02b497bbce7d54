"""Attack T39: what answers `mcpi audit --online` in OSV's place hides advisories, or floods.

Who: the network, a proxy, whoever runs the service or its mirror.
Stopped by: an answer that is late, huge, or none to the question makes the audit incomplete, with
its exit status; no redirect is followed; only names, versions and ids are sent.
Twin: `test_an_honest_answer_is_taken`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcpinstall import cli
from mcpinstall.errors import Exit
from mcpinstall.model.audit_report import AuditReport
from mcpinstall.operations import audit, audit_online
from mcpinstall.operations.context import Context
from mcpinstall.system import limits
from tests.builders import osv
from tests.builders.index_server import IndexServer, Reply, endless, redirect, slow
from tests.builders.osv import BATCH, json_reply, record
from tests.builders.watchdog import ends

BAD = record("GHSA-aaaa-bbbb-cccc", "PyPI:clock-server", "1.0")
MALICIOUS = record("MAL-2026-1", "npm:@scope/evil", "2.0.0")
SERVERS = {
    "clock": {"command": "uvx", "args": ["clock-server==1.0"]},
    "evil": {"command": "npx", "args": ["-y", "@scope/evil@2.0.0"]},
    "fine": {"command": "uvx", "args": ["Fine.Server==3.0"]},
    "floating": {"command": "uvx", "args": ["floating"]},
}


@pytest.fixture
def context(home: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    work = home / "work"
    work.mkdir(mode=0o700)
    monkeypatch.chdir(work)
    (work / ".mcp.json").write_text(json.dumps({"mcpServers": SERVERS}), encoding="utf-8")
    return Context.current()


@pytest.fixture
def service(context: Context) -> Iterator[IndexServer]:
    with IndexServer() as started:
        osv.configure(context, started.origin)
        osv.serve(started, BAD, MALICIOUS)
        yield started


def asked(context: Context) -> AuditReport:
    return audit.audit(audit.Wanted(online=True), context)


def known(report: AuditReport) -> list[tuple[str, str]]:
    return [
        (one.subject.rpartition(": ")[2], one.rule.id)
        for one in report.findings
        if one.rule.id in {"MA105", "MA106"}
    ]


def incomplete(context: Context) -> str:
    """Return why the audit is incomplete; it says so, and claims nothing about OSV."""
    report = asked(context)
    (gap,) = report.unchecked
    assert gap.subject == "OSV"
    assert any("nothing is claimed" in sentence for sentence in report.left_out)
    assert not any("was asked about" in sentence for sentence in report.left_out)
    return gap.message


def test_an_honest_answer_is_taken(context: Context, service: IndexServer) -> None:
    report = asked(context)

    assert report.unchecked == ()
    assert known(report) == [("clock", "MA106"), ("evil", "MA105")]
    assert "OSV was asked about 3 packages at exact versions" in report.left_out
    (found,) = [one for one in report.findings if one.rule.id == "MA106"]
    assert "GHSA-aaaa-bbbb-cccc" in found.message
    assert found.rule.severity == "critical"
    assert "9.9" in found.fix


def test_only_names_and_versions_are_sent(context: Context, service: IndexServer) -> None:
    asked(context)

    assert osv.questions(service) == [
        {"package": {"ecosystem": "npm", "name": "@scope/evil"}, "version": "2.0.0"},
        {"package": {"ecosystem": "PyPI", "name": "clock-server"}, "version": "1.0"},
        {"package": {"ecosystem": "PyPI", "name": "fine-server"}, "version": "3.0"},
    ]
    details = [one.path for one in service.requests if one.path != BATCH]
    assert sorted(details) == ["/v1/vulns/GHSA-aaaa-bbbb-cccc", "/v1/vulns/MAL-2026-1"]
    sent = {name for one in service.requests for name in one.headers}
    assert sent <= {
        "host", "user-agent", "accept", "accept-encoding", "content-type", "content-length",
        "connection",
    }  # fmt: skip


def test_without_the_option_nobody_is_asked(context: Context, service: IndexServer) -> None:
    report = audit.audit(audit.Wanted(), context)

    assert service.requests == []
    assert known(report) == []


def test_a_second_page_is_read(context: Context, service: IndexServer) -> None:
    other = record("GHSA-zzzz-bbbb-cccc", "PyPI:clock-server", "1.0")
    osv.serve(service, BAD, MALICIOUS, other, page=1)

    (found,) = [one for one in asked(context).findings if one.rule.id == "MA106"]

    assert "GHSA-aaaa-bbbb-cccc, GHSA-zzzz-bbbb-cccc" in found.message


def test_a_withdrawn_record_is_no_finding(context: Context, service: IndexServer) -> None:
    osv.serve(service, BAD | {"withdrawn": "2026-11-21T00:00:00Z"}, MALICIOUS)

    assert known(asked(context)) == [("evil", "MA105")]


def test_nothing_to_ask_is_said(context: Context, service: IndexServer) -> None:
    file = context.machine.cwd / ".mcp.json"
    file.write_text('{"mcpServers": {"a": {"command": "uvx", "args": ["a"]}}}', encoding="utf-8")

    report = asked(context)

    assert service.requests == []
    assert any("OSV was asked nothing" in sentence for sentence in report.left_out)


def deep() -> bytes:
    return b'{"results": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


BATCHES: dict[str, Reply] = {
    "not there": Reply(status=404),
    "broken": Reply(status=500),
    "no JSON": Reply(b"<html>sign in</html>"),
    "another shape": json_reply([]),
    "no results": json_reply({}),
    "results that are none": json_reply({"results": {"0": {}}}),
    "too few results": json_reply({"results": [{}, {}]}),
    "too many results": json_reply({"results": [{}] * 4}),
    "a result that is none": json_reply({"results": [{}, {}, "x"]}),
    "an id that is none": json_reply({"results": [{}, {}, {"vulns": [{"id": "../../x"}]}]}),
    "an id that is a number": json_reply({"results": [{}, {}, {"vulns": [{"id": 7}]}]}),
    "hidden text": json_reply({"results": [{}, {}, {"vulns": [{"id": "GHSA-\u202ea"}]}]}),
    "pages without an end": json_reply({"results": [{}, {}, {"next_page_token": "x"}]}),
    "two keys": Reply(b'{"results": [{}, {}, {}], "results": [{}, {}, {}]}'),
    "depth": Reply(deep()),
    "no end": endless(),
    "gzip bomb": Reply(headers={"Content-Encoding": "gzip"}, body=b"\x1f\x8b" + b"\0" * 100),
    "no HTTP": Reply(raw=b"SSH-2.0-x\r\n"),
}


@pytest.mark.parametrize("name", BATCHES)
def test_an_answer_that_is_none_is_never_a_clean_bill(
    context: Context, service: IndexServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACK_OFF_SECONDS", 0.0)
    reply = BATCHES[name]
    if name == "pages without an end":
        one = json_reply({"results": [{"next_page_token": "x"}]})
        service.answer(BATCH, reply, one)
    else:
        service.answer(BATCH, reply)

    with ends(60):
        assert incomplete(context)


DETAILS: dict[str, Reply] = {
    "not there": Reply(status=404),
    "another id": json_reply(BAD | {"id": "GHSA-xxxx-bbbb-cccc"}),
    "another package": json_reply(record(BAD["id"], "PyPI:other", "1.0")),
    "another ecosystem": json_reply(record(BAD["id"], "npm:clock-server", "1.0")),
    "about nothing": json_reply(BAD | {"affected": []}),
    "no object": json_reply([BAD]),
    "no date": json_reply(BAD | {"modified": "soon"}),
    "depth": Reply(deep()),
    "no end": endless(),
}


@pytest.mark.parametrize("name", DETAILS)
def test_a_record_that_is_none_leaves_its_finding_and_the_audit_incomplete(
    context: Context, service: IndexServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BACK_OFF_SECONDS", 0.0)
    service.answer(f"/v1/vulns/{BAD['id']}", DETAILS[name])

    with ends(60):
        report = asked(context)

    assert known(report) == [("clock", "MA106"), ("evil", "MA105")]
    assert [gap.subject for gap in report.unchecked] == ["OSV"]


@pytest.mark.parametrize("path", [BATCH, f"/v1/vulns/{BAD['id']}"])
def test_no_redirect_is_followed(context: Context, service: IndexServer, path: str) -> None:
    with IndexServer() as elsewhere:
        service.answer(path, redirect(f"{elsewhere.origin}{path}", 307))

        assert incomplete(context)
        assert elsewhere.requests == []


@pytest.mark.parametrize("path", [BATCH, f"/v1/vulns/{BAD['id']}"])
def test_an_answer_that_drips_is_cut(
    context: Context, service: IndexServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OSV_SECONDS", 1.0)
    service.answer(path, slow(b" " * 100_000, pause=0.2))

    with ends(60):
        assert incomplete(context)


def test_a_head_that_drips_is_cut(
    context: Context, service: IndexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    def head() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for number in range(400):
            time.sleep(0.2)
            yield f"X-{number}: x\r\n".encode()

    monkeypatch.setattr(limits, "OSV_SECONDS", 1.0)
    service.answer(BATCH, Reply(raw=head))

    with ends(60):
        assert incomplete(context)


def test_a_service_that_is_not_there_ends_with_the_status_of_what_is_incomplete(
    context: Context, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(limits, "BACK_OFF_SECONDS", 0.0)
    with IndexServer() as gone:
        address = gone.origin
    osv.configure(context, address)

    status = cli.run(["audit", "--online", "--fail-on", "critical"])

    assert status == Exit.COULD_NOT
    said = capsys.readouterr().out
    assert "advisories-unavailable" in said
    assert "not all was checked" in said or "not checked: OSV" in said


def test_a_question_is_bounded(context: Context, service: IndexServer) -> None:
    many = {("pypi", f"p{number}", "1.0") for number in range(limits.OSV_PACKAGES + 1)}

    found = audit_online.ask(many, None, context)

    assert found.problem is not None
    assert service.requests == []


def test_more_packages_than_one_question_takes_are_several(
    context: Context, service: IndexServer
) -> None:
    keys = {("pypi", f"p{number:04}", "1.0") for number in range(limits.OSV_QUERIES + 1)}

    found = audit_online.ask(keys | {("pypi", "clock-server", "1.0")}, None, context)

    assert found.problem is None
    assert found.asked == limits.OSV_QUERIES + 2
    assert [one.id for one in found.found["pypi", "clock-server", "1.0"]] == [BAD["id"]]
    assert len([one for one in service.requests if one.path == BATCH]) == 2
