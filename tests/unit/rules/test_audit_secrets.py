"""Which texts are secrets, which only look so; and that none is ever told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpinstall.model.finding import Severity
from mcpinstall.model.secret_forms import without_secrets
from mcpinstall.rules.audit.file_facts import FileFacts
from mcpinstall.rules.audit.rule import Confidence
from mcpinstall.rules.audit.secrets import LONGEST, secret_in, shown
from tests.builders.audited import hits, ids, server
from tests.builders.canaries import (
    ALNUM,
    HEX,
    SHAPES,
    characters,
    private_key,
    random_text,
    token,
    web_token,
)
from tests.builders.watchdog import ends

DASHES = "8-4-4-4-12"


def test_a_secret_of_one_character_is_told_as_such() -> None:
    assert str(secret_in("postgres://app:?@db/x".replace("?", "q"))).endswith(" of 1 character")


UUID = "-".join(characters(HEX, int(size)) for size in DASHES.split("-"))
RANDOM = random_text()


@pytest.mark.parametrize("provider", SHAPES)
@pytest.mark.parametrize("around", ["{}", "Bearer {}", "--token={}", "${X:-{}}", '"{}"'])
def test_a_providers_token_is_found_in_any_value(provider: str, around: str) -> None:
    secret = token(provider)

    found = secret_in(around.replace("{}", secret))

    assert found is not None
    assert found.is_certain
    assert found.length == len(secret)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", private_key()),
        ("", private_key("OPENSSH ")),
        ("", private_key("")),
        ("", "postgres://u:p@h/d"),
        ("", f"mongodb+srv://app:{RANDOM}@cluster.example.org/db"),
        ("AUTH_TOKEN", web_token()),
        ("AWS_SECRET_ACCESS_KEY", characters(ALNUM, 40)),
        ("PINECONE_API_KEY", UUID),
        ("DD_API_KEY", characters(HEX, 32)),
        ("DATADOG_APP_KEY", characters(HEX, 40)),
        ("CLOUDFLARE_API_TOKEN", characters(ALNUM, 40)),
        ("TWILIO_AUTH_TOKEN", characters(HEX, 32)),
    ],
)
def test_a_secret_without_a_prefix_is_found_where_its_form_or_name_tells(
    name: str, text: str
) -> None:
    found = secret_in(text, name)

    assert found is not None
    assert found.is_certain


@pytest.mark.parametrize(
    "name", ["API_KEY", "apiKey", "DB_PASSWORD", "client_secret", "X-Auth-Token", "MY_PAT"]
)
def test_a_random_text_under_a_secrets_name_is_likely_one(name: str) -> None:
    found = secret_in(RANDOM, name)

    assert found is not None
    assert not found.is_certain


REFERENCES = [
    "${API_KEY}", "${API_KEY:-none}", "${env:API_KEY}", "${input:api-key}", "$API_KEY",
    "$env:API_KEY", "{env:API_KEY}", "{file:~/.secrets/key}", "${{ secrets.API_KEY }}",
    "${{ inputs.KEY }}", "%API_KEY%", "op://vault/item/field", "keychain:my-item",
    "vault:secret/data/app#key", "Bearer ${API_KEY}", "{{API_KEY}}", "$(pass show api)",
    "%MySecretVariable17%", "doppler://project/key",
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-AbCdEf",
]  # fmt: skip
PLACEHOLDERS = [
    "", "<your-token>", "your-api-key-goes-here", "YOUR_API_KEY_HERE", "xxxxxxxxxxxxxxxxxxxxxxxx",
    "********************", "changeme", "replace-with-your-real-key-1", "[insert token here 123]",
    "sk-...", "sk-your-openai-key-goes-here-123", "000000000000000000000000", "test",
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "ghp_" + "x" * 36,
    "ghp_" + "your_token_here" * 3, "dummy-key-for-local-development-1",
]  # fmt: skip
OTHERS = [
    "sha256:" + characters(HEX, 64), "sha512-" + characters(ALNUM, 86) + "==", UUID,
    characters(HEX, 40), characters(HEX, 64), "/home/ana/.config/key-Store1/aB3dE5fG",
    "C:\\Users\\ana\\keys\\Key1aB2cD3.pem", "~/keys/aB3dE5fG7hJ9kL1m", "pk_test_" + RANDOM,
    "phc_" + RANDOM, "ssh-ed25519 AAAA" + RANDOM, "https://example.org/aB3dE5fG7hJ9kL1m",
    "ana@example.org", "2026-11-23T03:31:07Z", "my-very-long-token-name", "production",
    "read_only_access_token", "16000",
]  # fmt: skip


@pytest.mark.parametrize("text", [*REFERENCES, *PLACEHOLDERS, *OTHERS])
@pytest.mark.parametrize("name", ["API_KEY", "Authorization", "password", ""])
def test_what_only_looks_like_a_secret_is_none(text: str, name: str) -> None:
    assert secret_in(text, name) is None


@pytest.mark.parametrize(
    "name",
    ["TOKEN_FILE", "KEY_PATH", "AWS_ACCESS_KEY_ID", "MAX_TOKENS", "SUPABASE_ANON_KEY",
     "STRIPE_PUBLISHABLE_KEY", "MONKEY", "KEYBOARD", "TOKENIZER", "PROJECT", "REGION", ""],
)  # fmt: skip
def test_a_random_text_under_another_name_is_none(name: str) -> None:
    assert secret_in(RANDOM, name) is None


@pytest.mark.parametrize("secret", [RANDOM, token("github")])
@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ({"argv": ["npx", "a", "--config", '{"apiKey": "SECRET"}']}, "MA302"),
        ({"argv": ["sh", "-c", "export API_KEY=SECRET; npx -y a | tee x"]}, "MA302"),
        ({"argv": ["sh", "-c", "npx -y a --api-key SECRET && x"]}, "MA302"),
        ({"argv": ["sh", "-c", "curl -H 'Authorization: Bearer SECRET' https://h.example"]},
         "MA302"),
        ({"argv": ["a", "API_KEY=SECRET"]}, "MA302"),
        ({"argv": ["a", "/token:SECRET"]}, "MA302"),
        ({"argv": ["a", "--url", "https://h.example/?api_key=SECRET"]}, "MA302"),
        ({"argv": ["uvx", "--from", "git+https://SECRET@h.example/o/r", "a"]}, "MA302"),
        ({"argv": ["uvx", "--from", "https://h.example/a.whl?token=SECRET", "a"]}, "MA302"),
        ({"env": {"HEADERS": '{"Authorization": "Bearer SECRET"}'}}, "MA301"),
        ({"others": {"env": ["API_KEY=SECRET"]}}, "MA301"),
        ({"url": "https://SECRET@h.example/mcp"}, "MA303"),
        ({"url": "https://h.example/mcp#access_token=SECRET"}, "MA303"),
    ],
)  # fmt: skip
def test_a_secret_inside_a_longer_text_is_found(
    form: dict[str, Any], rule: str, secret: str
) -> None:
    made = json.loads(json.dumps(form).replace("SECRET", secret))

    found = hits(server(*made.pop("argv", ["a"]), **made))

    assert rule in ids(found)


@pytest.mark.parametrize(
    "text",
    ['{"apiKey": "${API_KEY}"}', '{"apiKey": "YOUR_API_KEY_HERE_PLEASE"}', "--token-file /run/x/y",
     "export API_KEY=$OTHER_API_KEY_OF_MINE", "Authorization: Bearer ${TOKEN}",
     "--key-path /etc/ssl/private/server.key", "token:https://h.example/oauth/token/path",
     "https://git@h.example/o/r", "--auth-mode interactive-browser-sign-in",
     "https://h.example/?state=" + RANDOM],
)  # fmt: skip
def test_a_name_and_a_reference_inside_a_longer_text_are_none(text: str) -> None:
    assert ids(hits(server("a", text, env={"A": text}, url=None))) == []


@pytest.mark.parametrize(
    "option", ["--apiClientSecret", "--personalAccessToken", "--oauthClientSecretKey"]
)
def test_a_long_name_of_an_option_is_no_random_text(option: str) -> None:
    assert ids(hits(server("a", option, "your-service-accounts-client-secret"))) == []
    assert ids(hits(server("a", option, RANDOM))) == ["MA302"]
    assert ids(hits(server("a", f"--{token('github')}"))) == ["MA302"]


def test_a_secret_among_a_wrappers_own_arguments_is_found() -> None:
    secret = token("github")
    one = server("doppler", "run", "--token", secret, "--", "npx", "a")
    one = replace(one, launch=one.argv[5:], wrappers=("doppler",))

    assert [hit.pointer for hit in hits(one) if hit.rule.id == "MA302"] == [one.argv[3].pointer]


def test_a_message_keeps_no_known_text_and_no_providers_form() -> None:
    secret = token("github")

    told = without_secrets(f"`a` fetches {secret}-example, b and hunter2", ("hunter2",))

    assert told == "`a` fetches (40 characters)-example, b and (7 characters)"


TELLING = st.sampled_from(sorted(SHAPES)).flatmap(
    lambda provider: st.integers(0, 99).map(lambda seed: token(provider, seed))
)


@given(secret=TELLING, before=st.text(max_size=20), after=st.text(max_size=20), data=st.data())
def test_no_hit_tells_more_than_four_characters_of_a_secret(
    secret: str, before: str, after: str, data: st.DataObject
) -> None:
    text = before + secret + after
    place = data.draw(st.sampled_from(["arg", "env", "header", "url", "host", "name", "other"]))
    one = server(
        "npx", "--token", text if place == "arg" else "x",
        env={"HOST" if place == "host" else "TOKEN": text if place in ("env", "host") else "x"},
        headers={"X-Key": text} if place == "header" else {},
        url=f"http://h.example/?key={text}" if place == "url" else f"http://{secret}.example/",
        name=text if place == "name" else "clock",
        others={"oauth": {"clientSecret": text}, "type": text} if place == "other" else {},
    )  # fmt: skip

    told = " ".join(hit.message + hit.fix for hit in hits(one, FileFacts(approved={})))

    tail = secret[len(beginning(secret)) :]
    assert not [tail[n : n + 5] for n in range(len(tail) - 4) if tail[n : n + 5] in told]


def beginning(secret: str) -> str:
    return max((start for start, _, _ in SHAPES.values() if secret.startswith(start)), key=len)


def test_a_token_in_small_letters_with_an_example_behind_it_is_not_shown() -> None:
    assert shown("glpat-" + "rvatkugmtfiwnulbpbgl.example") == "(34 characters)"


@given(text=st.text(max_size=300), name=st.text(max_size=30))
def test_any_text_is_judged_without_an_exception(text: str, name: str) -> None:
    secret_in(text, name)
    shown(text)


HOSTILE = [
    "a", "-", "ghp_", "sk-", "://", "a:b@", "eyJ", "eyJaaaaaaaaa.", "${", "$", "-----BEGIN ", "/",
    "a.", "a_1", "xoxb-1", "\u202e", "%41", "{env:", "0x", "AKIA",
]  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE)
def test_a_hostile_text_of_five_megabytes_is_bounded_work(part: str) -> None:
    text = part * (5_000_000 // len(part))
    one = server(text, text, "--token", text, host="cursor-user", name=text, env={"A_TOKEN": text},
                 headers={"Authorization": text}, url="http://" + text,
                 others={"type": text, "oauth": {"token": text}})  # fmt: skip

    with ends(20):
        found = hits(one)

    assert "MA707" in ids(found)


def test_only_the_first_characters_of_a_value_are_looked_at_and_a_finding_says_so() -> None:
    just_inside = " " * (LONGEST - 40) + token("github")
    outside = " " * LONGEST + token("github")

    assert ids(hits(server("x", env={"A": just_inside}))) == ["MA301"]
    assert ids(hits(server("x", env={"A": outside}))) == ["MA707"]


def test_a_likely_secret_is_medium_and_a_certain_one_high() -> None:
    likely, certain = hits(server("x", env={"A_TOKEN": RANDOM, "B": token("npm")}))

    assert (likely.severity, likely.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)
    assert (certain.severity, certain.confidence) == (None, None)


@pytest.mark.parametrize(
    "word", ["--no-auth", "--allow-http", "http://a.b/?token=x", "mcp-remote", "-e", "--insecure"]
)
def test_a_hundred_thousand_arguments_are_bounded_work(word: str) -> None:
    one = server("npx", "mcp-remote@1.0.0", *[word] * 100_000)

    with ends(20):
        found = hits(one)

    assert "MA707" in ids(found)
