"""A commit and its files as Dagster shows them: links to the forge's pages, where the repository has some."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from odooops_dagster.engine.overview import as_markdown
from odooops_dagster.tools.git import known_commit


def commit_shown(repo_url: str, sha: str, *, home: Path) -> dg.MarkdownMetadataValue:
    """Return the commit as a link to its page at the forge, if it has one, with its subject and author."""
    told = known_commit(repo_url, sha, home=home)
    page = commit_link(repo_url, sha)
    short = f"[`{sha[:10]}`]({page})" if page else f"`{sha[:10]}`"
    return dg.MetadataValue.md(f"{short} {as_markdown(str(told))}" if told else short)


def commit_link(repo_url: str, sha: str) -> str | None:
    """Return the URL of the commit's page at the forge; None for a repository without one."""
    page = _forge_page(repo_url)
    return f"{page}/commit/{sha}" if page else None


def file_link(repo_url: str, sha: str, file: str, line: int) -> str | None:
    """Return the URL of the line at the forge; None for a repository without pages, or if no file is known."""
    page = _forge_page(repo_url)
    return f"{page}/blob/{sha}/{file}{f'#L{line}' if line else ''}" if page and file else None


def _forge_page(repo_url: str) -> str | None:
    url = repo_url.removesuffix("/").removesuffix(".git")
    if url.startswith("git@"):
        url = "https://" + url.removeprefix("git@").replace(":", "/", 1)
    if not url.startswith("https://"):
        return None
    return f"https://{url.removeprefix('https://').rpartition('@')[2]}"
