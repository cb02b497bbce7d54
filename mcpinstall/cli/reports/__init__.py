"""Findings as text and as files that other programs read.  They know findings, nothing else."""

from __future__ import annotations

from collections.abc import Callable

from mcpinstall.model.finding import Report

FORMATS = ("text", "json", "sarif", "github", "junit", "markdown")
"""What `--format` takes."""


def document(form: str) -> Callable[[Report], str]:
    """Return what writes a report in one of `FORMATS` but `text`; loaded when it is asked for."""
    if form == "sarif":
        from mcpinstall.cli.reports import sarif

        return sarif.write
    if form == "github":
        from mcpinstall.cli.reports import github

        return github.write
    if form == "junit":
        from mcpinstall.cli.reports import junit

        return junit.write
    from mcpinstall.cli.reports import markdown

    return markdown.write
