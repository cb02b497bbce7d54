"""`mcpi audit` in every format on names that break out of it: each stays what it is."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.builders.schemas import AUDIT, SARIF, faults
from tests.cli.conftest import Mcpi, Ran

FORMATS = ("text", "json", "sarif", "github", "junit", "markdown")
NAMES = {
    "command": "x\n::error::z",
    "tags": 'a]]></failure><b a="',
    "table": "| a | b |\n|--|",
    "fence": "```\n<script>x</script>",
    "fences": "`" * 600,
    "right to left": "\u202eabc\u2066",
    "half a pair": "\ud800",
    "long": "a" * 1_000_000,
    "percent": "%0A::warning::z",
    "comment": "<!-- x --> &lt;",
    "mention": "@everyone [a](http://b)",
    "placeholder": "{0} \\ [x](y)",
    "no characters": "\x00\x01\x0b\x85\ufffe\uffff",
    "lines": "\u2028::error::z\r::error::z",
    "stop": "::stop-commands::x",
}
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LINE = re.compile(r"::(?:error|warning|notice)(?: file=[^:]*)?::[^:]")
SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "work"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, name: str) -> None:
    servers = {
        name: {"command": name, "args": [name], "env": {name[:999]: name}, "type": name},
        f"{name}2": {"url": f"http://h.example/{name}", "headers": {name[:999]: name}},
        "n": {"command": "npx", "args": ["-y", name]},
        "d": {"command": "docker", "args": ["run", "--privileged", "-v", f"/:{name}", name]},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")


def require_form(form: str, ran: Ran) -> None:
    """Fail unless a report is one of its form, and nothing else."""
    assert ran.status in (1, 5)
    assert not RAW.search(ran.out + ran.err)
    if form in ("json", "sarif"):
        assert faults(json.loads(ran.out), AUDIT if form == "json" else SARIF) == []
    elif form == "junit":
        suite = ET.fromstring(ran.out)  # noqa: S314 (our own output)
        assert {one.tag for one in suite} == {"testcase"}
        assert {inner.tag for one in suite for inner in one} <= {"failure", "error"}
        assert suite.get("tests") == str(len(suite))
    elif form == "github":
        assert all(LINE.match(line) for line in ran.out.splitlines())
    elif form == "markdown":
        assert len(ran.out) <= 65_536
        assert not re.search(r"<(?!br>)|\]\(|@", SPAN.sub("", ran.out))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_out_of_a_format(project: Path, mcpi: Mcpi, form: str, name: str) -> None:
    put(project / ".mcp.json", NAMES[name])

    ran = mcpi("audit", "--format", form, "--persona", "auditor")

    require_form(form, ran)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "folder",
    [b"\xff", b"a\n::error::z", b"a]]><b>", b"%41 %zz#?", b"a|b`c", "\u202e".encode(), b"~"],
)
def test_no_path_breaks_out_of_a_format(
    project: Path, mcpi: Mcpi, form: str, folder: bytes
) -> None:
    path = project / os.fsdecode(folder)
    put(path / ".cursor/mcp.json", "a")
    (path / "broken.json").write_text("[", encoding="utf-8")

    ran = mcpi("audit", "--format", form, "--host", "cursor", str(path), f"{path}/broken.json")

    require_form(form, ran)


@pytest.mark.parametrize("form", FORMATS)
def test_a_password_of_an_address_is_shown_in_no_place(
    project: Path, mcpi: Mcpi, form: str
) -> None:
    word = "hunter" + secrets.token_hex(6)
    put(project / ".mcp.json", f"postgres://u:{word}@h")

    ran = mcpi("audit", "--format", form, "--persona", "auditor")

    assert ran.status == 1
    assert word not in ran.out + ran.err
