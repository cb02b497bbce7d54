"""Policies: what each rule refuses, and that a merge never loosens any of its parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model.policy import Level, Policy, PolicySubject, RuleKey
from mcpinstall.planning.policy_rules import decide, evidence, merge, refused
from tests.builders.policies import NOW, ROOT, parsed, subject

AN_HOUR = timedelta(hours=1)
EXCEPTION = '[[exceptions]]\nrule = "{}"\nnames = ["{}"]\nreason = "r"\nuntil = {}\n'


def refuses(policy: Policy, one: PolicySubject, now: datetime = NOW) -> set[RuleKey]:
    return {refusal.rule.key for refusal in decide(policy, one, now).refusals}


@pytest.mark.parametrize(
    ("rule", "forbidden"),
    [
        ("reviewed-only = true", subject(certified=False)),
        ("require-criteria = ['locked', 'probed']", subject()),
        ("require-criteria = ['locked']", subject(certified=False)),
        ("registries = ['team']", subject()),
        ("registries = []", subject()),
        ("registries = ['bundled']", subject(registry="team")),
        ("allow-names = ['io.github.other/*']", subject()),
        ("allow-names = ['io.github.user/clock']", subject(name="io.github.User/clock")),
        ("allow-names = []", subject()),
        ("deny-names = ['io.github.user/*']", subject()),
        ("deny-names = ['io.github.User/*']", subject(name="io.github.uSER/x")),
        ("deny-names = ['x', 'pypi:Some_Bad.*']", subject(name="pypi:some-bad-thing")),
        ("deny-names = ['PyPI:some__bad']", subject(name="pypi:some-bad")),
        ("publishers = ['*']", subject()),
        (
            "publishers = ['https://forge.example/acme/*']",
            subject(publisher="https://forge.example/acme-evil/x"),
        ),
        ("publishers = []", subject(publisher="https://forge.example/acme/x")),
        ("transports = ['sse']", subject()),
        ("remote-hosts = ['*.example.com']", subject(address="example.com")),
        ("remote-hosts = []", subject(address="example.com")),
        ("hosts = ['zed']", subject()),
        ("hosts = ['cursor']", subject(hosts=(("cursor", "cursor-user"), ("zed", "zed-user")))),
        ("hosts = ['cursor']", subject(hosts=((),))),
        ("min-release-age-days = 31", subject()),
        ("min-release-age-days = 1", subject(released=None)),
        ("min-release-age-days = 1", subject(released=NOW + AN_HOUR)),
        ("min-release-age-days = 1", subject(released=NOW - 23 * AN_HOUR)),
        ("sandbox-required = true", subject()),
        ("forbid-plaintext-secrets = true", subject(clear_text=("TOKEN",))),
    ],
)
def test_a_rule_refuses_what_it_forbids(rule: str, forbidden: PolicySubject) -> None:
    policy = merge([parsed(rule)])

    error = refused(decide(policy, forbidden, NOW), forbidden)

    assert error is not None
    assert error.code is ErrorCode.POLICY_REFUSED
    assert "in the user policy `/user/policy.toml`, line 2" in error.message


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        ("reviewed-only = true", subject()),
        ("reviewed-only = false", subject(certified=False)),
        ("require-criteria = ['locked']", subject()),
        ("registries = ['bundled']", subject()),
        (f"registries = ['sha256:{ROOT}']", subject(registry="whatever")),
        ("allow-names = ['io.github.user/*']", subject()),
        ("deny-names = ['io.github.other/*']", subject()),
        ("deny-names = ['io.github.user/clock_x']", subject(name="io.github.user/clock-x")),
        ("min-release-age-days = 30", subject(released=NOW - timedelta(days=30))),
        ("transports = ['stdio']", subject()),
        ("remote-hosts = ['*.example.com']", subject(address="a.example.com")),
        ("remote-hosts = []", subject()),
        ("hosts = ['cursor']", subject()),
        ("hosts = ['cursor-user']", subject()),
        ("hosts = []", subject(hosts=())),
        ("min-release-age-days = 30", subject()),
        ("min-release-age-days = 0", subject(released=None)),
        ("min-release-age-days = 9", subject(released=None, address="example.com")),
        ("sandbox-required = false", subject()),
        ("forbid-plaintext-secrets = true", subject()),
    ],
)
def test_a_rule_lets_everything_else_pass(rule: str, allowed: PolicySubject) -> None:
    decision = decide(merge([parsed(rule)]), allowed, NOW)

    assert decision.refusals == ()
    assert refused(decision, allowed) is None


# Exceptions ------------------------------------------------------------------------------------


def test_an_exception_holds_for_its_servers_through_its_last_day_and_is_told() -> None:
    text = "deny-names = ['*']\n" + EXCEPTION.format("deny-names", "*/clock", "2026-12-01")
    policy = merge([parsed(text)])

    allowed = decide(policy, subject(), NOW)

    assert allowed.refusals == ()
    assert evidence(policy, allowed).endswith("exception to `deny-names` until 2026-12-01 (r)")
    assert refuses(policy, subject(name="io.github.user/other")) == {RuleKey.DENY_NAMES}


def test_the_first_exception_that_stands_is_told_and_the_last_that_ended() -> None:
    rule = "deny-names = ['*']\n"
    ended = [EXCEPTION.format("deny-names", "*", day) for day in
             ("2026-10-01", "2026-11-01", "2026-09-01")]  # fmt: skip
    standing = [EXCEPTION.format("deny-names", "*", day) for day in ("2099-01-01", "2098-01-01")]

    refusal = decide(merge([parsed(rule + "".join(ended))]), subject(), NOW).refusals[0]
    (used,) = decide(merge([parsed(rule + "".join(ended + standing))]), subject(), NOW).excepted

    assert str(refusal.expired and refusal.expired.until) == "2026-11-01"
    assert str(used[1].until) == "2099-01-01"


def test_an_exception_that_has_ended_lets_nothing_pass_and_is_named() -> None:
    text = "deny-names = ['*']\n" + EXCEPTION.format("deny-names", "*", "2026-12-01")
    decision = decide(merge([parsed(text)]), subject(), datetime(2026, 12, 2, tzinfo=UTC))

    error = refused(decision, subject())

    assert error is not None
    assert "its exception ended on 2026-12-01" in error.message


def test_an_exception_is_one_to_a_single_rule() -> None:
    text = "sandbox-required = true\ndeny-names = ['*']\n"
    policy = merge([parsed(text + EXCEPTION.format("deny-names", "*", "2027-01-01"))])

    assert refuses(policy, subject()) == {RuleKey.SANDBOX_REQUIRED}


# Levels ----------------------------------------------------------------------------------------

LOOSENING = [
    ("reviewed-only = true", "reviewed-only = false"),
    ("registries = ['bundled']", "registries = ['bundled', 'remote']"),
    ("allow-names = ['io.github.user/*']", "allow-names = ['io.github.*']"),
    ("allow-names = ['a*c']", "allow-names = ['ac', 'a*']"),
    ("publishers = ['https://a/*']", "publishers = ['*']"),
    ("transports = ['stdio']", "transports = ['sse']"),
    ("remote-hosts = ['*.example.com']", "remote-hosts = ['example.com']"),
    ("hosts = []", "hosts = ['cursor']"),
    ("min-release-age-days = 14", "min-release-age-days = 13"),
    ("sandbox-required = true", "sandbox-required = false"),
    ("forbid-plaintext-secrets = true", "forbid-plaintext-secrets = false"),
    ("deny-names = ['*']", EXCEPTION.format("deny-names", "*", "2027-01-01")),
]


@pytest.mark.parametrize(("upper", "lower"), LOOSENING)
@pytest.mark.parametrize(
    "levels",
    [(Level.SYSTEM, Level.USER), (Level.SYSTEM, Level.PROJECT), (Level.USER, Level.PROJECT)],
)
def test_an_attempt_to_loosen_names_both_files(
    upper: str, lower: str, levels: tuple[Level, Level]
) -> None:
    parts = [parsed(text, level) for text, level in zip((upper, lower), levels, strict=True)]

    for given_in in (parts, parts[::-1]):
        with pytest.raises(McpInstallError) as error:
            merge(given_in)

        assert error.value.code is ErrorCode.POLICY_LOOSENED
        for level in levels:
            assert f"`/{level.word}/policy.toml`" in error.value.message


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        *((upper, upper) for upper, _ in LOOSENING),
        ("reviewed-only = false", "reviewed-only = true"),
        ("registries = ['bundled', 'remote']", "registries = ['remote']"),
        ("allow-names = ['io.*', 'com.*']", "allow-names = ['io.github.user/*', 'com.example/x']"),
        ("transports = ['stdio', 'sse']", "transports = []"),
        ("remote-hosts = ['*.example.com']", "remote-hosts = ['*.a.example.com']"),
        ("min-release-age-days = 14", "min-release-age-days = 15"),
        ("deny-names = ['a']", "deny-names = ['b']"),
        ("require-criteria = ['locked', 'probed']", "require-criteria = ['inspected']"),
        ("hosts = ['cursor']", "deny-names = ['a']"),
    ],
)
def test_a_lower_file_may_be_as_tight_or_tighter(upper: str, lower: str) -> None:
    found = merge([parsed(upper, Level.SYSTEM), parsed(lower, Level.USER)])

    assert len(found.rules) == 2


def test_two_files_of_a_project_both_hold() -> None:
    parts = [
        parsed("hosts = ['cursor']", Level.PROJECT, "/a"),
        parsed("hosts = ['zed']", Level.PROJECT, "/a/b"),
    ]

    assert refuses(merge(parts), subject()) == {RuleKey.HOSTS}


def test_an_exception_to_a_rule_that_nobody_sets_is_refused() -> None:
    with pytest.raises(McpInstallError, match="which it does not set") as error:
        merge([parsed(EXCEPTION.format("hosts", "*", "2027-01-01"))])

    assert error.value.code is ErrorCode.POLICY_INVALID


def test_an_exception_of_one_file_leaves_the_rule_of_another_in_force() -> None:
    text = "deny-names = ['*/clock']\n"
    excepted = text + EXCEPTION.format("deny-names", "*", "2027-01-01")
    policy = merge([parsed(text, Level.SYSTEM), parsed(excepted, Level.USER)])

    (refusal,) = decide(policy, subject(), NOW).refusals

    assert refusal.rule.origin.level is Level.SYSTEM


# Any policies ----------------------------------------------------------------------------------

NAMES = ("io.github.user/clock", "io.github.user/notes", "com.example/x")
PATTERNS = ("*", "io.github.*", "io.github.user/*", "*/x", "com.example/x", "*clock")


def lists(key: str, *items: str) -> st.SearchStrategy[str]:
    chosen = st.lists(st.sampled_from(items), max_size=3, unique=True)
    return chosen.map(lambda found: f"{key} = {found}\n")


RULES = {
    RuleKey.REVIEWED_ONLY: st.sampled_from(["reviewed-only = true\n", "reviewed-only = false\n"]),
    RuleKey.REQUIRE_CRITERIA: lists("require-criteria", "locked", "probed"),
    RuleKey.REGISTRIES: lists("registries", "bundled", "remote", "mcp"),
    RuleKey.ALLOW_NAMES: lists("allow-names", *PATTERNS),
    RuleKey.DENY_NAMES: lists("deny-names", *PATTERNS),
    RuleKey.TRANSPORTS: lists("transports", "stdio", "sse"),
    RuleKey.REMOTE_HOSTS: lists("remote-hosts", "*", "*.example.com", "example.com"),
    RuleKey.HOSTS: lists("hosts", "cursor", "zed"),
    RuleKey.MIN_RELEASE_AGE_DAYS: st.integers(0, 60).map(lambda n: f"min-release-age-days = {n}\n"),
    RuleKey.FORBID_PLAINTEXT_SECRETS: st.just("forbid-plaintext-secrets = true\n"),
}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A policy with some rules, and exceptions to some of them."""
    keys = draw(st.lists(st.sampled_from(list(RULES)), max_size=4, unique=True))
    excepted = draw(st.lists(st.sampled_from(keys), max_size=2)) if keys else []
    exceptions = [
        EXCEPTION.format(
            key,
            draw(st.sampled_from(PATTERNS)),
            draw(st.sampled_from(["2026-11-30", "2026-12-01"])),
        )
        for key in excepted
    ]
    return "".join([*(draw(RULES[key]) for key in keys), *exceptions])


