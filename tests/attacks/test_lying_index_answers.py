"""Attack T19: the index breaks the protocol: statuses, headers, redirects, encodings, endings.

Who: an operator or intruder of the index, of a proxy before it, or of the network.  Aim: another
address, a program that hangs, dies or fills the memory.
Stopped by: check 4; `system.fetch` bounds bytes, time and hops, and only a whole answer of 200
counts.

Every lie is told twice: for the package's page and for the file.  More on redirects is in
`test_redirect_inside_the_network.py` and `test_credentials_follow_a_redirect.py`; retries,
proxies and certificates in `tests/unit/system/test_fetch.py`.
Twin: `test_an_odd_answer_that_is_whole_is_taken`, `test_what_passes_is_asked_for_again`.
"""

from __future__ import annotations

import gzip
import itertools
import os
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode
from mcpinstall.indexes import transfer
from mcpinstall.system import limits
from tests.builders.index_server import (
    JSON,
    Answering,
    IndexServer,
    Reply,
    Request,
    endless,
    redirect,
)
from tests.builders.lies import FORBIDDEN, MEMORY, PAGE, Liar, after, forever, liar, typed, within

pytestmark = pytest.mark.e2e

BODY = "page", "file"
Lie = Callable[[Liar, bytes], Answering]
"""From the honest body to the answer."""


@pytest.fixture
def lying(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Liar]:
    with IndexServer() as index:
        yield liar(tmp_path, home, index, monkeypatch)


def honest(lying: Liar, what: str) -> tuple[str, bytes]:
    """Return path and body of the page or of the file."""
    if what == "file":
        return lying.file, lying.wheel
    body = lying.json_page(lying.row()).body
    assert isinstance(body, bytes)
    return PAGE, body


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join([status, f"Content-Type: {JSON}", *lines, "", ""]).encode("latin-1")


def says(*lines: str, status: str = "HTTP/1.1 200 OK") -> Lie:
    """Return an answer with these header lines and the honest body."""
    return lambda _, body: Reply(
        raw=head(*(line.replace("LENGTH", str(len(body))) for line in lines), status=status) + body
    )


def bytes_of(data: bytes) -> Lie:
    return lambda _, __: Reply(raw=data)


def to(place: str) -> Lie:
    return lambda liar, _: redirect(place.replace("HERE", liar.index.origin))


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)


def packed(data: bytes, encoding: str = "gzip") -> Reply:
    return typed(data, Content_Encoding=encoding)


NO_ANSWER: dict[str, Lie] = {
    "nothing": bytes_of(b""),
    "half a status line": bytes_of(b"HTTP/1.1 20"),
    "half a head": bytes_of(head()[:-2]),
    "no HTTP": bytes_of(os.urandom(4096)),
    "HTTP 0.9": lambda _, body: Reply(raw=body),
    "a status of two digits": says(status="HTTP/1.1 20 OK"),
    "a status of 99": says(status="HTTP/1.1 099 OK"),
    "a status of text": says(status="HTTP/1.1 OK"),
    "an endless status line": lambda _, __: Reply(raw=after(b"HTTP/1.1 200 ", forever(b"x" * 999))),
    "endless headers": lambda _, __: Reply(
        raw=after(b"HTTP/1.1 200 OK\r\n", forever(b"x: y\r\n" * 500))
    ),
    "a header of a megabyte": says("Content-Length: LENGTH", f"X: {'y' * (1 << 20)}"),
    "a header line without a colon": says("Content-Length: LENGTH", "secret"),
    "a header with a null": says("Content-Length: LENGTH", "X: a\x00b"),
    "a negative length": says("Content-Length: -5"),
    "a length of text": says("Content-Length: all"),
    "two lengths": says("Content-Length: LENGTH", "Content-Length: 7"),
    "a longer length": lambda _, body: Reply(raw=head(f"Content-Length: {len(body) + 1}") + body),
    "an unknown transfer": says("Transfer-Encoding: gzip"),
    "chunks of no length": lambda _, body: Reply(raw=head("Transfer-Encoding: chunked") + body),
    "a chunk of a negative length": lambda _, body: Reply(
        raw=head("Transfer-Encoding: chunked") + b"-1\r\n" + body
    ),
    "a chunk longer than there is": lambda _, body: Reply(
        raw=head("Transfer-Encoding: chunked") + b"ffffffff\r\n" + body
    ),
    "chunks without an end": lambda _, body: Reply(
        raw=head("Transfer-Encoding: chunked") + chunked(body)
    ),
    "an endless chunk head": lambda _, __: Reply(
        raw=after(head("Transfer-Encoding: chunked") + b"1;", forever(b"x" * 999))
    ),
    "endless trailers": lambda _, body: Reply(
        raw=after(
            head("Transfer-Encoding: chunked") + chunked(body) + b"0\r\n",
            forever(b"x: y\r\n" * 500),
        )
    ),
    **{
        f"a status of {status}": lambda _, body, status=status: Reply(body, status=status)  # type: ignore[misc]
        for status in (201, 204, 206, 300, 304, 400, 401, 402, 403, 418, 451, 500, 503, 999)
    },
    "a part": lambda _, body: Reply(
        body[:7], status=206, headers={"Content-Range": f"bytes 0-6/{len(body)}"}
    ),
    "a switch of protocols": says("Upgrade: x", status="HTTP/1.1 101 Switching"),
    "a pause of a year": lambda _, __: Reply(status=429, headers={"Retry-After": "31536000"}),
    "a pause of text": lambda _, __: Reply(status=503, headers={"Retry-After": "never"}),
    "a pause below zero": lambda _, __: Reply(status=503, headers={"Retry-After": "-1"}),
}


