"""The plan screen of a server that is used where it runs."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import json_output, layout, render_plan, render_show
from mcpinstall.cli.render_plan import View
from mcpinstall.model.checks import Check, Outcome
from mcpinstall.model.host import EnvironmentValue, Remote, ServerEntry
from mcpinstall.model.input_value import InputValue
from mcpinstall.model.plan import RemotePlan, ServerPlan
from mcpinstall.model.receipt import Receipt
from mcpinstall.operations import direct, remote_plans
from mcpinstall.operations.test_server import TestResult
from tests.builders import plans
from tests.builders.remote_plans import REGION, TOKEN, URL, prepared, remote_server


def receipt(*inputs: InputValue, **changes: object) -> Receipt:
    """The receipt of a remote server."""
    values = {"transport": "streamable-http", "url": URL, "inputs": inputs, **changes}
    return plans.receipt("cloud", **values)


def screen(server: ServerPlan, width: int = 80) -> str:
    view = View(width=width, height=None, home=plans.HOME)
    return layout.plain(render_plan.plan(prepared(server), (), view))


def test_a_reviewed_remote_server_with_a_token() -> None:
    assert screen(remote_server(TOKEN, REGION)) == snapshot("""\
cloud 1.0 — read and write issues of the cloud service
  com.example/cloud
CERTIFIED   registry: bundled (issued 2026-11-22)   criteria: probed
  not done: source-read   review claimed by Grace, 2026-11-20

Checks                                        3 done, 4 absent, 2 after your yes
  1 registry     verified  shipped with mcpinstall 0.1.0, fresh, not rolled back
  2 manifest     verified  4 files match their sha256
  3 policy       verified  built-in default: certified; none yanked
  4 downloads    absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  5 publisher    absent    the manifest names no publisher identity
  6 archives     absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  7 environment  absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  8 answers   9 host file   not yet run
May do nothing on this machine by itself; what it does where it runs, and with
    what it is sent, is neither seen nor limited by anything here

Cursor will connect to this address, and send it what you ask there
  (streamable-http):
  https://mcp.example.com/acme%2Feu/mcp
  with the headers
    Authorization  (Bearer and a secret, from your variable CLOUD_TOKEN)
    X-Region=eu
  It asks for a secret in the header Authorization.
cloud 1.0 is certified by registry bundled. Nothing has been written yet.
""")


def test_an_address_that_the_user_typed() -> None:
    reviewed = direct.server("https://mcp.example.com/mcp")
    server = remote_server(reviewed=reviewed)

    assert screen(server) == snapshot("""\
cloud remote — whatever mcp.example.com offers at this address
  remote:https://mcp.example.com/mcp
NOT REVIEWED   no registry: you gave the address

Checks                                        1 done, 6 absent, 2 after your yes
  1 registry     absent    no registry knows it: you gave the address
  2 manifest     absent    nobody described this server
  3 policy       verified  built-in default: certified; none yanked
  4 downloads    absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  5 publisher    absent    the manifest names no publisher identity
  6 archives     absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  7 environment  absent    runs elsewhere: nothing of it comes to this machine,
                           and what runs can change
  8 answers   9 host file   not yet run
May do nothing on this machine by itself; what it does where it runs, and with
    what it is sent, is neither seen nor limited by anything here

Cursor will connect to this address, and send it what you ask there
  (streamable-http):
  https://mcp.example.com/acme%2Feu/mcp
  It says nothing of authorization: it is asked once after your yes, without any
    secret.
cloud is NOT REVIEWED: nobody vouches for it, and nobody can read what runs
  there; it is for those who trust its provider.
