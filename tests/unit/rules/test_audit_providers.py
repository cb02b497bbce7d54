"""The table of the secret detector: every form that is known, and whose it is said to be."""

from __future__ import annotations

import string

import pytest

from mcpinstall.model.secret_forms import PREFIXED, without_secrets
from mcpinstall.rules.audit.secrets import secret_in, shown
from tests.builders.canaries import (
    ALNUM,
    BASE32,
    HEX,
    SHAPES,
    characters,
    private_key,
    token,
    web_token,
)

LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase + string.digits
DASHES = (8, 4, 4, 4, 12)
UUID = "-".join(characters(HEX, size) for size in DASHES)

FORMS: dict[str, list[tuple[str, str]]] = {
    "GitHub token": [(f"gh{kind}_", characters(ALNUM, 36)) for kind in "pousr"]
    + [("github_pat_", characters(ALNUM, 82))],
    "Anthropic key": [("sk-ant-", f"api03-{characters(ALNUM, 90)}")],
    "OpenRouter key": [("sk-or-", f"v1-{characters(HEX, 64)}")],
    "OpenAI key": [
        ("sk-", characters(ALNUM, 48)),
        *(("sk-", f"{kind}-{characters(ALNUM, 48)}") for kind in ("proj", "svcacct", "admin")),
    ],
    "Slack token": [(f"xox{kind}-", characters(string.digits, 24)) for kind in "abcdeoprs"]
    + [("xapp-", f"1-{characters(UPPER, 40)}")],
    "Stripe key": [
        (f"{kind}k_{mode}_", characters(ALNUM, 24)) for kind in "sr" for mode in ("live", "test")
    ],
    "Stripe webhook secret": [("whsec_", characters(ALNUM, 32))],
    "ElevenLabs key": [("sk_", characters(HEX, 48))],
    "AWS key id": [(start, characters(BASE32, 16)) for start in ("AKIA", "ASIA")],
    "Google API key": [("AIza", characters(ALNUM, 35))],
    "Google client secret": [("GOCSPX-", characters(ALNUM, 28))],
    "Google access token": [("ya29.", characters(ALNUM, 60))],
    "GitLab token": [
        (f"gl{kind}-", characters(ALNUM, 20)) for kind in ("pat", "dt", "rt", "ptt", "oas")
    ],
    "npm token": [("npm_", characters(ALNUM, 36))],
    "PyPI token": [("pypi-", characters(ALNUM, 120))],
    "Hugging Face token": [("hf_", characters(ALNUM, 34))],
    "Supabase token": [("sbp_", characters(HEX, 40)), ("sb_secret_", characters(ALNUM, 31))],
    "Notion token": [("ntn_", characters(ALNUM, 46)), ("secret_", characters(ALNUM, 43))],
    "Linear key": [(f"lin_{kind}_", characters(ALNUM, 40)) for kind in ("api", "oauth")],
    "Tavily key": [("tvly-", f"dev-{characters(ALNUM, 32)}")],
    "Atlassian token": [("ATATT3", characters(ALNUM, 180))],
    "Perplexity key": [("pplx-", characters(ALNUM, 48))],
    "Groq key": [("gsk_", characters(ALNUM, 52))],
    "xAI key": [("xai-", characters(ALNUM, 80))],
    "Firecrawl key": [("fc-", characters(HEX, 32))],
    "Context7 key": [("ctx7sk-", UUID)],
    "Brave key": [("BSA", characters(ALNUM, 27))],
    "Figma token": [(f"fig{kind}_", characters(ALNUM, 40)) for kind in "dpu"],
    "Sentry token": [(f"sntry{kind}_", characters(ALNUM, 64)) for kind in "us"],
    "Grafana token": [("glsa_", f"{characters(ALNUM, 32)}_{characters(HEX, 8)}")],
    "Airtable token": [("pat", f"{characters(ALNUM, 14)}.{characters(HEX, 64)}")],
    "DigitalOcean token": [(f"do{kind}_v1_", characters(HEX, 64)) for kind in "opr"],
    "SendGrid key": [("SG.", f"{characters(ALNUM, 22)}.{characters(ALNUM, 43)}")],
    "Postman key": [("PMAK-", f"{characters(HEX, 24)}-{characters(HEX, 34)}")],
    "Databricks token": [("dapi", characters(HEX, 32))],
    "HashiCorp Vault token": [(f"hv{kind}.", characters(ALNUM, 90)) for kind in "sb"],
    "Replicate token": [("r8_", characters(ALNUM, 37))],
    "Apify token": [("apify_api_", characters(ALNUM, 36))],
    "Resend key": [("re_", f"{characters(ALNUM, 8)}_{characters(ALNUM, 24)}")],
    "New Relic key": [("NRAK-", characters(UPPER, 27))],
    "HubSpot token": [(f"pat-{place}1-", UUID) for place in ("na", "eu")],
    "Shopify token": [(f"shp{kind}_", characters(HEX, 32)) for kind in ("at", "ca", "pa", "ss")],
    "Telegram bot token": [(f"{characters('123456789', 10)}:AA", characters(ALNUM, 33))],
}