@pytest.mark.parametrize("what", BODY)
def test_what_is_no_whole_answer_is_told(lying: Liar, what: str, subtests: pytest.Subtests) -> None:
    path, body = honest(lying, what)
    code = ErrorCode.INDEX_UNAVAILABLE if what == "page" else ErrorCode.DOWNLOAD_FAILED
    for name, lie in NO_ANSWER.items():
        with subtests.test(name):
            refused = lying.refuse(path, lie(lying, body))

            assert refused.code in (code, ErrorCode.ARTIFACT_SIZE)
            assert "127.0.0.1" in refused.message or refused.code is ErrorCode.ARTIFACT_SIZE
            assert "secret" not in refused.message
            assert len(refused.message) < 300
            assert refused.hint
            assert len(lying.index.asked(path)) <= limits.ATTEMPTS
    lying.tell_the_truth()


FORBIDDEN_PLACES = [
    "", "//", "ftp://127.0.0.1/", "file:///etc/passwd", "data:,x", "http://192.0.2.1/",
    "http://169.254.169.254/latest/meta-data", "https://169.254.169.254/", "https://[fe80::1]/",
    "http://[::ffff:169.254.169.254]/", "https://[::ffff:169.254.169.254]/", "https://0.0.0.0/",
    "http://me:secret@127.0.0.1/", "//secret@127.0.0.1/", "http://2130706433/", "x\\y", "/\x1b[2J",
]  # fmt: skip
REDIRECTS: dict[str, Lie] = {
    **{place or "nowhere": to(place) for place in FORBIDDEN_PLACES},
    "no place": lambda _, __: Reply(status=302),
    "two places": says("Location: /a", "Location: ftp://x/", status="HTTP/1.1 302 Found"),
    "itself": lambda _, __: lambda request: redirect(request.path),
}


@pytest.mark.parametrize("what", BODY)
def test_a_redirect_to_where_nobody_may_go_is_refused(
    lying: Liar, what: str, subtests: pytest.Subtests
) -> None:
    path, body = honest(lying, what)
    for name, lie in REDIRECTS.items():
        with subtests.test(name):
            refused = lying.refuse(path, lie(lying, body))

            assert (refused.code, refused.code.exit_status) == FORBIDDEN
            assert "secret" not in refused.message + refused.hint
            assert len(lying.index.asked(path)) <= limits.REDIRECTS + 1
    lying.tell_the_truth()


@pytest.mark.parametrize("what", BODY)
def test_thirty_hops_end_after_three(lying: Liar, what: str) -> None:
    path, _ = honest(lying, what)
    hops = itertools.count()

    def onward(_: Request) -> Reply:
        return redirect(f"{path}?{next(hops)}")

    refused = lying.refuse(path, onward, more={f"{path}?{n}": [onward] for n in range(30)})

    assert (refused.code, refused.code.exit_status) == FORBIDDEN
    assert len(lying.index.asked(path)) == limits.REDIRECTS + 1


