"""Texts in the form of secrets, made at test time: nothing of such a form stands in a file."""

from __future__ import annotations

import random
import string

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
BASE32 = string.ascii_uppercase + "234567"

SHAPES: dict[str, tuple[str, str, int]] = {
    "github": ("ghp_", ALNUM, 36),
    "github-server": ("ghs_", ALNUM, 36),
    "github-fine": ("github_pat_", ALNUM, 82),
    "anthropic": ("sk-ant-api03-", ALNUM, 90),
    "openai": ("sk-proj-", ALNUM, 48),
    "slack": ("xoxb-", string.digits, 24),
    "stripe": ("sk_live_", ALNUM, 24),
    "stripe-restricted": ("rk_live_", ALNUM, 24),
    "stripe-webhook": ("whsec_", ALNUM, 32),
    "aws": ("AKIA", BASE32, 16),
    "aws-session": ("ASIA", BASE32, 16),
    "google": ("AIza", ALNUM, 35),
    "google-client": ("GOCSPX-", ALNUM, 28),
    "gitlab": ("glpat-", ALNUM, 20),
    "npm": ("npm_", ALNUM, 36),
    "pypi": ("pypi-", ALNUM, 120),
    "hugging-face": ("hf_", ALNUM, 34),
    "supabase": ("sbp_", HEX, 40),
    "notion": ("ntn_", ALNUM, 46),
    "linear": ("lin_api_", ALNUM, 40),
    "tavily": ("tvly-", ALNUM, 32),
    "atlassian": ("ATATT3", ALNUM, 180),
    "perplexity": ("pplx-", ALNUM, 48),
    "firecrawl": ("fc-", HEX, 32),
    "figma": ("figd_", ALNUM, 40),
    "brave": ("BSA", ALNUM, 27),
    "groq": ("gsk_", ALNUM, 52),
}
"""Provider → what its tokens begin with, the characters after it and how many."""


def token(provider: str, seed: int = 7) -> str:
    """Return a token of a provider's form that nobody ever issued; the same for the same seed."""
    start, letters, length = SHAPES[provider]
    return start + characters(letters, length, seed)


def characters(letters: str, length: int, seed: int = 7) -> str:
    """Return random characters, never in a row that says "sample"."""
    rng = random.Random(f"{letters}{length}{seed}")  # noqa: S311 - they are no secrets
    return "".join(rng.choice(letters) for _ in range(length))


def random_text(length: int = 32, seed: int = 7) -> str:
    """Return what a password generator gives."""
    return characters(ALNUM, length, seed)


def web_token(seed: int = 7) -> str:
    """Return three parts in the form of a JSON web token."""
    parts = (characters(ALNUM, size, seed + size) for size in (33, 60, 43))
    first, second, third = parts
    return f"eyJ{first}.eyJ{second}.{third}"


def private_key(kind: str = "RSA ") -> str:
    """Return a block in the form of a private key."""
    dashes = "-" * 5
    return f"{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{random_text(64)}\n{dashes}END{dashes}"