Nothing has been written yet.
""")


def test_a_server_on_this_machine_is_not_said_to_run_elsewhere() -> None:
    url = "http://127.0.0.1:3845/mcp"
    entry = ServerEntry(name="cloud", remote=Remote(transport="streamable-http", url=url))
    plan = RemotePlan(
        transport="streamable-http", url=url, url_template=url, headers=(), declared=()
    )

    shown = " ".join(screen(remote_server(entry=entry, remote=plan)).split())

    assert "Runs on this machine already, with the rights of whoever started it" in shown
    assert "neither fetches nor starts it" in shown
    assert "elsewhere" not in shown


@pytest.mark.parametrize("width", [40, 200])
def test_no_part_of_an_address_is_ever_left_out(width: int) -> None:
    long = f"https://mcp.example.com/{'a' * 300}/mcp"
    entry = ServerEntry(name="cloud", remote=Remote(transport="streamable-http", url=long))

    shown = screen(remote_server(entry=entry), width)

    assert long in "".join(line.strip().removeprefix("↳ ") for line in shown.splitlines())


def test_a_token_in_clear_text_is_named_and_not_shown() -> None:
    value = "x" * 20
    shown = screen(remote_server(EnvironmentValue(name="Authorization", value=value, secret=True)))

    assert value not in shown
    assert "Authorization  (secret, in CLEAR TEXT in the host's file)" in shown


def test_the_recommendation_stands_where_both_ways_exist() -> None:
    shown = screen(remote_server(advice="`streamable-http` is recommended: because"))

    assert "over `streamable-http`; `streamable-http` is recommended: because" in shown


def test_the_plan_as_json() -> None:
    planned: Any = json_output.plan(prepared(remote_server(TOKEN)), ())
    (server,) = planned["servers"]

    assert {key: server[key] for key in ("transport", "remote", "command", "interpreter")} == (
        snapshot(
            {
                "transport": "streamable-http",
                "remote": {
                    "url": "https://mcp.example.com/acme%2Feu/mcp",
                    "url_template": "https://mcp.example.com/{tenant}/mcp",
                    "headers": [
                        {
                            "name": "Authorization",
                            "secret": True,
                            "reference": "CLOUD_TOKEN",
                            "place": None,
                            "value": None,
                        }
                    ],
                    "authorization": ["a secret in the header Authorization"],
                },
                "command": [],
                "interpreter": None,
            }
        )
    )


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        (
            {
                "authorization": "it wants authorization (Bearer) given out by https://login.example",
                "receipt": receipt(InputValue(name="token", value=None, secret=True)),
            },
            snapshot("""\
cloud answers: it wants authorization (Bearer) given out by
    https://login.example
  its tools were not seen; `mcpi test cloud --with-secrets` sends what your
    variables hold for it
"""),
        ),
        (
            {
                "authorization": "it wants authorization (Bearer)",
                "receipt": receipt(InputValue(name="token", value=None, secret=True)),
                "with_secrets": True,
            },
            snapshot("""\
cloud answers: it wants authorization (Bearer)
  its tools were not seen; what your variables hold for it was sent, and it did
    not take that
"""),
        ),
        (
            {"authorization": "it wants authorization (Bearer)"},
            snapshot("""\
cloud answers: it wants authorization (Bearer)
  its tools were not seen; no secret was given for it: a host that knows OAuth
    asks you to sign in
"""),
        ),
        (
            {
                "authorization": "it wants authorization (Bearer)",
                "receipt": receipt(name="remote:https://mcp.example.com/mcp"),
            },
            snapshot("""\
cloud answers: it wants authorization (Bearer)
  its tools were not seen; no secret was given for it: a host that knows OAuth
    asks you to sign in; `mcpi configure cloud --set token=env:VARIABLE` gives
    it a token
"""),
        ),
        (
            {"tools": ("a", "b"), "reviewed": False, "protocol": "2026-07-28"},
            snapshot("""\
cloud 2026.10.19 answers: 2 tools, which nobody reviewed (protocol 2026-07-28,
    0.5 s)
  a, b
"""),
        ),
    ],
)
def test_what_a_remote_server_answers_to_a_test(result: dict[str, Any], shown: str) -> None:
    values: dict[str, Any] = {
        "receipt": receipt(),
        "tools": (), "differences": (), "protocol": "", "seconds": 0.5,
    }  # fmt: skip

    assert layout.plain(render_show.tested(TestResult(**{**values, **result}), 80)) == shown


def test_every_check_that_can_t_be_made_says_why() -> None:
    results = remote_plans.checks(remote_server(), offline=True)

    assert [(result.check, result.outcome) for result in results] == [
        (Check.DOWNLOADS, Outcome.ABSENT),
        (Check.ARCHIVES, Outcome.ABSENT),
        (Check.ENVIRONMENT, Outcome.ABSENT),
        (Check.ANSWERS, Outcome.NOT_CHECKED),
    ]
    assert all(result.evidence for result in results)
