"""Attack: the server that is probed attacks the probe.

Who: the author of a server, after the yes: its code runs as the user.
Stopped by: `system.conversation` (bounds on bytes, lines and time), `probing.messages` (bounds
on noise and calls), `system.process_tree` (nothing that the server started outlives the verdict).
Twin: `test_an_honest_server_passes_the_same_bounds`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.system import limits
from tests.builders.servers import MODERN, TOOLS, probed, server

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the subreaper of Linux")

LISTING = """
for request in requests():
    if request["method"] == "tools/list":
        {}
    else:
        modern(request)
"""


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds and megabytes that a test can spend."""
    monkeypatch.setattr(limits, "PROBE_DISCOVER_SECONDS", 4.0)
    monkeypatch.setattr(limits, "PROBE_OUTPUT", 2 * 1024 * 1024)


def refusal(tmp_path: Path, body: str, *, seconds: float = 6.0) -> str:
    """The message of the failure, which comes in time."""
    started = time.monotonic()
    with pytest.raises(McpInstallError) as refused:
        probed(server(tmp_path, body), seconds=seconds)
    assert refused.value.code is ErrorCode.PROBE_FAILED
    assert refused.value.message.isprintable()
    assert time.monotonic() - started < seconds + 3
    return refused.value.message


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_flood_of_bytes_is_cut_off(tmp_path: Path) -> None:
    message = refusal(tmp_path, "while True: sys.stdout.write('x' * 65536)")

    assert "sent more than 2097152 bytes" in message


def test_one_endless_line_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PROBE_OUTPUT", 1 << 30)

    message = refusal(tmp_path, "while True: sys.stdout.write('x' * 65536)")

    assert "line longer than" in message


def test_a_flood_of_notifications_is_cut_off(tmp_path: Path) -> None:
    body = "while True: write({'method': 'notifications/message', 'params': {}})"

    assert "sent more than" in refusal(tmp_path, body)


def test_notifications_do_not_prolong_the_time(tmp_path: Path) -> None:
    body = "while True: write({'method': 'notifications/message'}); time.sleep(0.01)"

    assert "in time" in refusal(tmp_path, body, seconds=2)


def test_noise_without_end_is_refused(tmp_path: Path) -> None:
    body = "while True: print('\\x1b[31mloading', flush=True)"

    assert "such as `\\x1b[31mloading`" in refusal(tmp_path, body)


def test_a_flood_of_errors_is_read_away_and_only_its_end_kept(tmp_path: Path) -> None:
    body = (
        """
import threading
def flood():
    while True: sys.stderr.write("y" * 65535 + "\\n")
threading.Thread(target=flood, daemon=True).start()
"""
        + MODERN
    )

    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)


def test_an_answer_that_drips_is_given_up(tmp_path: Path) -> None:
    body = "while True: sys.stdout.write('{'); sys.stdout.flush(); time.sleep(0.05)"

    assert "in time" in refusal(tmp_path, body, seconds=2)


@pytest.mark.parametrize("cursor", ['"again"', "str(time.monotonic())"])
def test_pages_without_end_are_refused(tmp_path: Path, cursor: str) -> None:
    body = LISTING.format(f'answer(request, {{"tools": [], "nextCursor": {cursor}}})')

    message = refusal(tmp_path, body)

    assert "never ends" in message or "more than 100 pages" in message


def test_tools_without_end_are_refused(tmp_path: Path) -> None:
    body = LISTING.format(
        'answer(request, {"tools": [{"name": f"{time.monotonic()}-{n}"} for n in range(300)], '
        '"nextCursor": str(time.monotonic())})'
    )

    assert "more than 1000 tools" in refusal(tmp_path, body)


def test_a_tool_list_too_large_for_its_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TOOLS_BYTES", 1000)
    body = LISTING.format('answer(request, {"tools": [{"name": "a", "x": "y" * 1000}]})')

    assert "larger than 1000 bytes" in refusal(tmp_path, body)


