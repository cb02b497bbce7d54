"""Find secrets in values: which provider's, and how long; never the value.

Three tiers.  A structured prefix or block is certain.  A format without a prefix counts only
where the name says whose it is.  Under any other name that speaks of a secret, a long random
text is likely one.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from dataclasses import dataclass

from mcpinstall.model.secret_forms import BEGINNING, JWT, PASSWORD, PRIVATE_KEY, prefixed
from mcpinstall.model.text import printable
from mcpinstall.rules.audit.references import holds_reference, is_placeholder

LONGEST = 65_536
"""Characters of a value that are looked at; MA707 tells of longer ones."""

_MOST_CANDIDATES = 200
"""Beginnings of secrets that are looked at in one value."""

_SHORTEST_LIKELY = 16  # characters of a name that may be a token
_LEAST_ENTROPY = 3.3  # bits a character; 16 random hexadecimal digits have about 3.4
_SHOWN, _LONGEST_SHOWN = 80, 320  # characters
_SPOKEN_VOWELS = ("A", "E", "I", "O", "U", "npm", "xAI")
_LONGEST_NAME = 1024  # characters; a name of that length is none
_RUN = re.compile(r"[A-Za-z0-9]{12,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A secret, told without it."""

    provider: str
    """Noun phrase: `GitHub token`."""
    length: int
    """Characters."""
    is_certain: bool = True

    def __str__(self) -> str:
        likely = "" if self.is_certain else "what looks like "
        article = "an" if self.provider.startswith(_SPOKEN_VOWELS) else "a"
        characters = "1 character" if self.length == 1 else f"{self.length} characters"
        return f"{likely}{article} {self.provider} of {characters}"


_R = r"[A-Za-z0-9]"
_U = r"[A-Za-z0-9_-]"
_HEX32, _HEX40, _HEX64 = r"[0-9a-f]{32}", r"[0-9a-f]{40}", r"[0-9a-f]{64}"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_KEYED = (
    ("AWS secret key", {"aws", "secret"}, r"[A-Za-z0-9/+]{40}"),
    ("Datadog key", {"datadog"}, rf"{_HEX32}|{_HEX40}"),
    ("Datadog key", {"dd"}, rf"{_HEX32}|{_HEX40}"),
    ("Cloudflare token", {"cloudflare"}, rf"{_U}{{40}}|[0-9a-f]{{37}}"),
    ("Heroku key", {"heroku"}, _UUID),
    ("Pinecone key", {"pinecone"}, _UUID),
    ("Exa key", {"exa"}, _UUID),
    ("Twilio token", {"twilio"}, _HEX32),
    ("Mailgun key", {"mailgun"}, rf"{_HEX32}(?:-[0-9a-f]{{8}}){{0,2}}"),
    ("OpenWeather key", {"openweather"}, _HEX32),
    ("OpenWeather key", {"openweathermap"}, _HEX32),
    ("Azure key", {"azure"}, rf"{_HEX32}|{_R}{{84}}|{_R}{{32}}"),
    ("Algolia key", {"algolia"}, _HEX32),
    ("Sentry token", {"sentry"}, _HEX64),
    ("SerpApi key", {"serpapi"}, _HEX64),
    ("Atlassian token", {"jira"}, rf"{_R}{{24}}"),
    ("Atlassian token", {"confluence"}, rf"{_R}{{24}}"),
    ("Trello token", {"trello"}, rf"{_HEX32}|{_HEX64}"),
    ("Asana token", {"asana"}, r"[0-9]/[0-9]{10,20}(?:/[0-9]{10,20})?:[0-9a-f]{32}"),
    ("Discord token", {"discord"}, rf"{_U}{{24,28}}\.{_U}{{6}}\.{_U}{{27,40}}"),
)
"""Formats without a prefix, and the words of a name that say whose they are."""

_SPLIT = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = frozenset({
    "token", "secret", "password", "passwd", "pwd", "passphrase", "credential",
    "credentials", "authorization", "bearer", "pat", "key", "pass", "auth", "cookie", "jwt",
    "secrets", "pgpassword",
})  # fmt: skip
_OTHER_WORDS = frozenset({
    "file", "path", "dir", "folder", "url", "uri", "endpoint", "host", "id", "ids", "name", "type",
    "public", "publishable", "anon", "max", "limit", "count", "ttl", "timeout", "expiry", "length",
    "size", "scope", "scopes", "mode", "method", "region", "enabled", "header", "prefix", "format",
    "env", "var", "store", "provider", "domain", "algorithm", "fingerprint", "digest", "sha",
    "issuer", "audience",
})  # fmt: skip
_NOT_RANDOM = re.compile(
    rf"(?i)(?:{_UUID}|(?:sha(?:1|256|384|512)[-:]).*|[0-9a-f]{{32}}|{_HEX40}|{_HEX64}"
    r"|[0-9a-f]{96}|[0-9a-f]{128}|[0-9.:T+-]+Z?|(?:pk_(?:test|live)|phc|ssh-rsa|ssh-ed25519|age1)"
    r"[_ a-z0-9].*|[a-z][a-z0-9+.-]{0,20}://.*|[~./\\].*|[a-z]:[\\/].*|.*[/\\][^/\\]*\.[a-z]{1,5}"
    r"|[^@]+@[^@]+\.[a-z]{2,})"
)
_RANDOM = re.compile(r"[A-Za-z0-9_+/=.~!@#%^&*-]{16,4096}")
_WORDS_ONLY = re.compile(r"[A-Z]?[a-z]*[0-9]{0,4}(?:[-_.][A-Z]?[a-z]*[0-9]{0,4})+|[a-z]+|[A-Z_]+")


