"""Attack T19: a page of the index lies, in any of its fields.

Who: an operator or intruder of the index, or of a proxy before it.  Aim: other bytes, a look at
this machine's files and network, a program that hangs, dies or fills the memory.
Stopped by: check 4; a page says only where to ask, the lock says what is accepted.  Pages are
bounded in bytes, files and values (`indexes.simple_page`).

Here a whole installation meets each lie over a real connection.  The answer around the page, and
the file, are in `test_lying_index_answers.py`; more forms of pages, also at random, in
`tests/unit/indexes/test_simple_page.py`; addresses in `tests/unit/system/test_urls.py`.
Twin: `test_the_honest_page_installs`, `test_a_lie_that_does_not_matter_is_passed_over`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcpinstall.errors import ErrorCode
from mcpinstall.system import limits
from tests.builders.index_server import HTML, IndexServer, Reply
from tests.builders.lies import (
    DIGEST,
    FAILED,
    FORBIDDEN,
    MEMORY,
    PAGE,
    UNAVAILABLE,
    WHEEL,
    Liar,
    liar,
    typed,
    within,
)

pytestmark = pytest.mark.e2e

Lie = Callable[[Liar], Reply]


@pytest.fixture
def lying(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Liar]:
    with IndexServer() as index:
        yield liar(tmp_path, home, index, monkeypatch)


def test_the_honest_page_installs(lying: Liar) -> None:
    lying.world.install("clock", hosts=["cursor"])

    assert lying.world.starts("cursor", "clock")


def raw(text: str | bytes) -> Lie:
    return lambda _: typed(text if isinstance(text, bytes) else text.encode())


def with_row(**said: object) -> Lie:
    return lambda liar: liar.json_page(liar.row(**said))


def with_page(**said: object) -> Lie:
    return lambda liar: liar.json_page(liar.row(), **said)


def link(reference: str, attributes: str = "") -> Lie:
    return lambda liar: liar.html_page(reference, attributes)


def as_type(kind: str) -> Lie:
    return lambda liar: typed(json_text(liar).encode(), kind)


def encoded(codec: str) -> Lie:
    return lambda liar: typed(json_text(liar).encode(codec))


def json_text(liar: Liar) -> str:
    body = liar.json_page(liar.row()).body
    assert isinstance(body, bytes)
    return body.decode()


NO_PAGE: dict[str, Lie] = {
    "of a type that is none": as_type("text/plain"),
    "of no type": as_type(""),
    "of a type with a terminal escape": as_type("text/\x1b[2J"),
    "of a type of a megabyte's beginning": as_type("a" * 60_000),
    "empty": raw(""),
    "not JSON": raw("<html></html>"),
    "cut": lambda liar: typed(json_text(liar)[:-20].encode()),
    "no object": raw("[]"),
    "an object without files": raw("{}"),
    "without a version": with_page(meta={}),
    "of another version": with_page(meta={"api-version": "2.0"}),
    "of a version that is no text": with_page(meta={"api-version": {"1": 1}}),
    "with a map of files": with_page(files={WHEEL: {}}),
    "with a text of files": with_page(files="files"),
    "deep": raw('{"meta": ' + "[" * 90_000),
    "with a number of thousands of digits": raw(f'{{"meta": {"1" * 5000}}}'),
    "not Unicode": raw(b'{"meta": "\xff\xfe"}'),
}


def test_what_is_no_page_is_told(lying: Liar, subtests: pytest.Subtests) -> None:
    for name, lie in NO_PAGE.items():
        with subtests.test(name):
            refused = lying.refuse(PAGE, lie(lying))

            assert (refused.code, refused.code.exit_status) == UNAVAILABLE
            assert f"`{lying.index.url}/clock-server/` is not a page of an" in refused.message
            assert len(refused.message) < 300
            assert refused.hint
            assert lying.index.asked() == [PAGE]
    lying.tell_the_truth()


LOST: dict[str, tuple[Lie, tuple[ErrorCode, int]]] = {
    "no files": (lambda liar: liar.json_page(), FAILED),
    "JSON as HTML": (as_type(HTML), FAILED),
    "an error page with 200": (lambda _: typed(b"<html>please log in</html>", HTML), FAILED),
    "no file name": (with_row(filename=None), FAILED),
    "a list of names": (with_row(filename=[WHEEL]), FAILED),
    "a path for a name": (with_row(filename=f"../{WHEEL}"), FAILED),
    "a name in capitals": (with_row(filename=WHEEL.upper()), FAILED),
    "rows that are none": (lambda liar: liar.json_page(7, None, "x", [liar.row()]), FAILED),
    "a page that is not there": (lambda _: Reply(status=404), FAILED),
    "a file that is not there": (with_row(url="/files/x"), FAILED),
    "a way up": (with_row(url="/files/%2e%2e/%2e%2e/etc/passwd"), FAILED),
    "another digest": (with_row(hashes={"sha256": "0" * 64}), DIGEST),
    "another digest in HTML": (link(f"/f/{WHEEL}#sha256={'0' * 64}"), DIGEST),
}


def test_a_file_that_the_page_hides_is_told(lying: Liar, subtests: pytest.Subtests) -> None:
    for name, (lie, expected) in LOST.items():
        with subtests.test(name):
            refused = lying.refuse(PAGE, lie(lying))

            assert (refused.code, refused.code.exit_status) == expected
            assert refused.hint
    lying.tell_the_truth()


YANKED: dict[str, Lie] = {
    "for no reason": with_row(yanked=True),
    "for a reason": with_row(yanked="b\x1b[2Jd"),
    "for a number": with_row(yanked=7),
    "for a map": with_row(yanked={"no": 1}),
    "in HTML": lambda liar: liar.html_page("", "data-yanked"),
}


@pytest.mark.parametrize("lie", YANKED.values(), ids=YANKED)
def test_a_file_that_the_page_withdraws_is_told(lying: Liar, lie: Lie) -> None:
    refused = lying.refuse(PAGE, lie(lying))

    assert (refused.code, refused.code.exit_status) == (ErrorCode.VERSION_YANKED, 3)
    lying.tell_the_truth()


ADDRESSES = [
    "", 7, None, ["/x"], "file:///etc/passwd", "data:text/plain,x", "ftp://127.0.0.1/x", "x:",
    "gopher://127.0.0.1/", "javascript:1", "http://192.0.2.1/x", "http://example.com/x",
    "http://me:secret@127.0.0.1/x", "//me:secret@127.0.0.1/x", "https://",
    "https://169.254.169.254/x", "https://[fe80::1]/x", "https://[::ffff:169.254.169.254]/x",
    "https://[::]/x", "http://0.0.0.0/x", "http://2130706433/x", "https://224.0.0.1/",
    "http://127.0.0.1:99999/x", "http://127.0.0.1:x/", "http://[127.0.0.1/x", "\\\\host\\share",
    "/f/a b", "/f/\x00", "/f/\x1b[2J", "/f/\r\nHost: x", "/f/é", "/" + "x" * 5000,
]  # fmt: skip


def test_an_address_that_leads_elsewhere_is_never_asked(
    lying: Liar, subtests: pytest.Subtests
) -> None:
    for address in ADDRESSES:
        with subtests.test(repr(address)[:50]):
            refused = lying.refuse(PAGE, with_row(url=address)(lying))

            assert (refused.code, refused.code.exit_status) == FORBIDDEN
            assert "secret" not in refused.message + refused.hint
            assert lying.index.asked() == [PAGE]
    lying.tell_the_truth()


LINKS = [
    "file:///etc", "data:x", "ftp://127.0.0.1", "http://192.0.2.1", "//me:secret@127.0.0.1",
    "https://169.254.169.254", "/&#13;&#10;Host: x", "&#92;&#92;host",
]  # fmt: skip


def test_a_link_that_leads_elsewhere_is_never_asked(lying: Liar, subtests: pytest.Subtests) -> None:
    for address in LINKS:
        with subtests.test(address):
            refused = lying.refuse(PAGE, link(f"{address}/{WHEEL}")(lying))

            assert (refused.code, refused.code.exit_status) == FORBIDDEN
            assert lying.index.asked() == [PAGE]
    lying.tell_the_truth()


HARMLESS: dict[str, Lie] = {
    "a byte order mark": lambda liar: typed(b"\xef\xbb\xbf" + json_text(liar).encode()),
    "UTF-16": encoded("utf-16"),
    "another name for the package": with_page(name="evil"),
    "unknown keys": with_page(**{"project-status": {"status": "quarantined"}, "x": [1]}),
    "a key twice": lambda liar: typed(
        json_text(liar).replace('"url"', '"url": "file:///x", "url"').encode()
    ),
    "the file twice": lambda liar: liar.json_page(liar.row(), liar.row(url="/files/other")),
    "no digest": with_row(hashes={}),
    "only md5": with_row(hashes={"md5": "0" * 32}),
    "a short digest": with_row(hashes={"sha256": "0f"}),
    "a digest of text": with_row(hashes={"sha256": "x" * 60_000}),
    "a list of digests": with_row(hashes=["sha256"]),
    "null for a digest": with_row(hashes={"sha256": None}),
    "a digest in capitals": lambda liar: liar.json_page(
        liar.row(hashes={"sha256": str(liar.index.pages["clock-server"][WHEEL].sha256).upper()})
    ),
    "a smaller size": with_row(size=1),
    "a larger size": with_row(size=10**9),
    "a negative size": with_row(size=-1),
    "a huge size": with_row(size=10**400),
    "a size of text": with_row(size="small"),
    "null for withdrawn": with_row(yanked=None),
    "an empty reason": with_row(yanked=""),
    "an odd time": with_row(**{"upload-time": "9999-99-99T99:99:99Z", "requires-python": "<2"}),
    "metadata elsewhere": with_row(**{"core-metadata": {"sha256": "0"}, "gpg-sig": "x"}),
    "a fragment": lambda liar: liar.json_page(liar.row(url=f"{liar.file}#sha256={'0' * 64}")),
    "a relative address": lambda liar: liar.json_page(liar.row(url=f"../..{liar.file}")),
    "an absolute address": lambda liar: liar.json_page(
        liar.row(url=f"//127.0.0.1:{liar.index.port}{liar.file}")
    ),
    "HTML": lambda liar: liar.html_page(),
    "HTML with md5": lambda liar: liar.html_page(f"{liar.file}#md5={'0' * 32}"),
    "HTML with a short digest": lambda liar: liar.html_page(f"{liar.file}#sha256=0f"),
    "HTML with a base": lambda liar: typed(
        f'<base href="{liar.index.origin}"><a href="{liar.file}">'.encode(), HTML
    ),
    "HTML with a base elsewhere": lambda liar: typed(
        f'<base href="file:///"><a href="{liar.file}">'.encode(), HTML
    ),
}


def test_a_lie_that_does_not_matter_is_passed_over(lying: Liar, subtests: pytest.Subtests) -> None:
    for name, lie in HARMLESS.items():
        with subtests.test(name):
            lying.accept(PAGE, lie(lying))


def test_a_file_on_another_server_is_the_pinned_one_or_nothing(lying: Liar) -> None:
    with IndexServer() as other:
        other.answer("/x", Reply(lying.wheel[:-1] + b"!"), Reply(lying.wheel))
        page = with_row(url=f"{other.origin}/x")(lying)

        assert lying.refuse(PAGE, page).code is ErrorCode.DIGEST_MISMATCH
        lying.accept(PAGE, page)


def test_a_hundred_thousand_files_are_read(lying: Liar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "INDEX_PAGE_BYTES", 64 << 20)
    others = ({"filename": f"x-{number}.whl", "url": "/x"} for number in range(100_000))
    lying.accept(PAGE, lying.json_page(*others, lying.row()))


def test_a_page_that_would_fill_the_memory_is_not_unfolded(
    lying: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INDEX_PAGE_BYTES", 8 << 20)
    monkeypatch.setattr(limits, "INDEX_PAGE_VALUES", 100_000)
    lying.refuse(PAGE, raw("[]")(lying))  # all is loaded now

    for piece in ("{},", "[],"):
        page = raw(f'{{"meta": {{"api-version": "1.0"}}, "files": [{piece * (2 << 20)}1]}}')(lying)
        with within(MEMORY):
            refused = lying.refuse(PAGE, page)
        assert "values" in refused.message
    lying.tell_the_truth()
