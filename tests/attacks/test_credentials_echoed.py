"""Attack T23: an index repeats the credentials that it was sent, so that we show or keep them.

Who: an operator or intruder of a private index, or a proxy with a talkative error page; whoever
reads a build's log has the token then.
Stopped by: `system.fetch`: what a server says is in no message but for a few checked facts, and
our credentials are taken out of those.
Not stopped: an index that shows them in another form (reversed, in pieces).
Twin: `test_the_index_with_its_credentials_installs`.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from mcpinstall.errors import ErrorCode
from mcpinstall.system.fetch import Credentials
from tests.builders.index_server import HTML, IndexServer, Reply, Request, redirect
from tests.builders.lies import PAGE, WHEEL, Liar, liar, typed

pytestmark = pytest.mark.e2e

Echo = Callable[[Liar, str], Reply]
"""From the world and the text to repeat."""


@pytest.fixture
def password() -> str:
    return f"{secrets.token_hex(12)}/+ é"


@pytest.fixture
def lying(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, password: str
) -> Iterator[Liar]:
    with IndexServer() as index:
        made = liar(tmp_path, home, index, monkeypatch)
        index.credentials = Credentials(user="me", password=password).header
        monkeypatch.setenv("UV_DEFAULT_INDEX", address(index, password))
        yield made


def address(index: IndexServer, password: str) -> str:
    return index.url.replace("//", f"//me:{quote(password, safe='')}@")


def forms(password: str) -> tuple[str, ...]:
    """Return how a server may write what it knows."""
    header = base64.b64encode(f"me:{password}".encode()).decode()
    return (password, quote(password, safe=""), header, f"Basic {header}")


def hidden(text: str, password: str) -> bool:
    return not any(form.lower() in text.lower() for form in forms(password))


def test_the_index_with_its_credentials_installs(lying: Liar, password: str) -> None:
    lying.world.install("clock", hosts=["cursor"])

    assert lying.world.starts("cursor", "clock")
    assert not [path for path in kept(lying) if not hidden(path.read_text("latin-1"), password)]


def kept(lying: Liar) -> list[Path]:
    """Return every file below the home, caches included."""
    return [path for path in lying.world.home.rglob("*") if path.is_file()]


def with_header(name: str, status: int = 200) -> Echo:
    def reply(_: Liar, text: str) -> Reply:
        latin = text.encode().decode("latin-1")  # as a server writes any bytes into a header
        return Reply(b"x", status=status, headers={name: latin})

    return reply


ECHOES: dict[str, Echo] = {
    "the body of a 401": lambda _, text: Reply(text.encode(), status=401),
    "the body of a 403": lambda _, text: Reply(text.encode(), status=403),
    "the page": lambda _, text: typed(text.encode()),
    "the name of a type": lambda _, text: typed(b"{}", f"text/{quote(text, safe='')}"),
    "a header": with_header("WWW-Authenticate", 401),
    "a type": with_header("Content-Type"),
    "a pause": with_header("Retry-After", 503),
    "an encoding": with_header("Content-Encoding"),
    "a broken header": lambda _, text: Reply(
        raw=f"HTTP/1.1 200 OK\r\n{text}\r\n\r\n".encode("latin-1", "replace")
    ),
    "a broken status": lambda _, text: Reply(raw=f"HTTP/1.1 {text}\r\n\r\n".encode()),
    "the reason of a status": lambda _, text: Reply(raw=f"HTTP/1.1 500 {text}\r\n\r\n".encode()),
    "the way of a redirect": lambda _, text: redirect(f"http://192.0.2.1/{quote(text, safe='')}"),
    "the host of a redirect": lambda _, text: redirect(f"http://{quote(text, safe='')}.example/"),
    "a redirect to a page": lambda _, text: redirect(f"/echo/{quote(text, safe='/=')}"),
    "the address of the file": lambda liar, text: liar.json_page(
        liar.row(url=f"http://192.0.2.1/{quote(text, safe='')}/{WHEEL}")
    ),
    "the digest of the file": lambda liar, text: liar.json_page(liar.row(hashes={"sha256": text})),
    "the reason of a withdrawal": lambda liar, text: liar.json_page(liar.row(yanked=text)),
    "a link": lambda _, text: typed(f'<a href="ftp://{text}/{WHEEL}">'.encode(), HTML),
}


def test_what_an_index_repeats_is_not_told(
    lying: Liar, password: str, subtests: pytest.Subtests
) -> None:
    for name, echo in ECHOES.items():
        for form in forms(password):
            lying.forget()
            more = {f"/echo/{quote(form, safe='/=')}": [typed(b"", "text/plain")]}
            with subtests.test(f"{name}: {form[:5]}"):
                if name == "the digest of the file":  # what is no digest counts as none
                    lying.accept(PAGE, echo(lying, form), more=more)
                    continue
                refused = lying.refuse(PAGE, echo(lying, form), more=more)

                assert hidden(f"{refused.message} {refused.hint} {refused.evidence}", password)
                assert refused.code is not ErrorCode.DIGEST_MISMATCH
    lying.tell_the_truth()


@pytest.mark.parametrize("name", ["the reason of a withdrawal", "a redirect to a page", "a type"])
def test_the_screen_and_the_answer_for_programs_are_clean(
    lying: Liar, password: str, name: str
) -> None:
    mcpi = lying.world.command(UV_DEFAULT_INDEX=address(lying.index, password))

    def repeated(request: Request) -> Reply:
        return ECHOES[name](lying, request.headers["authorization"])

    lying.index.answer(PAGE, repeated)
    ran = mcpi.run("install", "clock", "-H", "cursor", "--yes", "-v", "--json", status=None)

    assert ran.returncode in (3, 5)
    assert json.loads(ran.stdout)["error"]
    assert hidden(ran.stdout + ran.stderr, password)
    assert not [path for path in kept(lying) if not hidden(path.read_text("latin-1"), password)]


def test_a_token_without_a_name_is_a_secret_too(
    lying: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = secrets.token_hex(20)
    lying.index.credentials = Credentials(user=token).header
    monkeypatch.setenv("UV_DEFAULT_INDEX", lying.index.url.replace("//", f"//{token}@"))

    refused = lying.refuse(PAGE, redirect(f"http://192.0.2.1/{token}"))

    assert "192.0.2.1" in refused.message
    assert token not in f"{refused.message} {refused.hint}"
