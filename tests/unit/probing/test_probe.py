"""A server is asked the modern way, then the legacy way, and every failure is a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.environment import Command
from mcpinstall.model.tool_text import canonical_tools
from mcpinstall.probing import answers_check
from mcpinstall.system import limits
from mcpinstall.system.machine import Machine
from tests.builders.servers import CLOCK, LEGACY, MODERN, TOOLS, probed, server


def refusal(command: Command, *, seconds: float = 10.0) -> McpInstallError:
    with pytest.raises(McpInstallError) as refused:
        probed(command, seconds=seconds)
    assert refused.value.code is ErrorCode.PROBE_FAILED
    return refused.value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second of silence is enough to mean a legacy server."""
    monkeypatch.setattr(limits, "PROBE_DISCOVER_SECONDS", 0.5)


def test_a_modern_server_shows_its_tools_sorted(tmp_path: Path) -> None:
    result = probed(server(tmp_path, MODERN))

    assert result.tools == canonical_tools(TOOLS)
    assert result.protocol == "2026-07-28"
    assert result.server == "clock 1.0"
    assert 0 < result.seconds < 10


def test_a_legacy_server_is_asked_in_a_fresh_process(tmp_path: Path) -> None:
    body = "open({!r}, 'a').write('started ')\n" + LEGACY

    result = probed(server(tmp_path, body.format(str(tmp_path / "starts"))))

    assert result.tools == canonical_tools(TOOLS)
    assert result.protocol == "2025-11-25"
    assert (tmp_path / "starts").read_text() == "started started "


def test_an_older_revision_is_taken_as_the_server_names_it(tmp_path: Path) -> None:
    body = "for request in requests(): legacy(request, protocol='2024-11-05')"

    assert probed(server(tmp_path, body)).protocol == "2024-11-05"


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_silent_on_discover_and_then_dead_is_legacy(tmp_path: Path) -> None:
    body = """
seen_unknown = False
for request in requests():
    if request["method"] == "server/discover":
        seen_unknown = True
    elif seen_unknown:
        sys.exit(1)
    else:
        legacy(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2025-11-25"


def test_a_server_that_dies_of_discover_is_legacy(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request["method"] == "server/discover":
        sys.exit(3)
    legacy(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2025-11-25"


@pytest.mark.usefixtures("impatient")
def test_a_modern_server_that_starts_slowly_is_asked_once_more(tmp_path: Path) -> None:
    body = """