@pytest.mark.parametrize(
    ("provider", "start", "rest"),
    [
        pytest.param(provider, start, rest, id=f"{provider} {number}")
        for provider, forms in FORMS.items()
        for number, (start, rest) in enumerate(forms)
    ],
)
def test_a_form_of_a_provider_is_known_by_itself(provider: str, start: str, rest: str) -> None:
    found = secret_in(start + rest)

    assert found is not None
    assert (found.provider, found.length) == (provider, len(start + rest))
    assert secret_in(f"the {start}… of {provider}", "API_KEY") is None


def test_each_form_has_an_example_here() -> None:
    assert {provider for provider, _, _ in PREFIXED} == FORMS.keys()
    assert all(secret_in(token(provider)) for provider in SHAPES)


@pytest.mark.parametrize(
    ("provider", "name", "text"),
    [
        ("AWS secret key", "AWS_SECRET_ACCESS_KEY", characters(ALNUM, 40)),
        ("AWS secret key", "AWS_SECRET", characters(ALNUM, 40)),
        ("Datadog key", "DATADOG_API_KEY", characters(HEX, 32)),
        ("Datadog key", "DATADOG_APP_KEY", characters(HEX, 40)),
        ("Datadog key", "DD_API_KEY", characters(HEX, 32)),
        ("Datadog key", "DD_APP_KEY", characters(HEX, 40)),
        ("Cloudflare token", "CLOUDFLARE_API_TOKEN", characters(ALNUM, 40)),
        ("Cloudflare token", "CLOUDFLARE_API_KEY", characters(HEX, 37)),
        ("Heroku key", "HEROKU_API_KEY", UUID),
        ("Pinecone key", "PINECONE_API_KEY", UUID),
        ("Exa key", "EXA_API_KEY", UUID),
        ("Twilio token", "TWILIO_AUTH_TOKEN", characters(HEX, 32)),
        ("Mailgun key", "MAILGUN_API_KEY", characters(HEX, 32)),
        ("Mailgun key", "MAILGUN_API_KEY",
         f"{characters(HEX, 32)}-{characters(HEX, 8)}-{characters(HEX, 8, 9)}"),
        ("OpenWeather key", "OPENWEATHER_API_KEY", characters(HEX, 32)),
        ("OpenWeather key", "OPENWEATHERMAP_API_KEY", characters(HEX, 32)),
        ("Azure key", "AZURE_SEARCH_KEY", characters(HEX, 32)),
        ("Azure key", "AZURE_OPENAI_API_KEY", characters(ALNUM, 84)),
        ("Algolia key", "ALGOLIA_API_KEY", characters(HEX, 32)),
        ("Sentry token", "SENTRY_AUTH_TOKEN", characters(HEX, 64)),
        ("SerpApi key", "SERPAPI_API_KEY", characters(HEX, 64)),
        ("Atlassian token", "JIRA_API_TOKEN", characters(ALNUM, 24)),
        ("Atlassian token", "CONFLUENCE_API_TOKEN", characters(ALNUM, 24)),
        ("Trello token", "TRELLO_API_KEY", characters(HEX, 32)),
        ("Trello token", "TRELLO_TOKEN", characters(HEX, 64)),
        ("Asana token", "ASANA_ACCESS_TOKEN",
         f"1/{characters('123456789', 16)}:{characters(HEX, 32)}"),
        ("Discord token", "DISCORD_TOKEN",
         f"{characters(ALNUM, 26)}.{characters(ALNUM, 6)}.{characters(ALNUM, 38)}"),
        ("JSON web token", "SUPABASE_AUTH_JWT", web_token()),
    ],
)  # fmt: skip
def test_a_form_without_a_prefix_is_known_by_the_name_alone(
    provider: str, name: str, text: str
) -> None:
    found = secret_in(text, name)

    assert found is not None
    assert (found.provider, found.is_certain) == (provider, True)
    assert secret_in(text) is None