SUBJECTS = st.builds(
    subject,
    name=st.sampled_from(NAMES),
    registry=st.sampled_from(["bundled", "remote"]),
    certified=st.booleans(),
    criteria=st.sampled_from([(), ("locked",), ("locked", "probed")]),
    transport=st.sampled_from(["stdio", "sse"]),
    address=st.sampled_from(["", "example.com", "a.example.com"]),
    hosts=st.sampled_from([(), (("cursor",),), (("zed",), ("cursor",))]),
    released=st.sampled_from([None, NOW, NOW - timedelta(days=30)]),
    clear_text=st.sampled_from([(), ("TOKEN",)]),
)
PARTS = st.lists(st.tuples(texts(), st.sampled_from(Level)), min_size=1, max_size=3).map(
    lambda found: [parsed(text, level, f"/{n}") for n, (text, level) in enumerate(found)]
)


def merged(parts: list[Policy]) -> Policy | ErrorCode:
    try:
        return merge(parts)
    except McpInstallError as error:
        return error.code


@given(PARTS.flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts))))
def test_the_order_of_files_changes_nothing(orders: tuple[list[Policy], list[Policy]]) -> None:
    parts, shuffled = orders

    assert merged(shuffled) == merged(parts)


@given(PARTS, SUBJECTS)
def test_a_merge_refuses_exactly_what_one_of_its_parts_refuses(
    parts: list[Policy], one: PolicySubject
) -> None:
    whole = merged(parts)

    if isinstance(whole, Policy):
        alone = [decide(part, one, NOW) for part in parts]
        assert set(decide(whole, one, NOW).refusals) == {
            refusal for decision in alone for refusal in decision.refusals
        }


