"""Attack: text from anywhere but the registry deceives the reader of a screen.

Who: index, proxy, publisher of a wheel, author of a server, another program that writes a host's
file or a record of ours, whoever gives a command to copy.
Stopped by: the screen: whatever is shown is escaped, and no text begins a line of its own.
Twin: `test_an_honest_installation_says_what_it_did`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from mcpinstall.system import limits
from tests.builders import screens, shell, wheels
from tests.builders.command import Command, program
from tests.builders.index_server import IndexServer, Reply, redirect
from tests.builders.servers import TOOLS
from tests.builders.world import USERS_FILES, World, empty

EVIL = "EVIL \x1b[2J\x1b]52;c;eA==\x07\x9b1m\u202e\u200b\rFORGED\x7f\U000e0041\u3164\u0301\u0301"
LINES = f"{EVIL}\nFORGED\r\nerror[bug]: FORGED\n  nothing was changed\x0b\x0c\x85\u2028FORGED"
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file names")


@pytest.fixture
def shop(tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that offers `clock`, and the file of one host."""
    index.replies.clear()
    monkeypatch.setattr(limits, "LONGEST_PAUSE_SECONDS", 0.0)
    made = empty(tmp_path, home, index, monkeypatch)
    made.offer("clock")
    made.file("cursor").parent.mkdir(mode=0o700)
    made.file("cursor").write_bytes(USERS_FILES["cursor"])
    return made


def looked(*arguments: str, shown: str = "EVIL", **options: Any) -> shell.Ran:  # noqa: ANN401
    """Run a command three ways; what it shows of the attack is harmless each time."""
    wide = shell.run(*arguments, **options)
    for ran in (wide, shell.run(*arguments, columns=40, **options)):
        assert ran.faults() == []
        assert shown in ran.seen
    answered = shell.run(arguments[0], "--json", *arguments[1:], person=False, **options)
    assert answered.faults() == []
    assert answered.out.isascii()
    assert isinstance(json.loads(answered.out), dict)
    return wide


# What the user types --------------------------------------------------------------------------

COMMANDS = (
    ["install", EVIL], ["install", f"clock@{EVIL}"], ["install", f"{EVIL}:clock"],
    ["install", "clock", "--host", EVIL], ["install", "clock", "--host", "cursor", "--as", EVIL],
    ["install", "clock", "-H", "cursor", "--set", EVIL],
    ["install", "clock", "-H", "cursor", "--set", f"{EVIL}=1"],
    ["install", "clock", "-H", "cursor", "--set", f"{EVIL}.zone=1"],
    ["install", "clock", "-H", "cursor", "--python", EVIL],
    ["install", "clock", "-H", "cursor", "--allow", EVIL], ["install", f"--{EVIL}"],
    ["uninstall", EVIL], ["reinstall", EVIL], ["configure", EVIL], ["undo", EVIL], ["show", EVIL],
    ["search", EVIL], ["test", EVIL], ["verify", EVIL], ["list", EVIL], ["hosts", EVIL],
    ["cache", "prune", "--days", EVIL], ["cache", EVIL], [EVIL], [f"--{EVIL}"],
)  # fmt: skip


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words)[:30].strip())
def test_what_is_typed_is_said_again_harmlessly(shop: World, arguments: list[str]) -> None:
    for ran in (shell.run(*arguments), shell.run(*arguments, columns=40)):
        assert ran.faults() == []
    answered = shell.run(*arguments, "--json", person=False)

    assert answered.out.isascii()
    assert isinstance(json.loads(answered.out), dict)


def test_arguments_for_the_server_are_shown_whole(shop: World) -> None:
    ran = looked("install", "clock", "-H", "cursor", "--dry-run", "--", EVIL)

    assert ran.status == 0
    assert "    'EVIL \\x1b[2J" in ran.seen