@pytest.mark.parametrize(
    "name",
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PWD", "PASSPHRASE", "APIKEY", "CREDENTIAL",
     "CREDENTIALS", "AUTHORIZATION", "BEARER", "PAT", "KEY", "PASS", "AUTH", "COOKIE", "JWT",
     "SECRETS"],
)  # fmt: skip
def test_a_word_in_a_name_says_that_its_value_is_secret(name: str) -> None:
    text = characters(ALNUM, 32)

    assert secret_in(text, name) is not None
    assert secret_in(text, f"My{name.capitalize()}") is not None
    assert secret_in(text, f"clock_{name.lower()}_2") is not None


@pytest.mark.parametrize(
    "word",
    ["file", "path", "dir", "folder", "url", "uri", "endpoint", "host", "id", "ids", "name", "type",
     "public", "publishable", "anon", "max", "limit", "count", "ttl", "timeout", "expiry", "length",
     "size", "scope", "scopes", "mode", "method", "region", "enabled", "header", "prefix", "format",
     "env", "var", "store", "provider", "domain", "algorithm", "fingerprint", "digest", "sha",
     "issuer", "audience"],
)  # fmt: skip
def test_a_word_in_a_name_says_that_its_value_is_only_about_a_secret(word: str) -> None:
    assert secret_in(characters(ALNUM, 32), f"API_TOKEN_{word.upper()}") is None
    assert secret_in(characters(ALNUM, 32), f"{word}Token") is None
    assert secret_in(characters(ALNUM, 32), f"MYAPIKEY_{word.upper()}") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CLIENT_SECRET", characters(ALNUM, 40)),
        ("AWS_TOKEN", characters(ALNUM, 40)),
        ("PINECONE_API_KEY", characters(ALNUM, 24)),
        ("PINECONE_API_KEY", f"{UUID}-{characters(ALNUM, 8)}"),
        ("myapikey", characters(ALNUM, 24)),
    ],
)
def test_another_form_under_a_providers_name_is_only_likely(name: str, text: str) -> None:
    found = secret_in(text, name)

    assert found is not None
    assert (found.provider, found.is_certain) == ("secret", False)
    assert str(found) == f"what looks like a secret of {len(text)} characters"


@pytest.mark.parametrize("scheme", ["Bearer", "basic", "TOKEN", "Bot"])
def test_what_stands_behind_a_scheme_is_judged_by_itself(scheme: str) -> None:
    found = secret_in(f" {scheme}  {UUID} ", "PINECONE_API_KEY")

    assert found is not None
    assert (found.provider, found.length) == ("Pinecone key", len(UUID))
    assert secret_in(f"Other {UUID}", "PINECONE_API_KEY") is None
    assert secret_in(scheme, "PINECONE_API_KEY") is None


def test_a_web_token_is_one_as_a_whole_and_however_long() -> None:
    long = f"{web_token()}{characters(ALNUM, 1500)}"

    assert secret_in(f"{web_token()} and more", "AUTH_TOKEN") is None
    assert secret_in(long, "AUTH_TOKEN") is not None


@pytest.mark.parametrize("start", ["postgres://$USER", "mysql://example", "redis://", "a+b://u"])
def test_a_password_of_an_address_is_judged_by_itself(start: str) -> None:
    found = secret_in(f"x {start}:s3cr3t-pw@h.example/d")

    assert found is not None
    assert (found.provider, found.length) == ("password in an address", 9)
    assert secret_in(f"{start}:${{PASSWORD}}@h.example/d") is None
    assert secret_in(f"{start}:your-password@h.example/d") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a b " * 100, "(400 characters)"),
        ("ab " * 40, "ab " * 26 + "ab…"),
        ("ab " * 26 + "ab", "ab " * 26 + "ab"),
        ("a b " * 80, "a b " * 20 + "…"),
        ("postgres://u:s3cr3t-pw@h", "(24 characters)"),
        (private_key(), f"({len(private_key())} characters)"),
        ("abcdefghijklmnop-x", "abcdefghijklmnop-x"),
        ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        ("Abcdefghijklmnop", "Abcdefghijklmnop"),
        ("abcdefGHIJKLmnop", "(16 characters)"),
        ("abcdefghijk12345-x", "(16 characters)-x"),
        ("abcdefghijk", "abcdefghijk"),
        ("a\x1bb", "a\\x1bb"),
    ],
)
def test_a_text_is_shown_without_what_may_be_a_secret(text: str, told: str) -> None:
    assert shown(text) == told


def test_every_form_is_taken_out_of_a_message() -> None:
    first, second = token("github"), token("openai", 3)

    told = without_secrets(f"{first} and {second}{first}")

    assert told == f"({len(first)} characters) and ({len(second + first)} characters)"