def secret_in(text: str, name: str = "") -> Found | None:
    """Return what secret `text` holds, or None.

    `name` is the variable's, header's, parameter's or option's.  References, placeholders,
    digests, UUIDs, public keys and paths are none.  Only the first `LONGEST` characters count.
    """
    part = text[:LONGEST]
    if found := certain_in(part):
        return found
    bare = _without_scheme(part.strip())
    if holds_reference(bare) or is_placeholder(bare):
        return None
    words = _words(name)
    if is_secret_name(name) and JWT.fullmatch(bare):
        return Found(provider="JSON web token", length=len(bare))
    if is_secret_name(name):
        for provider, wanted, shape in _KEYED:
            if wanted <= words and re.fullmatch(shape, bare, re.IGNORECASE):
                return Found(provider=provider, length=len(bare))
        if _is_random(bare):
            return Found(provider="secret", length=len(bare), is_certain=False)
    return None


def certain_in(text: str) -> Found | None:
    """Return the secret in `text` that shows by itself, whatever its name."""
    part = text[:LONGEST]
    for count, beginning in enumerate(BEGINNING.finditer(part)):
        if count == _MOST_CANDIDATES:
            break
        if found := _prefixed_at(part, beginning.start()):
            return found
    if key := PRIVATE_KEY.search(part):
        return Found(provider="private key", length=len(part) - key.start())
    if "://" in part and (password := _password(part)):
        return Found(provider="password in an address", length=len(password))
    return None


def is_secret_name(name: str) -> bool:
    """Tell whether a name says that its value is a secret: `GITHUB_TOKEN`, `apiKey`."""
    words = _words(name)
    is_secret = bool(words & _SECRET_WORDS) or "apikey" in name.lower()
    return is_secret and not words & _OTHER_WORDS


def shown(text: str) -> str:
    """Return `text` for a message: escaped, short, and with nothing that may be a secret."""
    if len(text) > _LONGEST_SHOWN or certain_in(text) or _resembles_a_secret(text):
        return f"({len(text)} characters)"
    bare = _RUN.sub(_masked, text)
    return printable(bare if len(bare) <= _SHOWN else bare[:_SHOWN] + "…")


def is_secret_itself(name: str) -> bool:
    """Tell whether a name is a secret, as where a token was pasted in its place."""
    return _is_secret_itself(name[:_LONGEST_NAME])


@functools.lru_cache(maxsize=4096)
def _is_secret_itself(name: str) -> bool:
    if len(name) < _SHORTEST_LIKELY or _WORDS_ONLY.fullmatch(name):
        return False
    return certain_in(name) is not None or _resembles_a_secret(name) or bool(JWT.search(name))


def told_name(name: str) -> str:
    """Return a name of a server, variable or key for a report or record; never a secret.

    One that is longer than names are is told by its length, too.
    """
    hidden = len(name) > _LONGEST_NAME or is_secret_itself(name)
    return f"({len(name)} characters)" if hidden else name


def told_pointer(pointer: str) -> str:
    """Return a JSON pointer for a report, each of its keys as `told_name`."""
    return "/".join(map(_told_key, pointer.split("/")))


def _told_key(key: str) -> str:
    plain = key.replace("~1", "/").replace("~0", "~")
    return key if (told := told_name(plain)) == plain else told


def _resembles_a_secret(text: str) -> bool:
    """Tell whether a text has a provider's form, also one that says `example` behind it."""
    found = BEGINNING.finditer(text)
    return any(pattern.match(text, one.start()) for one in found for _, pattern in prefixed())


def _masked(run: re.Match[str]) -> str:
    letters = run[0]
    is_word = letters.isalpha() and (letters.islower() or letters.isupper() or letters.istitle())
    return letters if is_word else f"({len(letters)} characters)"


def _prefixed_at(text: str, start: int) -> Found | None:
    for provider, pattern in prefixed():
        found = pattern.match(text, start)
        if found and not is_placeholder(found["rest"]):
            return Found(provider=provider, length=len(found[0]))
    return None


def _password(text: str) -> str:
    for found in PASSWORD.finditer(text):
        if not holds_reference(found[1]) and not is_placeholder(found[1], fewest=1):
            return found[1]
    return ""


def _without_scheme(text: str) -> str:
    word, _, rest = text.partition(" ")
    return rest.strip() if word.lower() in ("bearer", "basic", "token", "bot") else text


def _words(name: str) -> frozenset[str]:
    return _words_of(name[:256])


@functools.lru_cache(maxsize=1024)
def _words_of(name: str) -> frozenset[str]:
    """Return the words of a name, which is asked for by many rules."""
    return frozenset(word.lower() for word in _SPLIT.findall(name))


def _is_random(text: str) -> bool:
    if not _RANDOM.fullmatch(text):
        return False
    if _NOT_RANDOM.fullmatch(text) or _WORDS_ONLY.fullmatch(text):
        return False
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts) >= _LEAST_ENTROPY