BOMBS: dict[str, Lie] = {
    "an endless body": lambda _, __: endless(),
    "endless chunks": lambda _, __: Reply(
        raw=after(head("Transfer-Encoding: chunked"), forever(chunked(b"x" * 999)))
    ),
    "a redirect with an endless body to an endless body": lambda _, __: Reply(
        status=302, headers={"Location": "/endless"}, body=forever(b"x" * 9999), length=None
    ),
    "packed zeros": lambda _, __: packed(gzip.compress(bytes(64 << 20), 9)),
    "packed twice": lambda _, __: packed(gzip.compress(gzip.compress(bytes(1 << 20)))),
    "endless emptiness, packed": lambda _, __: Reply(
        body=after(gzip.compress(b"")[:10], forever(b"\x00\x00\x00\xff\xff" * 999)),
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"}, length=None,
    ),
    "an endless rest behind what was packed": lambda _, body: Reply(
        body=after(gzip.compress(body), forever(b"x" * 9999)),
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"}, length=None,
    ),
    "cut": lambda _, body: packed(gzip.compress(body)[:-9]),
    "not packed at all": lambda _, body: packed(body + b"!"),
    "packed with another sum": lambda _, body: packed(gzip.compress(body)[:-8] + bytes(8)),
    "deflate": lambda _, body: packed(zlib.compress(body), "deflate"),
    "brotli": lambda _, body: packed(body + b"!", "br"),
    "two encodings": lambda _, body: packed(gzip.compress(gzip.compress(body)), "gzip, gzip"),
}  # fmt: skip


@pytest.mark.parametrize("what", BODY)
def test_a_body_without_bounds_or_falsely_packed_is_refused(
    lying: Liar, what: str, subtests: pytest.Subtests
) -> None:
    path, body = honest(lying, what)
    codes = {
        "page": {ErrorCode.INDEX_UNAVAILABLE},
        "file": {ErrorCode.ARTIFACT_SIZE, ErrorCode.DOWNLOAD_FAILED, ErrorCode.DIGEST_MISMATCH},
    }[what]
    lying.accept(path)  # all is loaded now
    lying.forget()
    more = {"/endless": [endless()]}
    for name, lie in BOMBS.items():
        answer = lie(lying, body)
        with subtests.test(name), within(MEMORY):
            assert lying.refuse(path, answer, more=more).code in codes
    lying.tell_the_truth()


