"""The pages of `mcpi policy`, the line of a plan, and policies in JSON."""

# ruff: noqa: E501 - golden output is as wide as a screen

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from mcpinstall.cli import layout, render_policy
from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.policy import NO_POLICY, Level, Policy
from mcpinstall.operations.policies import Judged, PolicyFile
from mcpinstall.planning.policy_rules import decide, merge, sentence
from tests.builders import plans, policies
from tests.builders.policies import NOW, parsed
from tests.cli.conftest import Mcpi, Operations

SYSTEM = """\
reviewed-only = true
registries = ["bundled"]
deny-names = ["io.github.user/*", "com.example/*"]
min-release-age-days = 14

[[exceptions]]
rule = "min-release-age-days"
names = ["io.github.user/clock"]
reason = "ticket 4711"
until = 2026-11-30

[[exceptions]]
rule = "deny-names"
names = ["io.github.user/clock"]
reason = "read by us"
until = 2027-01-31
"""


def two_files() -> tuple[Policy, Policy]:
    system = parsed(SYSTEM, Level.SYSTEM, "/etc/mcpinstall/policy.toml")
    return system, parsed("hosts = []\n", Level.PROJECT, "/code/app/.mcpinstall/policy.toml")


def files(*found: Policy) -> list[PolicyFile]:
    return [PolicyFile(origin=one.origins[0], policy=one) for one in found]


@pytest.fixture(autouse=True)
def _work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_every_rule_with_its_file_line_and_exceptions() -> None:
    system, project = two_files()
    nothing = replace(files(project)[0], policy=None)
    page = render_policy.shown(
        merge([system, project]), [*files(system, project), nothing], NOW, 80
    )

    assert layout.plain(page) == snapshot("""\
Policy files, each only tighter than those above
  system   /etc/mcpinstall/policy.toml  (4 rules)
  project  /code/app/.mcpinstall/policy.toml  (1 rule)
  project  /code/app/.mcpinstall/policy.toml  (no file)

reviewed-only = true
  from system, /etc/mcpinstall/policy.toml, line 2
registries = bundled
  from system, /etc/mcpinstall/policy.toml, line 3
deny-names = io.github.user/*, com.example/*
  from system, /etc/mcpinstall/policy.toml, line 4
  exception until 2027-01-31: io.github.user/clock (read by us)
hosts = (nothing)
  from project, /code/app/.mcpinstall/policy.toml, line 2
min-release-age-days = 14
  from system, /etc/mcpinstall/policy.toml, line 5
  ended 2026-11-30: io.github.user/clock (ticket 4711)
""")


def test_no_page_is_wider_than_the_screen() -> None:
    for width in (40, 60, 100):
        policy = merge(two_files())
        pages = (
            render_policy.shown(policy, files(*two_files()), NOW, width),
            render_policy.judged(policy, judged(policy), width),
            render_policy.line_of_plan(policy, width),
        )
        rows = [row for page in pages for row in page]
        assert max(layout.cells("".join(part.text for part in row)) for row in rows) <= width


def judged(policy: Policy) -> tuple[Judged, ...]:
    """Return a server that is forbidden, one that is allowed, and one that nobody can judge."""
    decision = decide(policy, policies.subject(released=NOW - timedelta(days=3)), NOW)
    told = tuple(sentence(one) for one in decision.refusals)
    gone = McpInstallError(ErrorCode.REGISTRY_INVALID, "the registry is not configured any more")
    return (
        Judged(name="io.github.user/clock", version="1.0", entry_name="clock", refusals=told,
               excepted=("`deny-names` until 2027-01-31: read by us",)),
        Judged(name="com.other/x", version="2", entry_name="", refusals=(), excepted=()),
        Judged(name="com.gone/x", version="2", entry_name="x", refusals=(), excepted=(), problem=gone),
    )  # fmt: skip


def test_what_the_policy_says_of_servers() -> None:
    policy = merge(two_files())

    assert layout.plain(render_policy.judged(policy, judged(policy), 80)) == snapshot("""\
2 policy files without a contradiction, 5 rules

forbidden  io.github.user/clock 1.0 (as clock)
  its entry is for `cursor` (`hosts` in the project policy
  ↳ `/code/app/.mcpinstall/policy.toml`, line 2)
  its newest file was published on 2026-11-28 (`min-release-age-days` in the
  ↳ system policy `/etc/mcpinstall/policy.toml`, line 5; its exception ended on
  ↳ 2026-11-30)
  by exception: `deny-names` until 2027-01-31: read by us
allowed  com.other/x 2
not judged  com.gone/x 2 (as x): the registry is not configured any more
""")


