"""`manifest.toml`: parsed strictly, printed back to the same bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import manifest_text
from mcpinstall.model.manifest import (
    CRITERIA,
    Audience,
    Hook,
    HookKind,
    Integrates,
    Manifest,
    PackageChoice,
    Permissions,
    ProbeSettings,
    Publisher,
    RemoteChoice,
    Review,
    ToolVariation,
)
from mcpinstall.model.platforms import PLATFORMS
from mcpinstall.model.server_json import REMOTE_TRANSPORTS
from tests.builders.registry_folders import manifest

FILES = (("pylock.toml", "a" * 64), ("server.json", "b" * 64), ("tools.json", "c" * 64))
TEXT = manifest_text.dump(replace(manifest(), files=FILES)).decode()

plain = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60).filter(
    str.strip
)
word = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,9})?", fullmatch=True)
digest = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
texts = st.lists(plain, max_size=3).map(tuple)
hosts = st.lists(st.sampled_from(["*", "a.example", "*.b:80", "{HOST}"]), max_size=3).map(tuple)
chosen = st.lists(st.sampled_from(sorted(PLATFORMS)), min_size=1, unique=True).map(tuple)
criteria = st.lists(st.sampled_from(CRITERIA), min_size=1, unique=True).map(tuple)
pairs = st.dictionaries(word.map(lambda w: w.replace("-", "_")), plain, max_size=3).map(
    lambda found: tuple(sorted(found.items()))
)
publishers = st.builds(
    Publisher,
    issuer=word.map("https://{}.example".format),
    repository=word.map("https://forge.example/{}".format),
    repository_id=st.from_regex(r"[0-9]{1,9}", fullmatch=True),
    owner_id=st.from_regex(r"[0-9]{1,9}", fullmatch=True),
    workflow=plain,
    ref=plain,
)
hooks = st.builds(
    Hook,
    wheel=word.map(lambda w: f"{w}-1-py3-none-any.whl"),
    member=plain,
    sha256=digest,
    kind=st.sampled_from(HookKind),
    reason=plain,
)
variations = st.builds(
    ToolVariation, pointer=word.map("/tools/{}".format), reason=plain, pattern=plain
) | st.builds(
    ToolVariation, pointer=word.map("/{}".format), reason=plain, when=st.just("os_name == 'nt'")
)
reviews = st.builds(
    Review,
    by=plain,
    on=st.dates().map(str),
    criteria=criteria,
    platforms=chosen | st.just(()),
    notes=plain | st.just(""),
)


remotes = st.builds(
    RemoteChoice,
    transport=st.sampled_from(REMOTE_TRANSPORTS),
    url=word.map("https://{}.example/{{tenant}}/mcp?x={{y}}".format),
)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    publisher = draw(st.none() | publishers)
    elsewhere = draw(st.lists(remotes, unique=True, max_size=2).map(tuple))
    local = not elsewhere or draw(st.booleans())
    files = FILES if local else draw(st.sampled_from([FILES[1:], FILES[1:2]]))
    claims = ["source-read", *(["probed"] if len(files) > 1 else [])]
    claimed = st.lists(st.sampled_from(claims), min_size=1, unique=True).map(tuple)
    return Manifest(
        name=f"io.github.{draw(word)}/{draw(word)}",
        version=draw(st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}", fullmatch=True)),
        title=draw(plain),
        summary=draw(plain),
        try_sentence=draw(plain),
        files=tuple((name, draw(digest)) for name, _ in files),
        remotes=elsewhere,
        package=PackageChoice(
            registry_type="pypi",
            identifier=draw(word),
            version=draw(st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4}){0,2}", fullmatch=True)),
            script=draw(word),
            requires_python=">=3.11,<3.15",
            platforms=draw(chosen),
        )
        if local
        else None,
        publisher=publisher,
        publisher_absent="" if publisher else draw(plain),
        permissions=Permissions(
            network=draw(hosts), read=draw(texts), write=draw(texts), exec=draw(texts)
        ),
        probe=ProbeSettings(
            arguments=draw(texts),
            environment=draw(st.just(()) | st.just((("CLOCK_ZONE", "UTC"),))),
            inputs=draw(pairs),
        ),
        hooks=draw(st.lists(hooks, max_size=2).map(tuple)) if local else (),
        varies=draw(st.lists(variations, max_size=2).map(tuple)),
        audience=draw(st.sampled_from(Audience)),
        integrates=draw(st.sampled_from(Integrates)),
        reviews=tuple(
            review if local else replace(review, criteria=draw(claimed))
            for review in draw(st.lists(reviews, max_size=2))
        ),
    )


@given(manifests())
def test_what_is_printed_is_parsed_back(described: Manifest) -> None:
    data = manifest_text.dump(described)

    assert manifest_text.parse(data) == described
    assert manifest_text.dump(manifest_text.parse(data)) == data


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(McpInstallError):
        manifest_text.parse(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 2"),
        ("schema = 1", ""),
        ("schema = 1", "schema = 1\npost-install = 'sh'"),
        ('name = "io.github.user/clock"', 'name = "../../etc"'),
        ('name = "io.github.user/clock"', 'name = "io.github.user/a/b"'),
        ('version = "1.2.0"', 'version = "latest"'),
        ('version = "1.2.0"', 'version = ">=1"'),
        ('title = "Clock"', 'title = " "'),
        ('title = "Clock"', f'title = "{"x" * 101}"'),
        ('audience = "everyone"', 'audience = "nobody"'),
        ('"pylock.toml" = ', '"../pylock.toml" = '),
        ('"pylock.toml" = ', '"Pipfile.lock" = '),
        ("a" * 64, "a" * 63),
        ('registryType = "pypi"', 'registryType = "curl-bash"'),
        ('identifier = "clock-server"', 'identifier = "x @ https://evil.example/x.whl"'),
        ('identifier = "clock-server"', 'identifier = "--index-url=x"'),
        ('script = "clock-server"', 'script = "../sh"'),
        ('script = "clock-server"', 'script = "-c"'),
        ('"linux-x86_64-glibc"', '"amiga"'),
        ('"locked"', '"blessed"'),
        ('"locked"', '"inspected"'),
        ('on = "2026-11-22"', 'on = "22.11.2026"'),
        ('on = "2026-11-22"', 'on = "20261122"'),
        ("network = []", 'network = "everything"'),
        ("network = []", "network = [1]"),
        ("network = []", 'network = ["any host"]'),
        ("network = []", "network = []\nroot = true"),
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(old: str, new: str) -> None:
    assert old in TEXT

    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse(TEXT.replace(old, new).encode())

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


def test_the_refusal_names_the_key() -> None:
    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse(TEXT.replace('"linux-x86_64-glibc"', '"amiga"').encode())

    assert refused.value.message == (
        "`package.platforms` names `amiga`, which is not a known platform"
    )


def test_a_publisher_and_its_absence_do_not_go_together() -> None:
    both = TEXT.replace("absent = ", 'issuer = "https://issuer.example"\nabsent = ')

    with pytest.raises(McpInstallError, match=r"publisher\.issuer"):
        manifest_text.parse(both.encode())


def test_a_variation_needs_a_bound() -> None:
    endless = '\n[[tools.varies]]\npointer = "/tools/now"\nreason = "any"\n'

    with pytest.raises(McpInstallError, match="exactly one"):
        manifest_text.parse((TEXT + endless).encode())


REMOTE = """
[[remotes]]
transport = "streamable-http"
url = "https://mcp.example.com/mcp"
"""


@pytest.mark.parametrize(
    "more",
    [
        REMOTE.replace("https", "http"),
        REMOTE.replace("streamable-http", "stdio"),
        REMOTE.replace("mcp.example.com", "user@mcp.example.com"),
        REMOTE + REMOTE,
        REMOTE + "headers = []\n",
    ],
)
def test_a_remote_with_a_wrong_value_is_refused(more: str) -> None:
    assert manifest_text.parse((TEXT + REMOTE).encode()).remotes

    with pytest.raises(McpInstallError) as refused:
        manifest_text.parse((TEXT + more).encode())

    assert refused.value.code is ErrorCode.MANIFEST_INVALID


def test_a_manifest_has_a_package_or_a_remote_and_a_lock_for_a_package_only() -> None:
    choice = RemoteChoice(transport="sse", url="https://mcp.example.com/sse")
    nothing = replace(manifest(), package=None, files=FILES[1:])
    locked = replace(manifest(), package=None, remotes=(choice,), files=FILES)
    unlocked = replace(manifest(), remotes=(choice,), files=FILES[1:])

    for described in (nothing, locked, unlocked):
        with pytest.raises(McpInstallError) as refused:
            manifest_text.parse(manifest_text.dump(described))
        assert refused.value.code is ErrorCode.MANIFEST_INVALID


@pytest.mark.parametrize("claimed", ["locked", "inspected", "probed"])
def test_a_review_without_a_package_claims_nothing_of_files_and_no_tools_that_are_not_there(
    claimed: str,
) -> None:
    choice = RemoteChoice(transport="sse", url="https://mcp.example.com/sse")
    seen = replace(manifest(), package=None, remotes=(choice,), files=FILES[1:], hooks=())
    review = replace(seen.reviews[0], criteria=(claimed,))
    unseen = replace(seen, files=FILES[1:2], reviews=(review,))

    manifest_text.parse(manifest_text.dump(replace(unseen, reviews=())))
    with pytest.raises(McpInstallError, match=f"claims `{claimed}`"):
        manifest_text.parse(manifest_text.dump(unseen))
    if claimed == "probed":
        manifest_text.parse(manifest_text.dump(replace(seen, reviews=(review,))))


def test_hooks_without_a_package_are_refused() -> None:
    choice = RemoteChoice(transport="sse", url="https://mcp.example.com/sse")
    hook = Hook(
        wheel="clock-1-py3-none-any.whl", member="clock.pth", sha256="a" * 64,
        kind=HookKind.STARTUP, reason="it asks for it",
    )  # fmt: skip
    described = replace(
        manifest(), package=None, remotes=(choice,), files=FILES[1:], reviews=(), hooks=(hook,)
    )

    with pytest.raises(McpInstallError, match="there is no package"):
        manifest_text.parse(manifest_text.dump(described))