@pytest.mark.parametrize("what", BODY)
def test_a_server_that_takes_its_time_is_left(
    lying: Liar, what: str, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ATTEMPTS", 1)
    monkeypatch.setattr(limits, "READ_SECONDS", 0.2)
    monkeypatch.setattr(limits, "DOWNLOAD_SECONDS", 0.4)
    monkeypatch.setattr(transfer, "_LOOK_SECONDS", 0.1)
    path, _ = honest(lying, what)
    code = ErrorCode.INDEX_UNAVAILABLE if what == "page" else ErrorCode.DOWNLOAD_FAILED

    def silence() -> Iterator[bytes]:
        time.sleep(0.5)
        yield b""

    drip = forever(b"x", pause=0.05)
    slow: dict[str, Reply] = {
        "silent": Reply(raw=silence),
        "silent after the head": Reply(raw=after(head(), silence)),
        "dripping": Reply(raw=after(head(), drip)),
        "dripping chunks": Reply(
            raw=after(head("Transfer-Encoding: chunked"), forever(b"1\r\nx\r\n", pause=0.05))
        ),
        "a dripping head": Reply(raw=after(b"HTTP/1.1 200 OK\r\nX: ", drip)),
        "interim answers without an end": Reply(raw=forever(b"HTTP/1.1 103 Early Hints\r\n\r\n")),
        "a redirect that drips": Reply(
            raw=after(head("Location: /x", "Content-Length: 999", status="HTTP/1.1 302 x"), drip)
        ),
    }
    for name, reply in slow.items():
        with subtests.test(name):
            assert lying.refuse(path, reply).code in (code, ErrorCode.DOWNLOAD_FAILED)
            assert len(lying.index.asked(path)) == 1
    monkeypatch.setattr(limits, "DOWNLOAD_SECONDS", 60.0)
    lying.tell_the_truth()


WHOLE: dict[str, Lie] = {
    "no length": says(),
    "HTTP 3": says("Content-Length: LENGTH", status="HTTP/3.0 200 OK"),
    "HTTP 1.0": says(status="HTTP/1.0 200 OK"),
    "no reason": says("Content-Length: LENGTH", status="HTTP/1.1 200"),
    "the same length twice": says("Content-Length: LENGTH", "Content-Length: LENGTH"),
    "chunks": lambda _, body: Reply(
        raw=head("Transfer-Encoding: chunked")
        + b"2;x=y\r\n" + body[:2] + b"\r\n" + chunked(body[2:7], body[7:]) + b"0\r\nX: y\r\n\r\n"
    ),
    "interim answers": lambda _, body: Reply(
        raw=b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        + head(f"Content-Length: {len(body)}") + body
    ),
    "more than the length says": lambda _, body: Reply(
        raw=head(f"Content-Length: {len(body)}") + body + b"HTTP/1.1 200 OK\r\n\r\nx"
    ),
    "three hops": lambda _, __: redirect("/hop1"),
    "a hop with an endless body": lambda _, __: Reply(
        status=302, headers={"Location": "/hop3"}, body=forever(b"x" * 9999), length=None
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BODY)
def test_an_odd_answer_that_is_whole_is_taken(
    lying: Liar, what: str, subtests: pytest.Subtests
) -> None:
    path, body = honest(lying, what)
    more = {
        "/hop1": [redirect("/hop2", 307)], "/hop2": [redirect("/hop3", 308)],
        "/hop3": [typed(body)],
    }  # fmt: skip
    for name, lie in WHOLE.items():
        with subtests.test(name):
            lying.accept(path, lie(lying, body), more=more)


@pytest.mark.parametrize("what", BODY)
def test_what_passes_is_asked_for_again(lying: Liar, what: str, subtests: pytest.Subtests) -> None:
    path, body = honest(lying, what)
    for name in ("nothing", "half a head", "chunks without an end", "a status of 503", "no HTTP"):
        with subtests.test(name):
            lying.accept(path, NO_ANSWER[name](lying, body), typed(body))

            assert len(lying.index.asked(path)) == 2


OTHERS: dict[str, Callable[[bytes], bytes]] = {
    "one bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "a byte less": lambda data: data[:-1],
    "a byte more": lambda data: data + b"!",
    "nothing": lambda _: b"",
    "a page": lambda _: b"<html>please log in</html>",
    "packed": gzip.compress,
    "twice": lambda data: data * 2,
}


def test_a_file_that_is_another_one_is_refused(lying: Liar, subtests: pytest.Subtests) -> None:
    for name, other in OTHERS.items():
        with subtests.test(name):
            refused = lying.refuse(lying.file, Reply(other(lying.wheel)))

            same = len(other(lying.wheel)) == len(lying.wheel)
            code = ErrorCode.DIGEST_MISMATCH if same else ErrorCode.ARTIFACT_SIZE
            assert (refused.code, refused.code.exit_status) == (code, 3)
            assert refused.hint
            assert len(lying.index.asked("/files")) == 1
    lying.tell_the_truth()


def test_the_pinned_bytes_are_taken_whatever_they_are_called(
    lying: Liar, subtests: pytest.Subtests
) -> None:
    for kind, encoding in (("text/html", ""), ("", ""), ("x/y", "gzip"), ("image/png", "br")):
        with subtests.test(f"{kind} {encoding}"):
            lying.accept(lying.file, typed(lying.wheel, kind, Content_Encoding=encoding))


def test_garbage_where_tls_was_expected_is_told(
    lying: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", lying.index.url.replace("http:", "https:"))

    refused = lying.refuse(PAGE)

    assert refused.code is ErrorCode.INDEX_UNAVAILABLE
    assert lying.index.requests == []
    monkeypatch.setenv("UV_DEFAULT_INDEX", lying.index.url)
    lying.tell_the_truth()