@given(texts(), texts(), SUBJECTS)
def test_a_lower_file_that_is_accepted_allows_nothing_that_the_higher_one_forbids(
    upper: str, lower: str, one: PolicySubject
) -> None:
    high, low = parsed(upper, Level.SYSTEM), parsed(lower, Level.PROJECT)
    both = merged([low, high])

    if isinstance(both, Policy):
        assert refuses(high, one) <= refuses(both, one)


# Words -----------------------------------------------------------------------------------------


def test_files_with_other_rules_do_not_loosen_one_another() -> None:
    parts = [
        parsed("allow-names = ['a']\nmin-release-age-days = 9\n", Level.SYSTEM),
        parsed("hosts = ['zed']\nreviewed-only = false\n"),
    ]

    assert len(merge(parts).rules) == 4


@pytest.mark.parametrize(
    ("upper", "lower", "said"),
    [
        ("hosts = ['zed', 'cursor']", "hosts = ['codex']",
         "line 2 would loosen `hosts`|allows `codex`|says [zed, cursor]"),
        ("reviewed-only = true", "schema = 1\nreviewed-only = false",
         "line 2|sets it to false|says true"),
    ],
)  # fmt: skip
def test_a_loosening_names_line_and_values(upper: str, lower: str, said: str) -> None:
    with pytest.raises(McpInstallError) as refusal:
        merge([parsed(upper, Level.SYSTEM), parsed(lower.removeprefix("schema = 1\n"))])

    assert refusal.value.code is ErrorCode.POLICY_LOOSENED
    assert all(part in refusal.value.message for part in said.split("|"))


