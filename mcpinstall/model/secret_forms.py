"""Forms by which a secret shows by itself, in whatever place it stands.

The rules tell of them; what is shown of others' files is masked by them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable

_LONGEST = 65_536
"""Characters of a text in which passwords are looked for."""
_R = r"[A-Za-z0-9]"
_U = r"[A-Za-z0-9_-]"
PREFIXED: tuple[tuple[str, str, str], ...] = (
    ("GitHub token", "gh[pousr]_", rf"{_R}{{36,251}}"),
    ("GitHub token", "github_pat_", r"[A-Za-z0-9_]{50,251}"),
    ("Anthropic key", "sk-ant-", rf"{_U}{{32,200}}"),
    ("OpenRouter key", "sk-or-", rf"{_U}{{32,200}}"),
    ("OpenAI key", "sk-", rf"(?:(?:proj|svcacct|admin)-)?{_U}{{20,200}}"),
    ("Slack token", "xox[a-z]-", r"[A-Za-z0-9-]{10,200}"),
    ("Slack token", "xapp-", r"[A-Za-z0-9-]{20,200}"),
    ("Stripe key", "[sr]k_(?:live|test)_", rf"{_R}{{16,200}}"),
    ("Stripe webhook secret", "whsec_", r"[A-Za-z0-9+/]{24,100}"),
    ("ElevenLabs key", "sk_", r"[0-9a-f]{48}"),
    ("AWS key id", "(?:AKIA|ASIA)", r"[A-Z2-7]{16}"),
    ("Google API key", "AIza", rf"{_U}{{35}}"),
    ("Google client secret", "GOCSPX-", rf"{_U}{{28}}"),
    ("Google access token", r"ya29\.", rf"{_U}{{30,251}}"),
    ("GitLab token", "gl(?:pat|dt|rt|ptt|oas)-", r"[A-Za-z0-9_.-]{20,200}"),
    ("npm token", "npm_", rf"{_R}{{36}}"),
    ("PyPI token", "pypi-", rf"{_U}{{50,251}}"),
    ("Hugging Face token", "hf_", rf"{_R}{{30,60}}"),
    ("Supabase token", "sb(?:p|_secret)_", rf"{_U}{{20,80}}"),
    ("Notion token", "ntn_", rf"{_R}{{40,60}}"),
    ("Notion token", "secret_", rf"{_R}{{43}}"),
    ("Linear key", "lin_(?:api|oauth)_", rf"{_R}{{32,80}}"),
    ("Tavily key", "tvly-", rf"{_U}{{20,80}}"),
    ("Atlassian token", "ATATT3", r"[A-Za-z0-9_=-]{40,251}"),
    ("Perplexity key", "pplx-", rf"{_R}{{40,64}}"),
    ("Groq key", "gsk_", rf"{_R}{{40,64}}"),
    ("xAI key", "xai-", rf"{_R}{{40,100}}"),
    ("Firecrawl key", "fc-", r"[0-9a-f]{32}"),
    ("Context7 key", "ctx7sk-", rf"{_U}{{20,64}}"),
    ("Brave key", "BSA", rf"{_U}{{24,32}}"),
    ("Figma token", "fig[dpu]_", rf"{_U}{{30,80}}"),
    ("Sentry token", "sntry[us]_", r"[A-Za-z0-9_=+/-]{40,251}"),
    ("Grafana token", "glsa_", r"[A-Za-z0-9_]{32,80}"),
    ("Airtable token", "pat", rf"{_R}{{14}}\.[0-9a-f]{{64}}"),
    ("DigitalOcean token", "do[opr]_v1_", r"[0-9a-f]{64}"),
    ("SendGrid key", r"SG\.", rf"{_U}{{22}}\.{_U}{{43}}"),
    ("Postman key", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
    ("Databricks token", "dapi", r"[0-9a-f]{32}"),
    ("HashiCorp Vault token", r"hv[sb]\.", rf"{_U}{{24,200}}"),
    ("Replicate token", "r8_", rf"{_R}{{37}}"),
    ("Apify token", "apify_api_", rf"{_R}{{30,50}}"),
    ("Resend key", "re_", r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}"),
    ("New Relic key", "NRAK-", r"[A-Z0-9]{27}"),
    ("HubSpot token", "pat-(?:na|eu)[0-9]-", r"[0-9a-f-]{36}"),
    ("Shopify token", "shp(?:at|ca|pa|ss)_", r"[0-9a-fA-F]{32}"),
    ("Telegram bot token", r"[0-9]{8,10}:AA", rf"{_U}{{33}}"),
)
"""Noun phrase, beginning, the rest; the first one that fits counts."""

BEGINNING = re.compile(
    r"(?<![A-Za-z0-9])(?:" + "|".join(dict.fromkeys(start for _, start, _ in PREFIXED)) + ")"
)
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
PASSWORD = re.compile(
    r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/?#@]{0,128}:([^\s/?#@]{1,256})@"
)
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,2000}")


@functools.cache
def prefixed() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return provider and form of every token; made when the first text begins like one."""
    return tuple(
        (provider, re.compile(f"(?:{start})(?P<rest>{rest})(?![A-Za-z0-9])"))
        for provider, start, rest in PREFIXED
    )


def without_secrets(
    text: str, known: Iterable[str] = (), mask: Callable[[int], str] = "({} characters)".format
) -> str:
    """Return a message without what has a provider's form, or is `known` to be secret.

    `mask` gives what stands for a secret of so many characters.
    """
    for one in known:
        text = text.replace(one, mask(len(one)))
    at = 0
    while (found := BEGINNING.search(text, at)) is not None:
        at = found.end()
        matches = (pattern.match(text, found.start()) for _, pattern in prefixed())
        if whole := next((one for one in matches if one), None):
            hidden = mask(len(whole[0]))
            text = f"{text[: whole.start()]}{hidden}{text[whole.end() :]}"
            at = whole.start() + len(hidden)
    return text


def masked(text: str) -> str:
    """Return a line with every secret that shows by itself as asterisks, of the same length."""
    found = without_secrets(text, mask=lambda length: "*" * length)
    if key := PRIVATE_KEY.search(found):
        found = found[: key.start()] + "*" * (len(found) - key.start())
    for password in passwords_in(found):
        found = found.replace(password, "*" * len(password))
    return JWT.sub(lambda token: "*" * len(token[0]), found)


def passwords_in(text: str) -> tuple[str, ...]:
    """Return the passwords of addresses in a text, the longest first."""
    if "://" not in text[:_LONGEST]:
        return ()
    found = {one[1] for one in PASSWORD.finditer(text[:_LONGEST])}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))