def test_a_plan_names_the_files_unless_there_are_none(mcpi: Mcpi, operations: Operations) -> None:
    plain = mcpi("install", "git", "--dry-run", terminal=False).err
    plan = replace(plans.prepared().plan, policy=merge(two_files()))
    operations.prepared = replace(plans.prepared(), plan=plan)

    with_policy = mcpi("install", "git", "--dry-run", terminal=False).err

    assert "Policy" not in plain
    added = [line for line in with_policy.splitlines() if line not in plain.splitlines()]
    assert "\n".join(added) == snapshot("""\
Policy  system /etc/mcpinstall/policy.toml (4 rules) · project
  ↳ /code/app/.mcpinstall/policy.toml (1 rule)\
""")


def test_a_plan_in_json_holds_the_effective_policy() -> None:
    policy = merge(two_files())

    assert render_policy.as_object(NO_POLICY) == {"files": [], "rules": []}
    found = json.loads(json.dumps(render_policy.as_object(policy)))
    assert [one["level"] for one in found["files"]] == ["system", "project"]
    assert found["rules"][2] == snapshot(
        {
            "key": "deny-names",
            "value": ["io.github.user/*", "com.example/*"],
            "level": "system",
            "path": "/etc/mcpinstall/policy.toml",
            "line": 4,
            "exceptions": [
                {"names": ["io.github.user/clock"], "reason": "read by us", "until": "2027-01-31"}
            ],
        }
    )


def test_show_without_any_file(mcpi: Mcpi, home: Path) -> None:
    ran = mcpi("policy", "show", columns=1000)

    assert ran.status == 0
    assert ran.out.replace(str(home.parent), "…") == snapshot("""\
Policy files, each only tighter than those above
  system   …/etc/mcpinstall/policy.toml  (no file)
  user     …/home/.config/mcpinstall/policy.toml  (no file)

No policy file has a rule: servers that nobody vouches for are asked about, withdrawn ones refused.
""")


def test_show_and_check_in_json(mcpi: Mcpi, home: Path) -> None:
    path = policies.of_user("hosts = ['cursor']\n", home)

    shown = json.loads(mcpi("policy", "show", "--json").out)
    checked = json.loads(mcpi("policy", "check", "--json").out)

    assert [(one["level"], one["present"]) for one in shown["places"]] == [
        ("system", False),
        ("user", True),
    ]
    assert shown["policy"] == checked["policy"]
    assert shown["policy"]["rules"] == [
        {
            "key": "hosts", "value": ["cursor"], "level": "user", "path": str(path), "line": 2,
            "exceptions": [],
        }
    ]  # fmt: skip
    assert checked["servers"] == []


def test_check_judges_servers_of_a_registry(mcpi: Mcpi, home: Path) -> None:
    policies.of_user("deny-names = ['*/server-time']\n", home)

    ran = mcpi("policy", "check", "time", "git", columns=1000)

    assert ran.status == 1
    assert ran.out.replace(str(home.parent), "…") == snapshot("""\
1 policy file without a contradiction, 1 rule

forbidden  io.github.modelcontextprotocol/server-time 2026.10.19
  its name is denied by `*/server-time` (`deny-names` in the user policy `…/home/.config/mcpinstall/policy.toml`, line 2)
allowed  io.github.modelcontextprotocol/server-git 2026.10.19
""")
    assert mcpi("policy", "check", "git").status == 0
    assert mcpi("policy", "check", "nothing-like-it").status == 5


def test_files_that_contradict_each_other_are_status_3(mcpi: Mcpi, home: Path) -> None:
    policies.of_user("min-release-age-days = 14\n", home)
    policies.of_project("min-release-age-days = 7\n")

    for words in (("show",), ("check",), ("check", "time")):
        ran = mcpi("policy", *words, columns=1000)

        assert ran.status == 3
        assert ran.err.replace(f"{Path.cwd()}/", "").replace(str(home.parent), "…") == snapshot("""\
error[policy-loosened]: the project policy `.mcpinstall/policy.toml`, line 2 would loosen `min-release-age-days` of the user policy `…/home/.config/mcpinstall/policy.toml`: it sets it to 7, and that one says 14
  nothing was changed

hint: take `min-release-age-days` out of `.mcpinstall/policy.toml`, or make it as tight; only whoever keeps `…/home/.config/mcpinstall/policy.toml` can loosen it
""")
