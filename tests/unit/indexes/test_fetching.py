"""Files of a plan: from the store, from pages, from hints, and when a server misbehaves."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.indexes import Fetched, Index, Source, Store, fetch_artifacts, hints
from mcpinstall.indexes.fetching import MakeClient
from mcpinstall.model.artifact import Artifact
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client, Clock, Credentials
from mcpinstall.system.machine import Machine
from mcpinstall.system.urls import parse
from tests.builders.index_server import (
    HTML,
    FakeClock,
    IndexServer,
    Reply,
    endless,
    machine_at,
    redirect,
)

NAMES = ("alpha-1-py3-none-any.whl", "beta_b-2-py3-none-any.whl", "gamma-3-py3-none-any.whl")


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.bytes: list[tuple[int, int]] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def transferred(self, done: int, total: int) -> None:
        self.bytes.append((done, total))


class Bench:
    """A store, a machine, and indexes."""

    def __init__(self, folder: Path, *servers: IndexServer) -> None:
        self.machine = machine_at(folder)
        self.store = Store(folder / "store")
        self.servers = servers
        self.clock = FakeClock()
        self.heard = Heard()

    def index(self, credentials: Credentials | None = None) -> Index:
        return Index(
            sources=tuple(
                Source(url=parse(server.url), credentials=credentials) for server in self.servers
            )
        )

    def fetch(
        self,
        *artifacts: Artifact,
        offline: bool = False,
        credentials: Credentials | None = None,
    ) -> Fetched:
        return fetch_artifacts(
            artifacts, index=self.index(credentials), store=self.store, machine=self.machine,
            progress=self.heard, offline=offline, make_client=self._client(),
        )  # fmt: skip

    def refusal(self, *artifacts: Artifact, offline: bool = False) -> McpInstallError:
        with pytest.raises(McpInstallError) as refused:
            self.fetch(*artifacts, offline=offline)
        assert [path.name for path in self.store._root.glob("*/.incoming*")] == []
        return refused.value

    def _client(self) -> MakeClient:
        clock = Clock(monotonic=self.clock.monotonic, sleep=self.clock.sleep)

        def client_of(source: Source, machine: Machine) -> Client:
            return Client(
                source.url.text, machine=machine, credentials=source.credentials, clock=clock
            )

        return client_of

    def damage(self, artifact: Artifact, content: bytes) -> None:
        path = self.store.path(artifact.sha256)
        path.chmod(0o600)
        path.write_bytes(content)


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


@pytest.fixture
def bench(server: IndexServer, tmp_path: Path) -> Bench:
    return Bench(tmp_path, server)


@pytest.fixture
def artifacts(server: IndexServer) -> tuple[Artifact, ...]:
    return tuple(server.publish(name, name.encode() * 1000) for name in NAMES)


def contents(fetched: Fetched) -> list[bytes]:
    return [path.read_bytes() for _, path in fetched.paths]


@pytest.mark.parametrize("content_type", ["application/vnd.pypi.simple.v1+json", HTML])
def test_every_file_arrives_and_is_kept(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...], content_type: str
) -> None:
    server.content_type = content_type

    fetched = bench.fetch(*artifacts)

    assert contents(fetched) == [name.encode() * 1000 for name in NAMES]
    assert [artifact for artifact, _ in fetched.paths] == list(artifacts)
    assert fetched.downloaded_bytes == sum(artifact.size for artifact in artifacts)
    assert (fetched.from_store, fetched.repaired, fetched.yanked) == (0, (), ())
    assert fetched.yanked_checked
    assert not fetched.proxied
    assert bench.heard.steps == ["downloading 3 files"]
    assert bench.heard.bytes[-1] == (fetched.downloaded_bytes, fetched.downloaded_bytes)
    assert "simple.v1+json" in server.requests[0].headers["accept"]


def test_a_filled_store_needs_no_network(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    bench.fetch(*artifacts)
    server.requests.clear()

    def no_index() -> Index:
        raise AssertionError("the index was asked for")

    for offline in (True, False):
        fetched = fetch_artifacts(
            artifacts, index=no_index, store=bench.store, machine=bench.machine, offline=offline
        )
        assert fetched.from_store == 3
        assert not fetched.yanked_checked
    assert server.requests == []


def test_each_file_is_told_about_once_when_the_store_has_it(
    bench: Bench, artifacts: tuple[Artifact, ...]
) -> None:
    bench.fetch(*artifacts[:2])
    bench.damage(artifacts[1], b"damaged")
    told: list[tuple[Artifact, bytes]] = []

    fetch_artifacts(
        artifacts, index=bench.index(None), store=bench.store, machine=bench.machine,
        stored=lambda artifact, path: told.append((artifact, path.read_bytes())),
    )  # fmt: skip

    assert told[0][0] == artifacts[0]
    assert sorted(told, key=lambda one: one[0].filename) == [
        (artifact, artifact.filename.encode() * 1000)
        for artifact in sorted(artifacts, key=lambda one: one.filename)
    ]


def test_offline_nothing_is_told_while_something_is_missing(
    bench: Bench, artifacts: tuple[Artifact, ...]
) -> None:
    bench.fetch(artifacts[0])
    told: list[Artifact] = []

    with pytest.raises(McpInstallError):
        fetch_artifacts(
            artifacts, index=None, store=bench.store, machine=bench.machine, offline=True,
            stored=lambda artifact, _: told.append(artifact),
        )  # fmt: skip

    assert told == []


def test_offline_what_is_missing_is_listed(bench: Bench, artifacts: tuple[Artifact, ...]) -> None:
    bench.fetch(artifacts[0])

    error = bench.refusal(*artifacts, offline=True)

    assert error.code is ErrorCode.OFFLINE_MISSING
    assert error.evidence.split() == sorted(NAMES[1:])


def test_offline_a_damaged_copy_is_refused(bench: Bench, artifacts: tuple[Artifact, ...]) -> None:
    bench.fetch(*artifacts)
    bench.damage(artifacts[1], b"damaged")

    error = bench.refusal(*artifacts, offline=True)

    assert error.code is ErrorCode.DIGEST_MISMATCH
    assert NAMES[1] in error.message


def test_online_a_damaged_copy_is_fetched_again_and_told(
    bench: Bench, artifacts: tuple[Artifact, ...]
) -> None:
    bench.fetch(*artifacts)
    bench.damage(artifacts[1], artifacts[1].filename.encode() * 999 + b"!" * len(NAMES[1]))

    fetched = bench.fetch(*artifacts)

    assert fetched.repaired == (NAMES[1],)
    assert fetched.from_store == 2
    assert contents(fetched)[1] == NAMES[1].encode() * 1000


def test_without_an_index_nothing_can_be_missing(
    bench: Bench, artifacts: tuple[Artifact, ...]
) -> None:
    with pytest.raises(McpInstallError) as refused:
        fetch_artifacts(artifacts, index=None, store=bench.store, machine=bench.machine)

    assert refused.value.code is ErrorCode.INDEX_UNAVAILABLE


def test_no_artifacts_is_nothing_to_do(bench: Bench) -> None:
    assert bench.fetch().paths == ()


# What servers say ------------------------------------------------------------------------------


def test_withdrawn_files_are_told_with_their_reasons(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    bench.fetch(artifacts[2])
    server.listing(artifacts[0]).yanked = "broken metadata"
    server.listing(artifacts[2]).yanked = True

    fetched = bench.fetch(*artifacts)

    assert sorted(fetched.yanked) == [(NAMES[0], "broken metadata"), (NAMES[2], "")]
    assert fetched.yanked_checked


def test_a_file_listed_with_another_digest_is_refused_unasked(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    server.listing(artifacts[0]).sha256 = "0" * 64

    error = bench.refusal(artifacts[0])

    assert error.code is ErrorCode.DIGEST_MISMATCH
    assert server.asked("/files") == []


def test_a_file_listed_without_digest_or_with_a_false_size_is_judged_by_its_bytes(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    server.listing(artifacts[0]).sha256 = None
    server.listing(artifacts[1]).size = 7

    assert len(bench.fetch(*artifacts).paths) == 3


def test_one_bad_file_stops_all_and_is_not_kept(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    server.swap(artifacts[1], b"!" * artifacts[1].size)

    error = bench.refusal(*artifacts)

    assert error.code is ErrorCode.DIGEST_MISMATCH
    assert not bench.store.has(artifacts[1])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (endless(), ErrorCode.ARTIFACT_SIZE),
        (Reply(b"<html>please log in</html>"), ErrorCode.ARTIFACT_SIZE),
        (Reply(status=500), ErrorCode.DOWNLOAD_FAILED),
        (Reply(status=404), ErrorCode.DOWNLOAD_FAILED),
        (redirect("ftp://127.0.0.1/a"), ErrorCode.INDEX_FORBIDDEN),
    ],
)
def test_a_file_that_is_not_served_is_told(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...], reply: Reply, code: str
) -> None:
    server.answer(server.path(artifacts[0]), reply)

    assert bench.refusal(*artifacts).code == code


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>", headers={"Content-Type": "text/plain"}),
        Reply(b"{}", headers={"Content-Type": "application/json"}),
        Reply(status=503),
        Reply(status=401),
        endless(),
    ],
)
def test_a_page_that_cant_be_read_is_told(
    bench: Bench,
    server: IndexServer,
    artifacts: tuple[Artifact, ...],
    reply: Reply,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "INDEX_PAGE_BYTES", 1_000_000)
    server.answer("/simple/alpha/", reply)

    error = bench.refusal(artifacts[0])

    assert error.code is ErrorCode.INDEX_UNAVAILABLE
    assert "127.0.0.1" in error.message


def test_a_package_that_no_index_knows_is_told(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    del server.pages["alpha"]

    error = bench.refusal(*artifacts)

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert server.url in error.message


def test_a_busy_index_is_asked_again(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    path = server.path(artifacts[0])
    server.answer("/simple/alpha/", Reply(status=503), server.page("alpha"))
    server.answer(path, Reply(server.files[path][:99], length=artifacts[0].size),
                  Reply(server.files[path]))  # fmt: skip

    assert len(bench.fetch(*artifacts).paths) == 3
    assert len(bench.clock.pauses) == 2


def test_a_bug_in_a_worker_is_not_hidden(
    bench: Bench, artifacts: tuple[Artifact, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Client, "get_bytes", broken)

    with pytest.raises(ZeroDivisionError):
        bench.fetch(*artifacts)


def test_an_index_that_finishes_nothing_is_given_up(
    bench: Bench,
    server: IndexServer,
    artifacts: tuple[Artifact, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "DOWNLOAD_SECONDS", 0.5)
    done = threading.Event()

    def silence() -> Iterator[bytes]:
        done.wait(10)
        yield b""

    server.answer("/simple/alpha/", Reply(silence, length=10))
    error = bench.refusal(artifacts[0])
    done.set()

    assert error.code is ErrorCode.DOWNLOAD_FAILED
    assert "nothing was finished" in error.message


# Several indexes -------------------------------------------------------------------------------


def test_the_first_index_that_has_the_file_is_taken(tmp_path: Path) -> None:
    with IndexServer() as private, IndexServer() as public:
        bench = Bench(tmp_path, private, public)
        ours = private.publish(NAMES[0], b"ours")
        theirs = public.publish(NAMES[1], b"theirs")

        bench.fetch(ours, theirs)

        assert private.asked("/files") == [private.path(ours)]
        assert public.asked("/files") == [public.path(theirs)]
        assert "/simple/alpha/" not in public.asked()


def test_an_index_with_other_bytes_or_no_answer_is_passed_over(tmp_path: Path) -> None:
    with IndexServer() as other, IndexServer() as closed, IndexServer() as right:
        bench = Bench(tmp_path, other, closed, right)
        other.publish(NAMES[0], b"squatted")
        closed.credentials = "Basic nobody"
        artifact = right.publish(NAMES[0], b"pinned")

        fetched = bench.fetch(artifact)

        assert contents(fetched) == [b"pinned"]
        assert other.asked("/files") == []


def test_when_only_other_bytes_are_offered_that_is_what_is_told(tmp_path: Path) -> None:
    with IndexServer() as private, IndexServer() as public, IndexServer() as elsewhere:
        bench = Bench(tmp_path, private, public)
        public.publish(NAMES[0], b"squatted")
        artifact = elsewhere.publish(NAMES[0], b"pinned")

        error = bench.refusal(artifact)

        assert error.code is ErrorCode.DIGEST_MISMATCH
        assert public.url in error.message


def test_credentials_open_pages_and_files_of_the_same_origin(
    bench: Bench, server: IndexServer, artifacts: tuple[Artifact, ...]
) -> None:
    server.credentials = "Basic " + base64.b64encode(b"me:secret").decode()

    error = bench.refusal(*artifacts)
    assert error.code is ErrorCode.INDEX_UNAVAILABLE
    assert "credentials" in error.hint

    fetched = bench.fetch(*artifacts, credentials=Credentials(user="me", password="secret"))
    assert len(fetched.paths) == 3


# Hints -----------------------------------------------------------------------------------------


def hinted(server: IndexServer) -> tuple[Artifact, ...]:
    return tuple(server.publish(name, name.encode() * 10, hint=True) for name in NAMES)


def test_a_hint_saves_waiting_for_pages_that_are_still_read_for_withdrawals(
    bench: Bench, server: IndexServer
) -> None:
    artifacts = hinted(server)
    hints.remember(server.url, bench.machine, f"{server.origin}/")
    arrived = threading.Event()
    whole = sum(artifact.size for artifact in artifacts)

    def transferred(done: int, total: int) -> None:
        if done == whole == total:
            arrived.set()

    bench.heard.transferred = transferred  # type: ignore[method-assign]

    server.listing(artifacts[0]).yanked = "bad"
    body = cast("bytes", server.page("alpha").body)

    def page() -> Iterator[bytes]:
        assert arrived.wait(10), "files waited for a page"
        yield body

    headers = {"Content-Type": server.content_type}
    server.answer("/simple/alpha/", Reply(page, headers=headers, length=len(body)))

    fetched = bench.fetch(*artifacts)

    assert fetched.yanked == ((NAMES[0], "bad"),)
    assert fetched.yanked_checked
    assert len(server.asked("/files")) == 3


def test_the_first_page_teaches_where_files_are(bench: Bench, server: IndexServer) -> None:
    artifacts = hinted(server)

    bench.fetch(*artifacts)

    assert hints.remembered(server.url, bench.machine) == f"{server.origin}/"


@pytest.mark.parametrize("lie", ["nowhere", "other bytes", "endless", "forbidden"])
def test_a_wrong_hint_costs_a_request_and_nothing_else(
    bench: Bench, server: IndexServer, lie: str
) -> None:
    artifacts = hinted(server)
    hints.remember(server.url, bench.machine, f"{server.origin}/wrong/")
    wrong = f"/wrong/{artifacts[0].hint}"
    lies = {
        "nowhere": Reply(status=404),
        "other bytes": Reply(b"!" * artifacts[0].size),
        "endless": endless(),
        "forbidden": redirect("https://169.254.169.254/"),
    }
    server.answer(wrong, lies[lie])

    fetched = bench.fetch(*artifacts)

    assert contents(fetched) == [name.encode() * 10 for name in NAMES]
    assert server.asked("/wrong").count(wrong) == 1
    assert bench.heard.bytes[-1][0] == fetched.downloaded_bytes


def test_a_failed_look_up_only_leaves_withdrawal_unknown_when_the_file_is_here(
    bench: Bench, server: IndexServer
) -> None:
    artifacts = hinted(server)
    hints.remember(server.url, bench.machine, f"{server.origin}/")
    bench.fetch(artifacts[0])
    server.answer("/simple/alpha/", Reply(status=403))

    fetched = bench.fetch(*artifacts)

    assert len(fetched.paths) == 3
    assert not fetched.yanked_checked
