"""Pages of an index: JSON, HTML, and whatever else a server may send."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import simple_page
from mcpinstall.indexes.simple_page import Listed
from mcpinstall.system import limits
from mcpinstall.system.fetch import Answer
from mcpinstall.system.urls import parse

PAGE = parse("https://index.example/simple/a/")
NAME = "a-1-py3-none-any.whl"
DIGEST = "0f" * 32
JSON = "application/vnd.pypi.simple.v1+json; charset=utf-8"


def answer(body: bytes | str, kind: str = JSON) -> Answer:
    data = body.encode() if isinstance(body, str) else body
    return Answer(url=PAGE, content_type=kind, body=data)


def place(listed: Listed) -> str:
    assert listed.url is not None
    return listed.url.text


def of_file(**said: object) -> Answer:
    row = {"filename": NAME, "url": f"/f/{NAME}", "hashes": {"sha256": DIGEST}, **said}
    return answer(json.dumps({"meta": {"api-version": "1.1"}, "files": [row]}))


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (f"/f/{NAME}", f"https://index.example/f/{NAME}"),
        (f"../../f/{NAME}", f"https://index.example/f/{NAME}"),
        (f"https://files.example/f/{NAME}#x", f"https://files.example/f/{NAME}"),
        (f"//files.example/{NAME}", f"https://files.example/{NAME}"),
    ],
)
def test_a_file_is_found_by_its_name(link: str, address: str) -> None:
    listed = simple_page.parse(of_file(url=link), [NAME])[NAME]

    assert place(listed) == address
    assert listed.sha256 == DIGEST
    assert listed.yanked is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [(False, None), (True, ""), ("broken", "broken"), ("", None), (None, None), (7, "")],
)
def test_a_withdrawn_file_says_why(said: object, reason: str | None) -> None:
    assert simple_page.parse(of_file(yanked=said), [NAME])[NAME].yanked == reason


def test_an_endless_reason_is_cut() -> None:
    listed = simple_page.parse(of_file(yanked="x" * 10_000), [NAME])[NAME]

    assert len(listed.yanked or "") == 300


@pytest.mark.parametrize("hashes", [{}, {"md5": "1"}, {"sha256": 7}, [], None])
def test_a_file_without_a_digest_is_listed_without(hashes: object) -> None:
    assert simple_page.parse(of_file(hashes=hashes), [NAME])[NAME].sha256 is None


@pytest.mark.parametrize("url", ["http://files.example/a", "ftp://x/a", "", 7, None, "file:///a"])
def test_a_file_without_a_usable_address_says_why(url: object) -> None:
    listed = simple_page.parse(of_file(url=url), [NAME])[NAME]

    assert listed.url is None
    assert listed.fault.startswith("an index may not use")


@pytest.mark.parametrize(
    "digest", ["", "0f", DIGEST[:-1], f"{DIGEST}0", f"sha256={DIGEST}", "\x1b"]
)
def test_what_is_no_digest_counts_as_none(digest: str) -> None:
    assert simple_page.parse(of_file(hashes={"sha256": digest}), [NAME])[NAME].sha256 is None


def test_a_digest_in_capitals_is_the_same() -> None:
    assert simple_page.parse(of_file(hashes={"sha256": DIGEST.upper()}), [NAME])[NAME].sha256 == (
        DIGEST
    )


def test_of_two_files_with_one_name_the_first_counts() -> None:
    first, second = ({"filename": NAME, "url": url} for url in ("ftp://x/a", "/f/b"))
    body = json.dumps({"meta": {"api-version": "1.1"}, "files": [first, second]})

    assert simple_page.parse(answer(body), [NAME])[NAME].url is None


@pytest.mark.parametrize(
    ("piece", "kind"),
    [("<a >", "text/html"), ("<base>", "text/html"), ("{},", JSON), ("[],", JSON), ("1,", JSON)],
)
def test_a_page_of_millions_of_rows_is_refused_before_it_costs_memory(
    piece: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "INDEX_PAGE_FILES", 1000)
    monkeypatch.setattr(limits, "INDEX_PAGE_VALUES", 10_000)
    rows = piece * (limits.INDEX_PAGE_FILES if kind != JSON else limits.INDEX_PAGE_VALUES)
    body = f'{{"meta": {{"api-version": "1.1"}}, "files": [{rows}null]}}' if kind == JSON else rows

    with pytest.raises(McpInstallError, match="more than"):
        simple_page.parse(answer(f"{body}<a >" if kind != JSON else body, kind), [NAME])


def test_a_tag_of_megabytes_has_no_attributes() -> None:
    body = f'<a {"x " * 100_000}href="/f/{NAME}"><a href="/g/{NAME}">'

    listed = simple_page.parse(answer(body, "text/html"), [NAME])[NAME]

    assert place(listed) == f"https://index.example/g/{NAME}"


def test_html_gives_the_same() -> None:
    body = f"""<!DOCTYPE html><html><head><base href="https://files.example/x/"></head><body>
        <a href="other.whl">other</a><a>no link</a>
        <a href="{NAME}#sha256={DIGEST}" data-yanked="broken &amp; bad">{NAME}</a>"""
    listed = simple_page.parse(answer(body, "text/html; charset=utf-8"), [NAME])[NAME]

    assert place(listed) == f"https://files.example/x/{NAME}"
    assert listed.sha256 == DIGEST
    assert listed.yanked == "broken & bad"


def test_html_with_another_digest_or_an_escaped_name_is_read() -> None:
    name = "a-1+local-py3-none-any.whl"
    body = f'<a href="f/a-1%2Blocal-py3-none-any.whl#md5=00" data-yanked>{name}</a>'
    listed = simple_page.parse(answer(body, "text/html"), [name])[name]

    assert listed.sha256 is None
    assert listed.yanked == ""


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("{}", JSON), ("[]", JSON), ("", JSON), ("\ufffd", JSON), ("null", JSON),
        (b"\xff\xfe", JSON), ("[" * 100_000, JSON), ("<html></html>", JSON),
        ('{"meta": {"api-version": "2.0"}, "files": []}', JSON),
        ('{"meta": {"api-version": "1.0"}, "files": {}}', JSON),
        ("{}", "application/octet-stream"), ("{}", ""),
    ],
)  # fmt: skip
def test_what_is_no_page_is_refused(body: str | bytes, kind: str) -> None:
    with pytest.raises(McpInstallError) as refused:
        simple_page.parse(answer(body, kind), [NAME])

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE
    assert "index.example" in refused.value.message


PLACE = "https://index.example/integrity/x"


@pytest.mark.parametrize(
    ("said", "where"),
    [
        (PLACE, PLACE),
        ("/integrity/x", PLACE),
        ("https://other.example/x", "https://other.example/x"),
        (None, None),
        ("", None),
        (7, None),
        ([PLACE], None),
    ],
)
def test_attestations_are_where_the_page_says(said: object, where: str | None) -> None:
    listed = simple_page.parse(of_file(provenance=said), [NAME])[NAME]
    html = f'<a href="/f/{NAME}" data-provenance="{said}">' if isinstance(said, str) else None
    of_html = simple_page.parse(answer(html, "text/html"), [NAME])[NAME] if html else listed

    for one in (listed, of_html):
        assert (one.provenance.text if one.provenance else None) == where
        assert one.provenance_fault == ""


@pytest.mark.parametrize("said", ["ftp://index.example/x", "http://index.example/x", "https://["])
def test_attestations_at_an_address_that_may_not_be_asked(said: str) -> None:
    listed = simple_page.parse(of_file(provenance=said), [NAME])[NAME]

    assert listed.provenance is None
    assert listed.provenance_fault
    assert listed.url is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=12,
)
rows = st.lists(
    st.fixed_dictionaries(
        {}, optional={
            "filename": json_values | st.just(NAME), "url": json_values | st.just(f"/f/{NAME}"),
            "hashes": json_values | st.just({"sha256": DIGEST}), "yanked": json_values,
            "provenance": json_values | st.just("https://index.example/x"),
        },
    ),
    max_size=4,
)  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        f'<A  HREF = "/f/{NAME}"  class=x>',
        f"<a class='>' href='/f/{NAME}'>",
        f"<a href=/f/{NAME}>",
        f'<a href="/f/{NAME.replace("-", "&#45;")}">',
        f'<!-- <a href="https://other.example/{NAME}"> --><a\nhref="/f/{NAME}"/>',
        f'<abbr href="https://other.example/{NAME}"><a data-x href="/f/{NAME}"',
        f'<![x[ <!y <a href="/f/{NAME}" href="https://other.example/{NAME}">',
        f'<base href="/f/"><base href="https://other.example/"><a href="{NAME}">',
        f'<base href="https://other.example:x/"><a href="/f/{NAME}">',
        f'<a href="&#{"1" * 5000};"><a href="/f/{NAME}">',
    ],
)
def test_a_link_is_found_however_it_is_written(body: str) -> None:
    listed = simple_page.parse(answer(body, "text/html"), [NAME])

    assert place(listed[NAME]) == f"https://index.example/f/{NAME}"


@pytest.mark.parametrize(
    "piece",
    [
        "<!",
        "<![",
        "<!--",
        "<a ",
        '<a x="',
        "<a x='",
        "<a\"'",
        "<a/",
        "</a ",
        "<?",
        "<script></",
        "&",
    ],
)
def test_no_page_takes_long(piece: str) -> None:
    started = time.monotonic()

    assert simple_page.parse(answer(piece * 300_000, "text/html"), [NAME]) == {}

    assert time.monotonic() - started < 5


pieces = st.sampled_from([
    "<a ", "<base ", "href", "=", '"', "'", ">", "/", "<!--", "-->", "<![x[", "<!", " ", "#sha256=",
    DIGEST, NAME, "&#", "1" * 5000, ";", "data-yanked", "https://other.example/", "//", "..", "[",
])  # fmt: skip


@given(st.lists(pieces, max_size=20).map("".join))
def test_any_html_is_read(body: str) -> None:
    found = simple_page.parse(answer(body, "text/html"), [NAME])

    assert all(item.url is None or item.url.scheme == "https" for item in found.values())


@given(rows | json_values)
def test_any_json_is_read_or_refused(files: object) -> None:
    page = answer(json.dumps({"meta": {"api-version": "1.0"}, "files": files}))
    try:
        found = simple_page.parse(page, [NAME])
    except McpInstallError as error:
        if error.code is not ErrorCode.INDEX_UNAVAILABLE:
            raise
    else:
        assert all(item.url is None or item.url.scheme == "https" for item in found.values())


@given(st.binary(max_size=300), st.sampled_from([JSON, "text/html", "text/plain"]))
def test_any_bytes_are_read_or_refused(body: bytes, kind: str) -> None:
    try:
        simple_page.parse(answer(body, kind), [NAME])
    except McpInstallError as error:
        if error.code is not ErrorCode.INDEX_UNAVAILABLE:
            raise