time.sleep(1)
for request in requests():
    if request["method"] == "initialize":
        refuse(request, -32601, "this server speaks 2026-07-28")
    else:
        modern(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2026-07-28"


@pytest.mark.parametrize(
    ("supported", "protocol"),
    [(["2025-11-25"], "2025-11-25"), (["2027-01-01", "2025-06-18"], "2025-11-25")],
)
def test_a_modern_error_that_names_an_older_revision_leads_to_it(
    tmp_path: Path, supported: list[str], protocol: str
) -> None:
    body = f"""
for request in requests():
    if request["method"] == "server/discover":
        refuse(request, -32022, data={{"supported": {supported}, "requested": "2026-07-28"}})
    else:
        legacy(request)
"""
    assert probed(server(tmp_path, body)).protocol == protocol


def test_a_server_that_discovers_an_older_revision_only_is_legacy(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request["method"] == "server/discover":
        answer(request, {"supportedVersions": ["2025-11-25"]})
    else:
        legacy(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2025-11-25"


@pytest.mark.parametrize("supported", ["'2026-07-28'", "{}", "[5]", "[]"])
def test_a_discovery_without_revisions_means_legacy(tmp_path: Path, supported: str) -> None:
    body = f"""
for request in requests():
    if request["method"] == "server/discover":
        answer(request, {{"supportedVersions": {supported}}})
    else:
        legacy(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2025-11-25"


def test_a_server_that_refuses_both_ways_is_a_failure(tmp_path: Path) -> None:
    error = refusal(server(tmp_path, "for request in requests(): refuse(request, -32603, 'no')"))

    assert error.message == "the server refused `initialize`: no"


def test_a_server_of_the_future_is_told_apart(tmp_path: Path) -> None:
    body = """
for request in requests():
    refuse(request, -32022, data={"supported": ["2027-01-01"], "requested": "2026-07-28"})
"""
    error = refusal(server(tmp_path, body))

    assert "`" not in error.message
    assert error.message.endswith("revisions unknown here: 2027-01-01")
    assert "newer mcpinstall" in error.hint


def test_every_modern_request_says_who_asks_and_how(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"""
for request in requests():
    open({str(seen)!r}, "a").write(json.dumps(request) + "\\n")
    modern(request)
"""
    probed(server(tmp_path, body))

    requests = [json.loads(line) for line in seen.read_text().splitlines()]
    assert [request["method"] for request in requests] == ["server/discover", "tools/list"]
    for request in requests:
        meta = request["params"]["_meta"]
        assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert meta["io.modelcontextprotocol/clientInfo"]["name"] == "mcpinstall"
        assert meta["io.modelcontextprotocol/clientCapabilities"] == {}


def test_all_pages_are_asked_for_and_an_empty_cursor_is_a_cursor(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request["method"] == "tools/list":
        page = {None: 0, "": 1, "last": 2}[request["params"].get("cursor")]
        more = [{"nextCursor": ""}, {"nextCursor": "last"}, {}][page]
        answer(request, {"tools": [{"name": f"tool-{page}"}], **more})
    else:
        modern(request)
"""
    result = probed(server(tmp_path, body))

    assert [tool["name"] for tool in result.tools.tools] == ["tool-0", "tool-1", "tool-2"]  # type: ignore[index,call-overload]


def test_a_legacy_server_that_asks_back_gets_its_answers(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request.get("method") == "tools/list":
        listing = request
        write({"method": "notifications/message", "params": {"level": "info", "data": "hello"}})
        write({"id": "p", "method": "ping"})
        write({"id": 7, "method": "sampling/createMessage", "params": {}})
    elif request.get("id") == "p":
        assert request["result"] == {}
    elif request.get("id") == 7:
        assert request["error"]["code"] == -32601
        answer(listing, {"tools": TOOLS})
    else:
        legacy(request)
"""
    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)


def test_a_modern_server_gets_no_answers(tmp_path: Path) -> None:
    body = """
for request in requests():
    write({"id": 1, "method": "ping"})
    assert "result" not in request
    modern(request)
"""
    assert probed(server(tmp_path, body)).protocol == "2026-07-28"


def test_a_few_lines_of_banner_are_tolerated(tmp_path: Path) -> None:
    body = """
print("Welcome!", "", '{"level": "info"}', "[1, 2", "\\u2603", sep="\\n", flush=True)
for request in requests(): modern(request)
"""
    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)


def test_line_ends_of_windows_are_understood(tmp_path: Path) -> None:
    body = 'sys.stdout.reconfigure(newline="\\r\\n")\n' + MODERN

    assert probed(server(tmp_path, body)).tools == canonical_tools(TOOLS)


def test_a_server_without_tools_has_an_empty_list(tmp_path: Path) -> None:
    body = """
for request in requests():
    if request["method"] == "initialize":
        answer(request, {"protocolVersion": "2025-06-18", "capabilities": {}})
    elif "id" in request:
        refuse(request, -32601)
"""
    result = probed(server(tmp_path, body))

    assert result.tools.tools == ()
    assert result.server == ""


def test_a_crash_shows_the_status_and_the_last_words(tmp_path: Path) -> None:
    error = refusal(server(tmp_path, "print('no database \\x1b[2J', file=sys.stderr); sys.exit(4)"))

    assert error.message == "the server ended with status 4 before it answered `initialize`"
    assert error.evidence == "no database \x1b[2J"


def test_a_signal_is_named(tmp_path: Path) -> None:
    error = refusal(server(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)"))

    assert error.message == "the server ended by signal 11 before it answered `initialize`"


def test_a_program_that_is_not_there_can_not_be_started(tmp_path: Path) -> None:
    error = refusal(Command(executable=str(tmp_path / "none"), arguments=()))

    assert "could not be started" in error.message


@pytest.mark.usefixtures("impatient")
def test_silence_ends_with_the_time(tmp_path: Path) -> None:
    error = refusal(server(tmp_path, "time.sleep(60)"), seconds=1.5)

    assert error.message == "the server did not answer `initialize` in time"


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ('answer(request, {"tools": "none"})', "without a list of tools"),
        ('answer(request, {"tools": [], "resultType": "input_required"})', "without a list"),
        ('answer(request, {"tools": [], "nextCursor": 5})', "no proper form"),
        ('answer(request, {"tools": [], "nextCursor": "x" * 5000})', "no proper form"),
        ('answer(request, {"tools": [7]})', "no usable name"),
        ('answer(request, {"tools": [{"name": ""}]})', "no usable name"),
        ('answer(request, {"tools": TOOLS + TOOLS})', "appears twice"),
        ('refuse(request, -32603, "broken \\x1b[31m")', "refused `tools/list`: broken \\x1b[31m"),
        ('write({"id": request["id"]})', "neither result nor error"),
        ('write({"id": request["id"], "result": {}, "error": {}})', "neither result nor error"),
        ('write({"id": request["id"], "error": {"code": True}})', "error without a code"),
        ('write({"id": str(request["id"]), "result": {}})', "was not asked"),
        ('write({"id": True, "result": {}})', "was not asked"),
        ('write({"id": 99, "result": {"tools": []}})', "was not asked"),
        ('write({"error": {"code": -32700, "message": "what?"}})', "refused `tools/list`: what?"),
        ('print(\'{"jsonrpc": "2.0", "id": 2, "id": 2}\', flush=True)', "appears twice"),
    ],
)
def test_an_odd_answer_to_tools_list_is_a_failure(
    tmp_path: Path, answered: str, reason: str
) -> None:
    body = f"""
for request in requests():
    if request["method"] == "tools/list":
        {answered}
    else:
        modern(request)
"""
    assert reason in refusal(server(tmp_path, body)).message


@pytest.mark.parametrize("protocol", ["2026-07-28", "9999-99-99", "latest", 5])
def test_a_handshake_with_an_unknown_revision_is_a_failure(
    tmp_path: Path, protocol: object
) -> None:
    body = f"for request in requests(): legacy(request, protocol={protocol!r})"

    assert "revision that is unknown" in refusal(server(tmp_path, body)).message


def test_the_surroundings_are_fixed_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "nb_NO.UTF-8")
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    body = f"""
found = dict(os.environ), os.getcwd(), os.listdir(), os.listdir(os.environ["HOME"])
open("trace", "w").write("x"); os.mkdir("shut"); os.chmod("shut", 0)
json.dump(found, open({str(seen)!r}, "w"))
{MODERN}
"""
    probed(
        server(tmp_path, body),
        environment=(("MODE", "test"), ("TZ", "Europe/Oslo")),
    )

    environ, cwd, in_cwd, in_home = json.loads(seen.read_text())
    assert set(environ) == {"HOME", "LC_ALL", "MODE", "PATH", "TMPDIR", "TZ"}
    assert (environ["TZ"], environ["LC_ALL"], environ["MODE"]) == ("UTC", "C.UTF-8", "test")
    assert (in_cwd, in_home) == ([], [])
    assert not Path(cwd).exists()
    assert not Path(environ["HOME"]).exists()


def test_windows_gets_what_its_processes_need(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"json.dump(dict(os.environ), open({str(seen)!r}, 'w'))\n" + MODERN
    windows = Machine(
        platform="win32",
        home=tmp_path,
        environ={"SYSTEMROOT": "C:\\Windows", "APPDATA": "C:\\private", "TOKEN": "hush"},
        cwd=tmp_path,
    )

    probed(server(tmp_path, body), machine=windows)

    environ = json.loads(seen.read_text())
    assert environ["SYSTEMROOT"] == "C:\\Windows"
    assert environ["USERPROFILE"] == environ["APPDATA"] == environ["HOME"]
    assert environ["TEMP"] == environ["TMPDIR"]
    assert "TOKEN" not in environ


def test_the_check_says_how_many_tools_and_which_protocol(tmp_path: Path) -> None:
    result = probed(server(tmp_path, tools=[CLOCK]))

    check = answers_check(result, timed=False)

    assert (check.check, check.outcome) == (Check.ANSWERS, Outcome.VERIFIED)
    assert check.evidence == "1 tool, unchanged since review (protocol 2026-07-28)"
    assert answers_check(result).evidence.endswith(f", {result.seconds:.1f} s)")
