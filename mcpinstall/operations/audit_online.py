"""`mcpi audit --online`: what OSV knows about the exact versions that hosts start.

Sent are ecosystem, name and version of packages, and the ids that came back.  Any answer that is
late, huge, or not one to the question makes the audit incomplete: it never counts as "nothing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from mcpinstall.errors import ErrorCode, McpInstallError
from mcpinstall.model import osv_text
from mcpinstall.model.advisory import Advisory
from mcpinstall.model.advisory_text import AdvisoryFile
from mcpinstall.model.finding import Unchecked
from mcpinstall.model.osv_text import Key
from mcpinstall.operations import configuration
from mcpinstall.operations.context import Context
from mcpinstall.system import limits
from mcpinstall.system.fetch import Client

_SUBJECT = "OSV"
_LONGEST = 400  # characters of a package; names of npm have at most 214
_UNRATED = date(1970, 1, 1)  # of a record that was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Online:
    """What came of it."""

    found: Mapping[Key, tuple[Advisory, ...]] = field(default_factory=dict)
    asked: int = 0
    """Packages that were asked about, and answered."""
    problem: Unchecked | None = None
    """Why the rest is not known."""

    def joined(self, later: Online) -> Online:
        """Return this with what was asked later."""
        return Online(
            found={**self.found, **later.found},
            asked=self.asked + later.asked,
            problem=self.problem or later.problem,
        )

    @property
    def sentence(self) -> str:
        """What was asked, for the reader."""
        if self.problem is not None:
            return "OSV did not answer for every package: nothing is claimed about its advisories"
        if not self.asked:
            return "OSV was asked nothing: no entry starts a package at an exact version"
        what = "1 package" if self.asked == 1 else f"{self.asked} packages"
        return f"OSV was asked about {what} at exact versions"


def ask(packages: Iterable[Key], shipped: AdvisoryFile | None, context: Context) -> Online:
    """Ask OSV about every package once."""
    keys = sorted(set(packages))
    if not keys:
        return Online()
    if len(keys) > limits.OSV_PACKAGES or any(len("".join(key)) > _LONGEST for key in keys):
        error = _failed(f"more than {limits.OSV_PACKAGES} packages, or a name that is none")
        return Online(problem=_unchecked(error))
    try:
        talk = _Talk(configuration.osv(context), shipped, context)
    except McpInstallError as error:
        return Online(problem=_unchecked(error))
    return talk.about(keys)


class _Talk:
    """One conversation, bounded as a whole."""

    def __init__(self, base: str, shipped: AdvisoryFile | None, context: Context) -> None:
        self._base = base
        self._shipped = shipped
        self._client = Client(base, machine=context.machine)
        self._progress = context.progress

    def about(self, keys: Sequence[Key]) -> Online:
        """Ask about packages, then for what is not known of the ids that come back."""
        self._progress.step(f"asking OSV about {len(keys)} packages")
        ids: dict[Key, list[str]] = {}
        known: dict[str, Advisory | McpInstallError] = {}
        problem: McpInstallError | None = None
        with self._client, self._client.within(limits.OSV_SECONDS):
            try:
                for start in range(0, len(keys), limits.OSV_QUERIES):
                    ids |= self._ids(keys[start : start + limits.OSV_QUERIES])
                known = self._records(ids)
            except McpInstallError as error:
                problem = error
        failed = [one for one in known.values() if isinstance(one, McpInstallError)]
        problem = problem or next(iter(failed), None)
        return Online(
            found={key: tuple(_known(known, one) for one in found) for key, found in ids.items()},
            asked=len(ids),
            problem=None if problem is None else _unchecked(problem),
        )

    def _ids(self, keys: Sequence[Key]) -> dict[Key, list[str]]:
        """Return the ids of all advisories about each package, page after page."""
        ids: dict[Key, list[str]] = {key: [] for key in keys}
        pending = [(key, "") for key in keys]
        for _ in range(limits.OSV_PAGES):
            data = self._client.ask(
                f"{self._base}/v1/querybatch",
                code=ErrorCode.ADVISORIES_UNAVAILABLE,
                limit=limits.OSV_ANSWER_BYTES,
                content=osv_text.question(pending),
            )
            answered = osv_text.answers(data, len(pending))
            for (key, _), one in zip(pending, answered, strict=True):
                ids[key] += one.ids
            pending = [
                (key, one.next_page)
                for (key, _), one in zip(pending, answered, strict=True)
                if one.next_page
            ]
            if not pending:
                return ids
        raise _failed(f"its answer has more than {limits.OSV_PAGES} pages")

    def _records(self, ids: Mapping[Key, Sequence[str]]) -> dict[str, Advisory | McpInstallError]:
        """Return every advisory by its id: of the shipped file, else as OSV has it."""
        found: dict[str, Advisory | McpInstallError] = {}
        about: dict[str, list[tuple[str, str]]] = {}
        for (ecosystem, name, _), named in ids.items():
            shipped = self._shipped.of(name, ecosystem) if named and self._shipped else ()
            for one in dict.fromkeys(named):
                if local := next((a for a in shipped if one in (a.id, *a.aliases)), None):
                    found[one] = local
                else:
                    about.setdefault(one, []).append((ecosystem, name))
        wanted = [one for one in about if one not in found]
        if len(wanted) > limits.OSV_DETAILS:
            error = _failed(f"it names more than {limits.OSV_DETAILS} advisories")
            found |= dict.fromkeys(wanted[limits.OSV_DETAILS :], error)
            wanted = wanted[: limits.OSV_DETAILS]
        with ThreadPoolExecutor(limits.DOWNLOADS_AT_ONCE) as pool:
            read = pool.map(lambda one: self._record(one, about[one]), wanted)
            found |= dict(zip(wanted, read, strict=True))
        return found

    def _record(self, wanted: str, packages: list[tuple[str, str]]) -> Advisory | McpInstallError:
        try:
            data = self._client.ask(
                f"{self._base}/v1/vulns/{wanted}",
                code=ErrorCode.ADVISORIES_UNAVAILABLE,
                limit=limits.OSV_RECORD_BYTES,
            )
            return osv_text.record(data, wanted, packages)
        except McpInstallError as error:
            return error


def _known(known: Mapping[str, Advisory | McpInstallError], wanted: str) -> Advisory:
    """Return an advisory; one that could not be read is known by its id, and taken seriously."""
    found = known.get(wanted)
    if isinstance(found, Advisory):
        return found
    return Advisory(id=wanted, modified=_UNRATED, source=osv_text.ASKED)


def _failed(why: str) -> McpInstallError:
    return McpInstallError(ErrorCode.ADVISORIES_UNAVAILABLE, f"OSV could not be asked: {why}")


def _unchecked(error: McpInstallError) -> Unchecked:
    hint = "the shipped advisories counted; try again later, or leave `--online` out"
    code = error.code if error.code is ErrorCode.CONFIG_INVALID else "advisories-unavailable"
    return Unchecked(subject=_SUBJECT, code=code, message=error.message, hint=hint)