def test_questions_without_end_are_not_answered(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request.get("method") == "initialize":
        while True: write({"id": 1, "method": "ping"})
    elif "id" in request:
        refuse(request, -32601)
"""
    assert "asks its client too much" in refusal(tmp_path, body)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('"[" * 100000 + "]" * 100000', "nests deeper than 64"),
        ('"1" * 5000', "broken message"),
        ("'\"\\\\udfff'", "broken message"),
        ('"NaN"', "NaN is not JSON"),
        ('"1e999"', "number that is too large"),
    ],
)
def test_json_that_breaks_its_reader_is_refused(tmp_path: Path, value: str, reason: str) -> None:
    body = LISTING.format(
        """print('{"jsonrpc": "2.0", "id": 2, "result": {"tools": [{"name": "a", "x": '
            + VALUE + "}]}}", flush=True)""".replace("VALUE", value)
    )

    assert reason in refusal(tmp_path, body)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    body = LISTING.format('os.write(1, b\'{"jsonrpc": "2.0", "id": 2, "x": "\\xff"}\\n\')')

    assert "not UTF-8" in refusal(tmp_path, body)


def test_a_server_that_closes_its_output_and_stays_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    body = f"open({str(pid)!r}, 'w').write(str(os.getpid())); os.close(1); time.sleep(60)"

    assert "closed its output" in refusal(tmp_path, body)
    assert not is_alive(int(pid.read_text()))


def test_a_server_that_ignores_every_signal_it_can_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    body = f"""
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
open({str(pid)!r}, "w").write(str(os.getpid()))
for request in requests(): modern(request)
time.sleep(60)
"""
    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)
    assert not is_alive(int(pid.read_text()))


DAEMON = """
def daemon(work, path={path!r}):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            open(path, "w").write(str(os.getpid()))
            work()
        os._exit(0)
    os.wait()
    while not os.path.exists(path) or not open(path).read(): time.sleep(0.01)
"""


@linux
def test_a_daemon_does_not_outlive_the_verdict(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    body = DAEMON.format(path=str(path)) + "daemon(lambda: time.sleep(60))\n" + MODERN

    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)
    assert not is_alive(int(path.read_text()))


def test_without_a_subreaper_the_process_group_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, where a daemon that makes its own session escapes."""
    monkeypatch.setattr(sys, "platform", "darwin")
    path = tmp_path / "pid"
    body = f"""
if os.fork() == 0:
    open({str(path)!r}, "w").write(str(os.getpid()))
    time.sleep(60)
while not os.path.exists({str(path)!r}): time.sleep(0.01)
{MODERN}
"""
    probed(server(tmp_path, body))

    pid = int(path.read_text())
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(pid)


@linux
def test_a_daemon_that_keeps_the_pipes_does_not_hold_the_probe(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    body = DAEMON.format(path=str(path)) + "daemon(lambda: time.sleep(60)); sys.exit(1)"

    assert "in time" in refusal(tmp_path, body, seconds=2)
    assert not is_alive(int(path.read_text()))


@linux
def test_a_daemon_that_hops_from_process_to_process_is_caught(tmp_path: Path) -> None:
    path = tmp_path / "hops"
    hop = """
def hop():
    while True:
        if os.fork(): os._exit(0)
        os.setsid()
        open({path!r}, "a").write("x")
        time.sleep(0.002)
"""
    pid = tmp_path / "pid"
    body = DAEMON.format(path=str(pid)) + hop.format(path=str(path)) + "daemon(hop)\n" + MODERN

    probed(server(tmp_path, body))

    hops = path.stat().st_size
    time.sleep(0.3)
    assert path.stat().st_size == hops


@linux
def test_many_grandchildren_with_misleading_names_are_caught(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    body = f"""
for number in range(20):
    if os.fork() == 0:
        if number % 2: os.setsid()
        open("/proc/self/comm", "w").write(") R 1 1 1 (")
        if os.fork() == 0: number += 100
        open({str(pids)!r}, "a").write(f"{{os.getpid()}} ")
        time.sleep(60)
while len(open({str(pids)!r}).read().split()) < 40: time.sleep(0.01)
{MODERN}
"""
    probed(server(tmp_path, body))

    assert [pid for pid in pids.read_text().split() if is_alive(int(pid))] == []


@linux
def test_what_can_not_be_ended_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of another user, such as a set-uid program, is beyond our signals."""
    monkeypatch.setattr(limits, "PROBE_SWEEP_SECONDS", 0.2)
    path = tmp_path / "pid"
    body = DAEMON.format(path=str(path)) + "daemon(lambda: time.sleep(3))\n" + MODERN
    kill = os.kill
    monkeypatch.setattr(os, "kill", lambda pid, number: None)

    message = refusal(tmp_path, body)

    pid = int(path.read_text())
    kill(pid, 9)
    os.waitpid(pid, 0)
    assert message == f"processes that the server started could not be ended: {pid}"


def test_an_honest_server_passes_the_same_bounds(tmp_path: Path) -> None:
    assert probed(server(tmp_path)).tools == canonical_tools(TOOLS)
