"""What a launch starts in the end, behind its wrappers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.audited import Value
from mcpinstall.rules.audit.unwrap import unwrap
from tests.builders.watchdog import ends


def values(*argv: str) -> tuple[Value, ...]:
    return tuple(Value(text=one, pointer=f"/args/{number}") for number, one in enumerate(argv))


@pytest.mark.parametrize(
    ("argv", "launch", "wrappers"),
    [
        (["npx", "-y", "a"], "npx -y a", ""),
        (["npx -y a"], "npx -y a", ""),
        (["npx -y", "a"], "npx -y a", ""),
        (["/usr/bin/npx -y a"], "/usr/bin/npx -y a", ""),
        (["C:\\Program Files\\a server\\it.exe"], "C:\\Program Files\\a server\\it.exe", ""),
        (["/opt/My Server/run"], "/opt/My Server/run", ""),
        (["env", "A=b", "-i", "C=d"], "-i C=d", "env"),
        (["env", "A=b", "npx", "a"], "npx a", "env"),
        (["/usr/bin/env", "-u", "X", "--", "npx", "a"], "npx a", "env"),
        (["/usr/bin/env", "-S", "A=b npx -y a", "c"], "npx -y a c", "env"),
        (["/usr/bin/env", "--split-string=npx -y a"], "npx -y a", "env"),
        (["cmd", "/c", "npx", "-y", "a"], "npx -y a", "cmd"),
        (["cmd.exe", "/d", "/s", "/C", "npx -y a"], "npx -y a", "cmd"),
        (["C:\\Windows\\System32\\cmd.exe", "/c", "npx", "a"], "npx a", "cmd"),
        (["cmd", "/c", "npx -y a & calc"], "cmd /c npx -y a & calc", ""),
        (["cmd", "/c", "npx", "mcp-remote", "https://h.example/?a=1&b=2"],
         "npx mcp-remote https://h.example/?a=1&b=2", "cmd"),
        (["nice", "-n", "5", "npx", "a"], "npx a", "nice"),
        (["timeout", "-k", "5", "60s", "npx", "a"], "npx a", "timeout"),
        (["stdbuf", "-oL", "-e", "0", "npx", "a"], "npx a", "stdbuf"),
        (["dotenvx", "run", "-f", ".env", "--", "npx", "a"], "npx a", "dotenvx"),
        (["op", "run", "--env-file=.env", "--", "npx", "a"], "npx a", "op"),
        (["op", "item", "--", "npx", "a"], "op item -- npx a", ""),
        (["doppler", "run", "--", "npx", "a"], "npx a", "doppler"),
        (["infisical", "run", "--env=dev", "--", "npx", "a"], "npx a", "infisical"),
        (["npx", "-y", "envmcp", "--env-file", "x", "npx", "a"], "npx a", "envmcp"),
        (["npx", "@dotenvx/dotenvx@1.0.0", "run", "--", "a"], "a", "@dotenvx/dotenvx"),
        (["npx", "-y", "mcp-remote", "https://h.example"], "npx -y mcp-remote https://h.example",
         ""),
        (["sh", "-c", "exec npx -y a"], "npx -y a", "sh"),
        (["bash", "-lc", "exec 'my server' --x"], "my server --x", "bash"),
        (["bash", "-l", "-c", 'exec "$@"', "--", "npx", "a"], "npx a", "bash"),
        (["bash", "-lc", "A=b npx a"], "npx a", "bash"),
        (["bash", "-c", "cd x && npx a"], "bash -c cd x && npx a", ""),
        (["bash", "script.sh", "-c", "x"], "bash script.sh -c x", ""),
        (["powershell", "-NoProfile", "-Command", "npx -y a"], "npx -y a", "powershell"),
        (["sudo", "-u", "root", "A=b", "npx", "a"], "npx a", "sudo"),
        (["cmd", "/c", "env", "A=b", "nice", "npx", "a"], "npx a", "cmd env nice"),
        (["env"], "env", ""),
        ([], "", ""),
    ],
)  # fmt: skip
def test_what_is_started(argv: list[str], launch: str, wrappers: str) -> None:
    found = unwrap(values(*argv))

    assert " ".join(one.text for one in found.launch) == launch
    assert " ".join(found.wrappers) == wrappers


def test_variables_of_wrappers_are_told_with_their_place() -> None:
    found = unwrap(values("env", "A=b", "B=", "npx", "a"))

    assert [(one.name, one.value.text, one.value.pointer) for one in found.variables] == [
        ("A", "b", "/args/1"), ("B", "", "/args/2"),
    ]  # fmt: skip


def test_words_of_a_script_have_the_place_of_the_script() -> None:
    found = unwrap(values("sh", "-c", "exec npx -y a"))

    assert {one.pointer for one in found.launch} == {"/args/2"}


@pytest.mark.parametrize(
    ("argv", "url"),
    [
        (["npx", "-y", "mcp-remote", "https://h.example/mcp"], "https://h.example/mcp"),
        (["npx", "mcp-remote@0.1.2", "http://h.example", "--allow-http"], "http://h.example"),
        (["cmd", "/c", "npx", "mcp-remote", "https://h.example"], "https://h.example"),
        (["npx", "-y", "supergateway", "--sse", "https://h.example"], "https://h.example"),
        (["uvx", "mcp-proxy==1.0", "--x=1", "https://h.example"], "https://h.example"),
        (["npx", "-y", "supergateway", "--sse=https://h.example"], "https://h.example"),
        (["npx", "-y", "server", "https://h.example"], None),
        (["npx", "-y", "mcp-remote"], None),
    ],
)
def test_the_target_of_a_bridge(argv: list[str], url: str | None) -> None:
    found = unwrap(values(*argv)).url

    assert (found.text if found else None) == url


@given(st.lists(st.sampled_from(
    ["env", "cmd", "/c", "sh", "-c", "-S", "A=b", "--", "nice", "npx", "'", '"', "x y", "", "sudo",
     "npx -y 'a", "powershell", "-enc", "op", "run", "envmcp", 'exec "$@"', "timeout"],
) | st.text(max_size=20), max_size=12))  # fmt: skip
def test_it_never_fails_and_invents_no_place(argv: list[str]) -> None:
    found = unwrap(values(*argv))

    assert {one.pointer for one in found.launch} <= {one.pointer for one in values(*argv)}
    assert len(found.layers) == len(found.wrappers) + 1


@pytest.mark.parametrize("start", [["sh", "-c"], ["cmd", "/c"], ["env", "-S"], ["powershell", "-c"],
                                   []])  # fmt: skip
@pytest.mark.parametrize("piece", ["a ", "'", '"', '"\\', "''\"\"", "$(", "env ", "A=b ", "\\"])
def test_five_megabytes_take_no_time_of_their_square(start: list[str], piece: str) -> None:
    with ends(20):
        unwrap(values(*start, piece * (5_000_000 // len(piece))))
