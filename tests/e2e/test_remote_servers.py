"""Servers that are used where they run: planned, asked once, written, verified, taken out."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.checks import Check, CheckResult, Outcome
from mcpinstall.model.manifest import Integrates
from mcpinstall.model.plan import ServerPlan
from mcpinstall.operations import catalog, installed, test_server, verify
from mcpinstall.operations.prepared import Done, Prepared
from tests.builders.remote_offers import TOKEN_HEADER, offer_remote, remote
from tests.builders.remote_server import LEGACY, RemoteServer
from tests.builders.servers import CLOCK, TOOLS
from tests.builders.world import World, refusal

pytestmark = pytest.mark.e2e

TOKEN = ("token", "env:CLOUD_TOKEN")


def outcome(results: tuple[CheckResult, ...], check: Check) -> CheckResult:
    return next(result for result in results if result.check is check)


def planned(world: World, *names: str, **request: Any) -> ServerPlan:  # noqa: ANN401
    """The one server of a plan into Cursor; nothing is done."""
    (server,) = world.prepare(*names, hosts=["cursor"], **request).plan.servers
    return server


def installed_checks(world: World, done: Done | None, check: Check) -> CheckResult:
    assert done is not None
    (receipt,) = done.receipts
    return outcome(receipt.checks, check)


def prepared(world: World, *names: str, **request: Any) -> Prepared:  # noqa: ANN401
    return world.prepare(*names, hosts=["cursor"], **request)


@pytest.mark.parametrize("product", ["cursor", "claude-code", "codex"])
def test_a_reviewed_remote_server_is_installed_and_leaves_no_byte_behind(
    world: World, product: str
) -> None:
    before = world.host_files()
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        done = world.install("cloud", hosts=[product])

        answers = installed_checks(world, done, Check.ANSWERS)
        assert (answers.outcome, server.methods) == (
            Outcome.VERIFIED,
            ["server/discover", "tools/list"],
        )
        assert server.url.encode() in world.file(product).read_bytes()
        assert verified_clean(world)
        assert world.install("cloud", hosts=[product]) is None
        assert len(server.requests) == 2

    world.uninstall("cloud")
    assert world.host_files() == before
    assert world.receipts() == {}
    assert world.homes() == []


def verified_clean(world: World) -> bool:
    return all(entry.is_clean for entry in verify.verify((), world.context))


def test_nothing_is_asked_before_the_yes(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        prepared(world, "cloud")

        assert server.requests == []


def test_what_can_t_be_checked_is_said_to_be_absent(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        results = prepared(world, "cloud").plan.checks

    for check in (Check.DOWNLOADS, Check.ARCHIVES, Check.ENVIRONMENT):
        assert outcome(results, check).outcome is Outcome.ABSENT
    assert outcome(results, Check.REGISTRY).outcome is Outcome.VERIFIED
    assert outcome(results, Check.ANSWERS).outcome is Outcome.NOT_YET


def test_an_address_that_the_user_typed_is_unreviewed_and_named_for_its_host(
    world: World,
) -> None:
    with RemoteServer(era=LEGACY) as server:
        plan = planned(world, f"remote:{server.url}")
        results = prepared(world, f"remote:{server.url}").plan.checks
        done = world.install(f"remote:{server.url}", hosts=["cursor"], entry_name="mine-too")

    assert plan.entry.name == f"server-{server.port}"
    assert plan.reviewed.registry.review.value == "unreviewed"
    assert outcome(results, Check.REGISTRY).outcome is Outcome.ABSENT
    assert outcome(results, Check.MANIFEST).outcome is Outcome.ABSENT
    answers = installed_checks(world, done, Check.ANSWERS)
    assert answers.outcome is Outcome.NOT_CHECKED
    assert "2 tools, which nobody reviewed" in answers.evidence
    assert verified_clean(world)


def test_an_unreviewed_address_is_not_installed_by_a_bare_yes(world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        planned(world, "remote:https://mcp.example.com/mcp", unattended=True)

    assert refusal(refused) == ("policy-refused", 3)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://mcp.context7.com/mcp", "context7"),
        ("https://api.githubcopilot.com/mcp/", "githubcopilot"),
        ("https://example.com", "example"),
        ("https://a.b.example.com/x", "a-b-example"),
        ("http://[::1]:8080/mcp", "server-8080"),
        ("https://10.0.0.7/mcp", "server-443"),
    ],
)
def test_an_entry_is_named_for_the_host(world: World, url: str, name: str) -> None:
    assert planned(world, f"remote:{url}").entry.name == name


def test_a_token_is_a_reference_and_reaches_neither_receipt_nor_server(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = secrets.token_hex(16)
    monkeypatch.setenv("CLOUD_TOKEN", token)
    with RemoteServer(token=token) as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        done = world.install("cloud", hosts=["cursor"], settings=(TOKEN,))

        answers = installed_checks(world, done, Check.ANSWERS)
        assert answers.outcome is Outcome.NOT_CHECKED
        assert "it wants authorization (Bearer)" in answers.evidence
        assert done is not None
        assert any("it wants authorization" in note for note in done.notes)
        assert all("authorization" not in request.headers for request in server.requests)
        entry = json.loads(world.file("cursor").read_text())["mcpServers"]["cloud"]
        assert entry["headers"] == {"Authorization": "Bearer ${env:CLOUD_TOKEN}"}
        for path in world.home.rglob("*"):
            assert not path.is_file() or token.encode() not in path.read_bytes(), path

        without = test_server.test("cloud", world.context)
        assert (without.tools, "authorization" in without.authorization) == ((), True)
        asked = test_server.test("cloud", world.context, with_secrets=True)
        assert (len(asked.tools), asked.differences) == (2, ())


def test_a_token_must_be_named_for_it_leaves_this_machine(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", secrets.token_hex(8))
    monkeypatch.setenv("token", secrets.token_hex(8))
    with RemoteServer() as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        with pytest.raises(McpInstallError) as refused:
            planned(world, "cloud")

    assert refusal(refused) == ("input-missing", 2)


def test_tools_that_differ_from_the_reviewed_ones_refuse_before_anything_is_written(
    world: World,
) -> None:
    before = world.host_files()
    with RemoteServer(tools=[CLOCK]) as server:
        offer_remote(world, remote(server.url), reviewed=TOOLS)
        with pytest.raises(McpInstallError) as refused:
            world.install("cloud", hosts=["cursor"])

    assert refusal(refused) == ("tools-changed", 3)
    assert "- tool convert_time" in refused.value.evidence
    world.require_untouched(before)


def test_a_server_that_is_not_there_refuses_and_offline_does_not_ask(world: World) -> None:
    before = world.host_files()
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
    with pytest.raises(McpInstallError) as refused:
        world.install("cloud", hosts=["cursor"])
    world.require_untouched(before)

    done = world.install("cloud", hosts=["cursor"], offline=True)

    assert refusal(refused) == ("probe-failed", 5)
    answers = installed_checks(world, done, Check.ANSWERS)
    assert (answers.outcome, answers.evidence) == (Outcome.NOT_CHECKED, "`--offline`")


def test_variables_of_the_address_are_inputs(world: World) -> None:
    variables = {"tenant": {"description": "Your tenant", "isRequired": True}}
    with RemoteServer() as server:
        offer_remote(world, remote(f"{server.origin}/{{tenant}}", variables=variables))
        with pytest.raises(McpInstallError) as missing:
            planned(world, "cloud")
        first = planned(world, "cloud", settings=(("tenant", "mcp"),))
        hostile = planned(world, "cloud", settings=(("tenant", "../a b?c#d@e"),))
        world.install("cloud", hosts=["cursor"], settings=(("tenant", "mcp"),))
        world.configure("cloud", ("tenant", "mcp2"), offline=True)
        (receipt,) = world.receipts().values()

    assert refusal(missing) == ("input-missing", 2)
    assert first.remote is not None
    assert first.remote.url == f"{server.origin}/mcp"
    assert hostile.remote is not None
    assert hostile.remote.url == f"{server.origin}/..%2Fa%20b%3Fc%23d%40e"
    assert receipt.url == f"{server.origin}/mcp2"
    entry = json.loads(world.file("cursor").read_text())["mcpServers"]["cloud"]
    assert entry == {"url": f"{server.origin}/mcp2"}
    assert verified_clean(world)


@pytest.mark.parametrize(
    ("integrates", "wanted", "chosen"),
    [
        (Integrates.LOCAL, None, "stdio"),
        (Integrates.CLOUD, None, "streamable-http"),
        (Integrates.LOCAL, "streamable-http", "streamable-http"),
        (Integrates.CLOUD, "stdio", "stdio"),
    ],
)
def test_where_there_are_two_ways_one_is_recommended_with_its_reason(
    world: World, integrates: Integrates, wanted: str | None, chosen: str
) -> None:
    url = "https://mcp.example.com/mcp"
    world.offer("both", remotes=[remote(url)], integrates=integrates)

    plan = planned(world, "both", transport=wanted)

    assert (plan.remote.transport if plan.remote else "stdio") == chosen
    best = "stdio" if integrates is Integrates.LOCAL else "streamable-http"
    assert plan.advice.startswith(f"`{best}` is recommended: ")
    assert "--transport" in plan.advice


def test_a_transport_that_a_server_lacks_is_refused_with_those_that_it_has(world: World) -> None:
    with pytest.raises(McpInstallError) as refused:
        planned(world, "clock", transport="sse")

    assert refusal(refused) == ("input-invalid", 2)
    assert "`stdio`" in refused.value.hint


def test_both_ways_of_one_server_live_side_by_side(world: World) -> None:
    before = world.host_files()
    with RemoteServer() as server:
        world.offer("both", remotes=[remote(server.url)])
        world.install("both", hosts=["cursor"])
        with pytest.raises(McpInstallError) as refused:
            world.install("both", hosts=["cursor"], transport="streamable-http")
        world.install(
            "both", hosts=["cursor"], transport="streamable-http", entry_name="both-cloud"
        )

        assert refusal(refused) == ("server-exists", 3)
        assert verified_clean(world)
        world.uninstall("both")
        assert world.homes() == []
        assert verified_clean(world)
        world.uninstall("both-cloud")
    assert world.host_files() == before


def test_an_uninstalled_remote_server_comes_back_with_undo(world: World) -> None:
    before = world.host_files()
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        world.install("cloud", hosts=["cursor", "codex"])
        with_it, receipts = world.host_files(), world.receipts()
        world.uninstall("cloud")
        world.undo()
        assert (world.host_files(), world.receipts()) == (with_it, receipts)
        world.undo()  # the installation

    assert world.host_files() == before
    assert world.receipts() == {}


def test_an_entry_that_connects_elsewhere_is_found(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url))
        world.install("cloud", hosts=["cursor"])
        file = world.file("cursor")
        file.write_bytes(file.read_bytes().replace(b"127.0.0.1", b"localhost"))
        (entry,) = verify.verify((), world.context)

    (finding,) = entry.findings
    assert finding.check is Check.HOST_FILES
    assert "another address" in finding.message


def test_a_remote_server_is_listed_shown_and_not_built(world: World) -> None:
    with RemoteServer() as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        world.install("cloud", hosts=["cursor"], settings=(TOKEN,))
        (listed,) = installed.installed(world.context)
        shown = catalog.show("cloud", world.context)
        with pytest.raises(McpInstallError) as refused:
            world.reinstall("cloud")

    assert listed.state == installed.OK
    assert [question.name for question in shown.questions] == ["token"]
    assert refusal(refused)[0] == ErrorCode.USAGE


def test_an_address_is_shown_with_the_transport_that_it_was_installed_with(world: World) -> None:
    with RemoteServer(era=LEGACY, sse=True) as server:
        address = f"remote:{server.url}"
        assert catalog.show(address, world.context).remotes == (("streamable-http", server.url),)
        world.install(
            address, hosts=["cursor"], entry_name="old", transport="sse", headers=("X-Key",),
            settings=(("X-Key", "env:THE_KEY"),),
        )  # fmt: skip

        for name in (address, "old"):
            shown = catalog.show(name, world.context)
            assert shown.remotes == (("sse", server.url),)
            assert "X-Key" in [question.name for question in shown.questions]


def test_a_host_that_can_t_have_it_is_told_what_to_do(world: World) -> None:
    offer_remote(world, remote("https://mcp.example.com/mcp"))

    with pytest.raises(McpInstallError) as refused:
        world.prepare("cloud", hosts=["claude-desktop"])

    assert refusal(refused) == ("host-unsupported", 5)
    assert "Connectors" in refused.value.hint


def test_the_plan_digest_names_transport_address_and_headers_and_no_value(world: World) -> None:
    variables = {"tenant": {"isRequired": True}}
    url = "https://mcp.example.com/{tenant}"
    offer_remote(world, remote(url, variables=variables, headers=[TOKEN_HEADER]))
    offer_remote(world, remote(url, variables=variables), name="bare")

    def digest(name: str, *settings: tuple[str, str]) -> str:
        return prepared(world, name, settings=settings, entry_name="x").plan.digest

    one = digest("cloud", ("tenant", "a"), TOKEN)
    assert one == digest("cloud", ("tenant", "b"), ("token", "env:OTHER"))
    assert one != digest("bare", ("tenant", "a"))
    direct = [
        prepared(world, "remote:https://mcp.example.com/mcp", transport=transport).plan.digest
        for transport in ("streamable-http", "sse")
    ]
    assert len(set(direct)) == 2


def test_a_header_of_the_users_own_is_sent_by_the_host(world: World) -> None:
    done = world.install(
        "remote:https://mcp.example.com/mcp", hosts=["cursor"], offline=True,
        headers=("X-Api-Key",), settings=(("X-Api-Key", "env:KEY"),),
    )  # fmt: skip

    assert done is not None
    entry = json.loads(world.file("cursor").read_text())["mcpServers"]["example"]
    assert entry["headers"] == {"X-Api-Key": "${env:KEY}"}
    world.configure("example", ("X-Api-Key", "env:OTHER"), offline=True)
    entry = json.loads(world.file("cursor").read_text())["mcpServers"]["example"]
    assert entry["headers"] == {"X-Api-Key": "${env:OTHER}"}
    assert verified_clean(world)


def test_a_host_that_asks_for_secrets_itself_is_left_to_do_so(world: World) -> None:
    with RemoteServer(token="t") as server:
        offer_remote(world, remote(server.url, headers=[TOKEN_HEADER]))
        world.install("cloud", hosts=["vscode"], settings=(("token", "host:"),))
        file = world.home / ".config/Code/User/mcp.json"
        written = json.loads(file.read_text())
        assert verified_clean(world)
        world.uninstall("cloud")

    (asked,) = written["inputs"]
    header = written["servers"]["cloud"]["headers"]["Authorization"]
    assert header == f"Bearer ${{input:{asked['id']}}}"
    assert asked["password"] is True
    assert not file.exists()


def test_who_asks_a_host_that_can_not_is_told_what_remote_servers_have(world: World) -> None:
    offer_remote(world, remote("https://mcp.example.com/mcp", headers=[TOKEN_HEADER]))

    with pytest.raises(McpInstallError) as refused:
        world.install("cloud", hosts=["cursor"], settings=(("token", "host:"),))

    assert refused.value.code is ErrorCode.HOST_UNSUPPORTED
    assert "--secret-from-env" in refused.value.hint


def test_the_command_line_says_what_was_found_out(world: World) -> None:
    with RemoteServer(token="t", metadata={"scopes_supported": ["read"]}) as server:
        words = (f"remote:{server.url}", "--as", "elsewhere", "--host", "cursor")
        mcpi = world.command()
        digest = mcpi.run("install", *words, "--dry-run").stdout.strip()
        bare = mcpi.run("install", *words, "--yes", status=3)
        done = mcpi.run(
            "install", *words, "--yes", "--allow", "unreviewed", "--expect-digest", digest
        )
        listed = mcpi.answer("list")["servers"]
        tested = mcpi.answer("test", "elsewhere", status=5)["result"]
        mcpi.run("verify", "elsewhere")
        mcpi.run("uninstall", "elsewhere", "--yes")

    assert "policy-refused" in bare.stderr
    assert "it wants authorization (Bearer) for read" in " ".join(done.stderr.split())
    assert [(one["transport"], one["url"]) for one in listed] == [("streamable-http", server.url)]
    assert "authorization" in tested["authorization"]