@pytest.mark.parametrize(
    "other",
    [
        parsed("deny-names = ['x']", Level.SYSTEM),
        parsed("hosts = ['zed']", Level.PROJECT),
        parsed("hosts = ['zed']", Level.USER, "/other/policy.toml"),
    ],
)
def test_an_exception_without_its_rule_is_a_mistake_unless_a_higher_file_has_it(
    other: Policy,
) -> None:
    orphan = parsed(EXCEPTION.format("hosts", "*", "2099-01-01"))

    with pytest.raises(McpInstallError) as mistake:
        merge([other, orphan])
    with pytest.raises(McpInstallError) as loosening:
        merge([parsed("hosts = ['zed']", Level.SYSTEM), orphan])

    assert mistake.value.code is ErrorCode.POLICY_INVALID
    assert loosening.value.code is ErrorCode.POLICY_LOOSENED


def test_a_refusal_of_several_files_names_whose_the_first_is() -> None:
    policy = merge([
        parsed("reviewed-only = true", Level.SYSTEM),
        parsed("sandbox-required = true", Level.PROJECT),
    ])  # fmt: skip
    one = subject(certified=False)

    error = refused(decide(policy, one, NOW), one)

    assert error is not None
    assert "keeps `/system/policy.toml`" in error.hint


def test_without_rules_the_default_is_what_it_rests_on() -> None:
    policy = merge([])

    assert evidence(policy, decide(policy, subject(), NOW)) == "built-in default"
