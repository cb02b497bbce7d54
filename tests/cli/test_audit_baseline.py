"""A baseline of `mcpi audit`: what it holds, and what changed since it was written (MA502)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.builders.canaries import random_text, token
from tests.builders.watchdog import ends
from tests.cli.conftest import Mcpi

SERVER = {"command": "npx", "args": ["-y", "clock@1.0.0"], "env": {"ZONE": "UTC"}}


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "code"
    (folder / ".git").mkdir(mode=0o700, parents=True)
    folder.chmod(0o700)
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, **servers: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"mcpServers": servers}, indent=2), encoding="utf-8")
    path.chmod(0o600)


def found(mcpi: Mcpi, *words: str) -> list[dict[str, Any]]:
    answer = json.loads(mcpi("audit", "--json", "--baseline", "known.json", *words).out)
    return [one for one in answer["findings"] if one["rule"] == "MA502"]


def test_nothing_is_said_of_changes_without_a_baseline(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER)

    assert mcpi("audit").status == 0
    assert mcpi("audit", "--save-baseline", "known.json").status == 0
    assert mcpi("audit", "--baseline", "known.json").status == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"args": ["-y", "clock@1.0.1"]}, "`command` is another"),
        ({"command": "bunx"}, "`command` is another"),
        ({"env": {"ZONE": "CET"}}, "`env/ZONE` is another"),
        ({"env": {"ZONE": "UTC", "NODE_ENV": "x"}}, "`env/NODE_ENV` is new"),
        ({"env": {}}, "`env/ZONE` is gone"),
        ({"cwd": "/srv"}, "`directory` is new"),
        ({"envFile": "/srv/env"}, "`envFile` is new"),
        ({"headersHelper": "/srv/x"}, "`headersHelper` is new"),
    ],
)
def test_each_field_that_changed_is_named(
    project: Path, mcpi: Mcpi, change: dict[str, object], said: str
) -> None:
    put(project / ".mcp.json", clock=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    put(project / ".mcp.json", clock={**SERVER, **change})

    (one,) = found(mcpi)

    assert one["message"] == f"`clock` changed since the baseline was written: {said}"
    assert (one["severity"], one["server"], one["counts"]) == ("high", "clock", True)
    assert mcpi("audit", "--baseline", "known.json").status == 1


def test_a_server_or_a_file_that_is_new_is_told(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    put(project / ".mcp.json", clock=SERVER, other=SERVER)
    put(project / ".cursor/mcp.json", clock=SERVER)

    assert [(one["file"], one["server"]) for one in found(mcpi)] == [
        (".cursor/mcp.json", "clock"), (".mcp.json", "other"),
    ]  # fmt: skip
    assert "was not there when the baseline was written" in found(mcpi)[0]["message"]


def test_form_order_and_switching_off_are_no_change(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER, other={**SERVER, "env": {"A": "1", "B": "2"}})
    mcpi("audit", "--save-baseline", "known.json")
    other = {"disabled": True, "env": {"B": "2", "A": "1"}, **{k: SERVER[k] for k in ("args",)}}
    text = json.dumps({"mcpServers": {"other": {**other, "command": "npx"}, "clock": SERVER}})
    (project / ".mcp.json").write_text(f"// a comment\n{text}\n\n", encoding="utf-8")

    assert found(mcpi) == []


def test_a_server_that_is_gone_is_no_finding(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER, other=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    put(project / ".mcp.json", clock=SERVER)

    assert found(mcpi) == []


def test_a_new_secret_is_no_change_and_leaves_no_trace_in_the_file(
    project: Path, mcpi: Mcpi
) -> None:
    def write(secret: str, word: str) -> bytes:
        put(project / ".mcp.json", clock={
            "command": "x", "args": ["--password", word, f"--token={secret}", "--pin", word],
            "env": {"API_KEY": secret, "PIN": word, "LOGIN_CODE": word},
            "headers": {"Authorization": f"Bearer {secret}", "X-Anything": word},
            "url": f"https://ana:{word}@a.example/s/{secret}/mcp?key={secret}",
        })  # fmt: skip
        mcpi("audit", "--save-baseline", "known.json")
        return (project / "known.json").read_bytes()

    first = json.loads(write(token("github"), "hunter2"))["files"]
    second = json.loads(write(random_text(40), "1234"))["files"]

    assert first == second


def test_a_baseline_is_the_same_file_wherever_it_is_written(
    project: Path, mcpi: Mcpi, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = project / "a/b"
    inner.mkdir(parents=True)
    put(project / ".mcp.json", clock=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    monkeypatch.chdir(inner)
    mcpi("audit", "--save-baseline", "known.json")

    assert (inner / "known.json").read_bytes() == (project / "known.json").read_bytes()
    assert str(project.parent) not in (inner / "known.json").read_text()


def test_claude_codes_servers_of_projects_are_kept_without_the_home_folder(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    projects = {str(project): {"mcpServers": {"clock": SERVER}}}
    path = home / ".claude.json"
    path.write_text(json.dumps({"projects": projects}))
    path.chmod(0o600)
    mcpi("audit", "--save-baseline", "known.json")

    assert "~1".join(["", *home.parts[1:]]) not in (project / "known.json").read_text()
    assert found(mcpi) == []
    projects[str(project)]["mcpServers"]["clock"] = {**SERVER, "command": "bunx"}
    path.write_text(json.dumps({"projects": projects}))
    assert len(found(mcpi)) == 1


def test_what_is_known_stays_known_when_the_baseline_is_written_again(
    project: Path, mcpi: Mcpi
) -> None:
    put(project / ".mcp.json", docs={"type": "http", "url": "http://a.example.com/mcp"})
    mcpi("audit", "--save-baseline", "known.json")
    before = (project / "known.json").read_bytes()

    mcpi("audit", "--baseline", "known.json", "--save-baseline", "known.json")

    assert (project / "known.json").read_bytes() == before


def test_to_write_it_again_approves_what_changed(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    put(project / ".mcp.json", clock={**SERVER, "command": "bunx"})

    again = mcpi("audit", "--baseline", "known.json", "--save-baseline", "known.json")

    assert again.status == 1
    assert mcpi("audit", "--baseline", "known.json").status == 0


def test_code_of_a_project_is_approved_with_its_entry(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock={"command": "node", "args": ["./server.js"]})
    assert "MA209" in mcpi("audit", "--save-baseline", "known.json").out
    document = json.loads((project / "known.json").read_text())
    (project / "known.json").write_text(json.dumps({**document, "fingerprints": []}))

    assert mcpi("audit", "--baseline", "known.json").status == 0
    put(project / ".mcp.json", clock={"command": "node", "args": ["./server.js", "--all"]})
    assert "MA209" in mcpi("audit", "--baseline", "known.json").out


def test_an_older_baseline_is_read_and_says_what_it_lacks(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", docs={"type": "http", "url": "http://a.example.com/mcp"})
    known = [one["fingerprint"] for one in json.loads(mcpi("audit", "--json").out)["findings"]]
    first = {"schema": "mcpi.audit-baseline/v1", "fingerprints": known}
    (project / "known.json").write_text(json.dumps(first))
    put(
        project / ".mcp.json",
        docs={"type": "http", "url": "http://a.example.com/mcp"}, clock=SERVER,
    )  # fmt: skip

    ran = mcpi("audit", "--baseline", "known.json")

    assert ran.status == 0
    assert "the baseline is of an older form" in ran.out


DIGEST = "0" * 64
V2: dict[str, Any] = {"schema": "mcpi.audit-baseline/v2", "fingerprints": [], "files": {}}


@pytest.mark.parametrize(
    "document",
    [
        [], None, 3, {}, {**V2, "schema": 2}, {**V2, "schema": "mcpi.audit-baseline/v3"},
        {**V2, "fingerprints": {}}, {**V2, "fingerprints": [3]}, {**V2, "fingerprints": ["x"]},
        {**V2, "fingerprints": [[]]}, {**V2, "files": []}, {**V2, "files": {"a": 3}},
        {**V2, "files": {"a": {"b": {}}}}, {**V2, "files": {"a": {"b": [3]}}},
        {**V2, "files": {"a": {"b": [{"command": 3}]}}},
        {**V2, "files": {"a": {"b": [{"command": "hunter2"}]}}},
        {**V2, "files": {"a": {"b": [{"command": [DIGEST]}]}}},
        {"schema": "mcpi.audit-baseline/v2", "fingerprints": []},
    ],
)  # fmt: skip
def test_a_baseline_of_another_shape_is_one_error(
    project: Path, mcpi: Mcpi, document: object
) -> None:
    put(project / ".mcp.json", clock=SERVER)
    (project / "known.json").write_text(json.dumps(document))

    ran = mcpi("audit", "--baseline", "known.json", "--json")

    assert ran.status == 5
    assert json.loads(ran.out)["error"]["code"] == "config-invalid"


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 200_000, b'{"a":' * 200_000, b"\xff\xfe", b"", b"{}" * 2, b"1" * 200_000,
        b'{"schema":"mcpi.audit-baseline/v2","files":{},"fingerprints":[NaN]}',
        b" " * (16 * 1024 * 1024 + 1),
    ],
    ids=["deep list", "deep object", "not UTF-8", "empty", "two", "long number", "NaN", "huge"],
)  # fmt: skip
def test_a_hostile_baseline_is_one_error(project: Path, mcpi: Mcpi, text: bytes) -> None:
    (project / "known.json").write_bytes(text)

    with ends(30):
        ran = mcpi("audit", "--baseline", "known.json")

    assert ran.status == 5
    assert "Traceback" not in ran.err
    assert ran.out == ""


def test_a_baseline_of_many_servers_is_read(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", clock=SERVER)
    mcpi("audit", "--save-baseline", "known.json")
    document = json.loads((project / "known.json").read_text())
    entry = {f"env/A{number}": DIGEST for number in range(100)}
    document["files"] |= {f"f{number}": {"/mcpServers/x": [entry]} for number in range(1000)}
    document["files"][".mcp.json"]["/mcpServers/clock"] += [entry] * 1000
    (project / "known.json").write_text(json.dumps(document))

    with ends(30):
        assert mcpi("audit", "--baseline", "known.json").status == 0


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_baseline_takes_the_place_of_no_device(project: Path, mcpi: Mcpi) -> None:
    """As root `/dev/stdout` or `/dev/null` would be a plain file from then on."""
    put(project / ".mcp.json", clock=SERVER)
    os.mkfifo(project / "pipe")
    reader = os.open(project / "pipe", os.O_RDONLY | os.O_NONBLOCK)

    assert mcpi("audit", "--save-baseline", "pipe").status == 0

    assert json.loads(os.read(reader, 65_536))["schema"]
    os.close(reader)
    assert (project / "pipe").is_fifo()