@pytest.mark.parametrize(
    "name",
    ["UV_DEFAULT_INDEX", "MCPI_HOME", "XDG_DATA_HOME", "HTTPS_PROXY", "PATH", "COLUMNS", "TERM"],
)
@pytest.mark.parametrize(
    "value", [EVIL, f"/{EVIL}", f"https://{EVIL}/"], ids=["bare", "path", "url"]
)
def test_a_variable_is_said_harmlessly(
    shop: World, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    for command in (["install", "clock", "-H", "cursor", "--dry-run"], ["hosts", "--all"]):
        assert shell.run(*command).faults() == []


# Index ----------------------------------------------------------------------------------------


def page(shop: World) -> str:
    return "/simple/clock-server/"


def answers(shop: World, reply: Reply) -> None:
    shop.index.answer(page(shop), reply)


HEADER = EVIL.replace("\r", "").encode("latin-1", "replace").decode("latin-1")
INDEXES: Mapping[str, Callable[[World], None]] = {
    "body of an error": lambda shop: answers(shop, Reply(LINES.encode(), status=403)),
    "reason of a status": lambda shop: answers(
        shop, Reply(raw=b"HTTP/1.1 403 " + EVIL.replace("\r", "").encode() + b"\r\n\r\n")
    ),
    "status line": lambda shop: answers(shop, Reply(raw=LINES.encode())),
    "address of a redirect": lambda shop: answers(shop, redirect(f"https://{HEADER}/")),
    "path of a redirect": lambda shop: answers(shop, redirect(f"/{HEADER}")),
    "kind of the page": lambda shop: answers(
        shop, Reply(b"x", headers={"Content-Type": f"text/{HEADER}"})
    ),
    "no page": lambda shop: answers(
        shop, Reply(LINES.encode(), headers={"Content-Type": "application/vnd.pypi.simple.v1+json"})
    ),
    "address of a file": lambda shop: _listed(shop, path=f"https://{EVIL}/x.whl"),
    "digest of a file": lambda shop: _listed(shop, sha256=EVIL),
    "reason of a yank": lambda shop: _listed(shop, yanked=LINES),
}


def _listed(shop: World, **changes: Any) -> None:  # noqa: ANN401
    rows = shop.index.pages["clock-server"]
    shop.index.pages["clock-server"] = {name: replace(row, **changes) for name, row in rows.items()}


@pytest.mark.parametrize("lie", INDEXES.values(), ids=INDEXES)
def test_nothing_of_an_index_is_obeyed(shop: World, lie: Callable[[World], None]) -> None:
    lie(shop)

    ran = looked("install", "clock", "-H", "cursor", "--dry-run", shown="")

    assert ran.status in (0, 3, 5)  # 0: what the lock says decides, not the index


# Wheel ----------------------------------------------------------------------------------------

INFO = "clock_server-1.0.dist-info"
WHEELS: Mapping[str, bytes] = {
    "name of a member": wheels.wheel({f"clock_server/{EVIL}.py": b""}, name="clock_server"),
    "lines in a name": wheels.wheel({f"clock_server/{LINES}.py": b""}, name="clock_server"),
    "name of a package": wheels.wheel(
        {f"{INFO}/METADATA": f"Name: {EVIL}\n".encode()}, name="clock_server"
    ),
    "script": wheels.wheel(
        {f"{INFO}/entry_points.txt": f"[console_scripts]\n{EVIL} = a:b\n".encode()},
        name="clock_server",
    ),
    "start-up hook": wheels.wheel({f"{EVIL}.pth": b"import os"}, name="clock_server"),
    "no archive": LINES.encode(),
}


@pytest.mark.parametrize("data", WHEELS.values(), ids=WHEELS)
def test_nothing_of_a_wheel_is_obeyed(
    tmp_path: Path, home: Path, index: IndexServer, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    index.replies.clear()
    made = empty(tmp_path, home, index, monkeypatch)
    made.offer("clock", data=data)

    ran = looked("install", "clock", "-H", "cursor", "--dry-run", shown="error[")

    assert ran.status == 3


# Server ---------------------------------------------------------------------------------------

_SAID = f"TEXT = {LINES!r}\n"
BODIES: Mapping[str, str] = {
    "standard error": _SAID + "sys.stderr.write(TEXT); sys.exit(1)",
    "standard output": _SAID + "for _ in range(2000): print(json.dumps(TEXT)[1:-1] + TEXT)",
    "error message": _SAID + "for request in requests(): refuse(request, -32000, TEXT)",
    "protocol": _SAID + "for request in requests(): legacy(request, protocol=TEXT)",
    "name of itself": _SAID + "IDENTITY = {'name': TEXT, 'version': TEXT}\n"
    "for request in requests(): modern(request)",
    "broken message": _SAID + "print('{\"jsonrpc\": ' + TEXT.replace(chr(10), ' '), flush=True)\n"
    "for request in requests(): pass",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_nothing_that_a_server_says_is_obeyed(
    shop: World, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.offer("evil", body=body)

    ran = shell.run("install", "evil", "-H", "cursor", "--yes")

    assert ran.faults() == []
    assert ran.status == (0 if "IDENTITY" in body else 5)


@pytest.mark.parametrize("key", ["name", "description", "title"])
def test_nothing_of_a_tool_is_obeyed(shop: World, key: str) -> None:
    changed = [{**TOOLS[0], key: LINES}, TOOLS[1]]
    shop.offer("evil", tools=changed)

    ran = shell.run("install", "evil", "-H", "cursor", "--yes", columns=40)

    assert ran.status == 3
    assert ran.faults() == []
    assert "EVIL" in ran.seen


# Files ----------------------------------------------------------------------------------------

CURSOR: Mapping[str, str] = {
    "name of a server": json.dumps({"mcpServers": {LINES: {"command": "x"}}}, indent=1),
    "raw name": json.dumps({"mcpServers": {EVIL.translate({7: None, 13: None, 27: None}): {}}},
                           ensure_ascii=False),
    "value beside ours": json.dumps({"mcpServers": {"a": {"command": LINES}}}, indent=1),
    "key twice": '{"mcpServers": {"' + EVIL[15:] + '": 1, "' + EVIL[15:] + '": 1}}',
    "no JSON": LINES,
    "kind of a value": json.dumps({"mcpServers": LINES}),
    "carriage returns": '{\r"mcpServers": {\r"a": {"command":\r"FORGED"}\r}\r}\r',
}  # fmt: skip


@pytest.mark.parametrize("content", CURSOR.values(), ids=CURSOR)
def test_nothing_in_the_file_of_a_host_is_obeyed(shop: World, content: str) -> None:
    shop.file("cursor").write_text(content, encoding="utf-8", newline="")

    for command in (["install", "clock", "-H", "cursor", "--dry-run"], ["hosts", "--all"]):
        looked(*command, shown="")


@pytest.mark.parametrize("key", ["EVIL\u202e\u3164", "EVIL[bold]FORGED FORGED FORGED FORGED"])
def test_nothing_in_a_toml_file_is_obeyed(shop: World, key: str) -> None:
    shop.file("codex").parent.mkdir(mode=0o700)
    shop.file("codex").write_text(f'"{key}" = 1\n# {key}\n["x{key}"]\n"{key}" = "{key}"\n')

    looked("install", "clock", "-H", "codex", "--dry-run", shown="Checks")


@posix
def test_the_name_of_a_folder_is_said_harmlessly(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / LINES.replace("/", "")
    folder.mkdir(mode=0o700)
    (folder / "mcp.json").write_text("{}")
    shop.file("cursor").unlink()
    shop.file("cursor").symlink_to(folder / "mcp.json")
    monkeypatch.setenv("CODEX_HOME", str(folder))
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\nprintf %s {shlex.quote(LINES)}; exit 1\n")
    python.chmod(0o700)

    for command in (
        ["install", "clock", "-H", "cursor", "--dry-run"],
        ["install", "clock", "-H", "codex", "--dry-run"],
        ["install", "clock", "-H", "cursor", "--dry-run", "--python", str(python)],
        ["hosts", "--all"],
    ):
        assert shell.run(*command, columns=40).faults() == []


def test_nothing_in_our_own_configuration_is_obeyed(shop: World) -> None:
    folder = shop.context.paths.config
    folder.mkdir(mode=0o700, parents=True)
    text, path = (tomli_w.dumps({"x": x})[4:].strip() for x in (EVIL, f"/{EVIL}"))
    for line in (
        f"{text} = 1", f"name = {text}", f'name = "x"\nkind = {text}',
        f'name = "x"\nkind = "folder"\npath = {text}',
        f'name = "x"\nkind = "folder"\npath = {path}',
        f'name = "{EVIL}"',
    ):  # fmt: skip
        (folder / "config.toml").write_text(f"schema = 1\n[[registries]]\n{line}\n")
        for command in (["show", "clock"], ["show", "x:clock"]):
            assert shell.run(*command, columns=40).faults() == []


def test_nothing_in_a_changed_record_is_obeyed(shop: World) -> None:
    shop.install("clock", hosts=("cursor",))
    records = [path for path in shop.data.rglob("*.json") if "servers" not in path.parts]
    honest = {path: path.read_bytes() for path in records}
    assert len(honest) > 1

    for path, data in honest.items():
        for changed in (_everywhere(data, LINES), LINES.encode(), data[:-30]):
            path.write_bytes(changed)
            for command in ("list", "history", "verify", "undo", "uninstall"):
                name = ["clock"] if command == "uninstall" else []
                dry = ["--dry-run"] if command in ("undo", "uninstall") else []
                assert shell.run(command, *name, *dry, columns=40).faults() == [], path
            path.write_bytes(data)


def _everywhere(data: bytes, text: str) -> bytes:
    """Return a record with a text in the place of every text."""

    def changed(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        return text if isinstance(value, str) else value

    return json.dumps(changed(json.loads(data))).encode()


# A real terminal ------------------------------------------------------------------------------


def at_a_terminal(command: Command, *words: str, typed: bytes, columns: int) -> str:
    """Run the command in a terminal of its own and return every character that it got."""
    import pty
    import termios

    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (24, columns))
    around = {**os.environ, "HOME": str(command.home), "PYTHONPATH": str(command.source)}
    around |= {**command.variables, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        [program(), *words], env=around, cwd=command.cwd, stdin=its, stdout=its, stderr=its,
        start_new_session=True,
    ):  # fmt: skip
        os.close(its)
        got, answers = b"", typed.splitlines(keepends=True)
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(ours, 65536):
                got += chunk
                if answers and got.endswith(b"? help] "):
                    os.write(ours, answers.pop(0))
    os.close(ours)
    return got.decode()


@posix
@pytest.mark.parametrize("columns", [40, 80])
def test_a_real_terminal_gets_no_code_but_our_own(shop: World, columns: int) -> None:
    shop.file("cursor").write_text(json.dumps({"mcpServers": {LINES: {}}}, indent=1))

    got = at_a_terminal(
        shop.command(), "install", "clock", "-H", "cursor", "--", EVIL, LINES,
        typed=b"d\nc\n?\nn\n", columns=columns,
    )  # fmt: skip

    seen = shell.without_progress(got.replace("\r\n", "\n"))
    assert screens.hidden(seen, colour=True) == []
    assert screens.forged(seen) == []
    assert screens.too_wide(screens.without_colour(seen), columns) == []
    assert seen.count("? help] ") == 4
    assert "error[declined]" in seen
    assert "\x1b[1m" in seen


# Honest ---------------------------------------------------------------------------------------


def test_an_honest_installation_says_what_it_did(shop: World) -> None:
    ran = shell.run("install", "clock", "-H", "cursor", "--yes")

    assert (ran.status, ran.faults()) == (0, [])
    assert "Installed clock 1.0" in ran.seen
