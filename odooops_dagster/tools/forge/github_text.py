"""What GitHub shows of a run, as Markdown. What a repository or its Odoo wrote stands in code, where nothing acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from odooops_dagster.tools.forge.port import Annotation, Answer, Comment, CommentState, Status

# The longest title and message that the API takes, and what is shown of a sentence.
_TITLE, _MESSAGE, _SHOWN = 255, 60_000, 300
_SAID: Mapping[CommentState, str] = {
    "pending": "waits or works",
    "success": "succeeded",
    "failure": "failed by what was pushed",
    "error": "did not end by itself: a fault of the platform, or somebody canceled it",
    "gone": "the environment is gone",
}


def marker_of(comment: Comment) -> str:
    """Return the hidden first line by which the comment is found again."""
    return f"<!-- odooops {comment.project_id} -->"


def comment_body(comment: Comment) -> str:
    """Return the comment: where the branch can be seen, how its newest run fares, and what that run checked."""
    rows = [
        ("Commit", code(comment.sha[:12])),
        ("Run", _SAID[comment.state] + (f", [page]({comment.page})" if comment.page else "")),
        ("Result", code(comment.description)),
    ]
    if comment.url:
        is_other = comment.serves_sha and comment.serves_sha != comment.sha
        serves = f" serves {code(str(comment.serves_sha)[:12])}" if is_other else ""
        rows.insert(0, ("Preview", f"<{comment.url}>{serves}"))
    lines = [
        marker_of(comment),
        f"**{comment.stage.capitalize()} of {code(comment.branch)}**",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in rows),
        *_table(comment.answers),
    ]
    return "\n".join(lines)


def output_of(status: Status, annotations: Sequence[Annotation]) -> dict[str, object]:
    """Return the report of a check run, as the API takes it."""
    summary = [code(status.description), *_table(status.answers)]
    return {
        "title": status.description[:_TITLE],
        "summary": "\n".join(summary),
        "annotations": [_annotation(each) for each in annotations],
    }


def code(text: str) -> str:
    """Return a text as code of one line in a table: no link, no mention, no markup of it acts."""
    line = " ".join(text.replace("`", "'").split())[:_SHOWN]
    return f"`{line.replace('|', chr(92) + '|') or '-'}`"


def _annotation(each: Annotation) -> dict[str, object]:
    line = max(each.line, 1)
    told: dict[str, object] = {
        "path": each.file,
        "start_line": line,
        "end_line": line,
        "annotation_level": each.level,
        "title": each.title[:_TITLE],
        "message": each.message[:_MESSAGE],
    }
    return told | ({"raw_details": each.details[:_MESSAGE]} if each.details else {})


def _table(answers: Sequence[Answer]) -> list[str]:
    if not answers:
        return []
    rows = [f"| {each.question} | {each.answer} | {code(each.summary)} |" for each in answers]
    return ["", "| Check | Answer | |", "|---|---|---|", *rows]
