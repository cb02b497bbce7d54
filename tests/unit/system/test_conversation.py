"""Lines are whole whatever the pieces, and no program can make its caller wait or grow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.system import limits, process_tree
from mcpinstall.system.conversation import Conversation, LineReader, Stop

texts = st.binary(max_size=40).map(lambda text: text.replace(b"\n", b""))


@given(st.lists(texts), st.binary(max_size=10).filter(lambda rest: b"\n" not in rest), st.data())
def test_lines_are_the_same_in_whatever_pieces_they_come(
    lines: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    stream = b"".join(line + b"\n" for line in lines) + rest
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    reader = LineReader()

    found: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])

    assert found == [line.removesuffix(b"\r") for line in lines]


@given(st.lists(st.binary(max_size=20)))
def test_a_reader_never_holds_more_than_its_limit(chunks: list[bytes]) -> None:
    reader = LineReader(limit=8)
    longest = max(len(line) for line in b"".join(chunks).split(b"\n"))

    try:
        for chunk in chunks:
            assert all(len(line) <= 8 for line in reader.feed(chunk))
    except McpInstallError as error:
        assert error.code is ErrorCode.PROBE_FAILED  # noqa: PT017 (either outcome is right)
        assert longest > 8
    else:
        assert longest <= 8


def talk(tmp_path: Path, body: str) -> Conversation:
    """Start a Python program; -S starts fastest."""
    argv = (sys.executable, "-I", "-S", "-c", f"import sys, time, os\n{body}")
    return Conversation(argv, environment={}, cwd=tmp_path)


def test_a_line_is_answered(tmp_path: Path) -> None:
    with talk(tmp_path, "print(input()[::-1], flush=True)") as conversation:
        conversation.send(b"abc")

        assert conversation.receive(time.monotonic() + 5) == b"cba"
        assert conversation.receive(time.monotonic() + 5) is Stop.ENDED
        assert conversation.exit_status() == 0


def test_no_line_is_given_out_after_the_deadline(tmp_path: Path) -> None:
    with talk(tmp_path, "print('a\\nb', flush=True); time.sleep(60)") as conversation:
        assert conversation.receive(time.monotonic() + 5) == b"a"
        assert conversation.receive(time.monotonic() - 1) is Stop.SILENT
        assert conversation.receive(time.monotonic() + 5) == b"b"
        assert conversation.receive(time.monotonic() + 0.1) is Stop.SILENT


def test_a_program_that_does_not_read_blocks_nobody(tmp_path: Path) -> None:
    started = time.monotonic()

    with talk(tmp_path, "time.sleep(60)") as conversation:
        for _ in range(8):
            conversation.send(bytes(1 << 20))
        assert conversation.receive(time.monotonic() + 0.1) is Stop.SILENT

    assert time.monotonic() - started < 5


def test_the_last_words_are_the_last_lines_only(tmp_path: Path) -> None:
    body = "for n in range(100000): print(n, file=sys.stderr)"

    with talk(tmp_path, body) as conversation:
        conversation.receive(time.monotonic() + 10)

    words = conversation.last_words.splitlines()
    assert words[-1] == "99999"
    assert len(words) == limits.PROBE_EVIDENCE


def test_words_that_are_not_utf8_are_kept_readable(tmp_path: Path) -> None:
    with talk(tmp_path, "os.write(2, b'bad \\xff end')") as conversation:
        conversation.receive(time.monotonic() + 5)

    assert conversation.last_words == "bad \N{REPLACEMENT CHARACTER} end"


def test_a_relative_program_is_a_mistake_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="absolute"):
        Conversation(("python",), environment={}, cwd=tmp_path)


@pytest.mark.parametrize("argument", ["a\0b", "\ud800"])
def test_an_argument_that_no_system_takes_is_a_failure(tmp_path: Path, argument: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        Conversation((sys.executable, argument), environment={}, cwd=tmp_path)

    assert refused.value.code is ErrorCode.PROBE_FAILED


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_other_children_of_ours_are_left_alone(tmp_path: Path) -> None:
    import subprocess

    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
    before = subprocess.Popen(sleep, start_new_session=True)
    with talk(tmp_path, "") as conversation:
        beside = subprocess.Popen(sleep)
        conversation.receive(time.monotonic() + 5)

    assert (before.poll(), beside.poll()) == (None, None)
    for process in (before, beside):
        process.kill()
        process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
def test_we_are_no_subreaper_afterwards(tmp_path: Path) -> None:
    import ctypes

    with talk(tmp_path, "") as conversation:
        conversation.receive(time.monotonic() + 5)

    value = ctypes.c_int(9)
    assert ctypes.CDLL(None).prctl(37, ctypes.byref(value), 0, 0, 0) == 0
    assert value.value == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_our_own_files_are_closed_afterwards(tmp_path: Path) -> None:
    def descriptors() -> set[str]:
        return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names only)

    before = descriptors()
    with talk(tmp_path, "print('x')") as conversation:
        conversation.receive(time.monotonic() + 5)

    assert descriptors() == before


@pytest.mark.parametrize(
    ("where", "name"), [(process_tree._Job, "take"), (Conversation, "_start_threads")]
)
def test_an_interruption_while_it_begins_leaves_no_program_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    begun: list[int] = []

    def interrupted(_: object, process: subprocess.Popen[bytes]) -> None:
        begun.append(process.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(where, name, interrupted)

    with pytest.raises(KeyboardInterrupt):
        Conversation(
            (sys.executable, "-c", "import time; time.sleep(600)"), environment={}, cwd=tmp_path
        )

    assert not Path("/proc", str(begun[0])).exists()
    monkeypatch.undo()
    with Conversation((sys.executable, "-c", "print(1)"), environment={}, cwd=tmp_path):
        pass  # nothing of the first one keeps the second from beginning
