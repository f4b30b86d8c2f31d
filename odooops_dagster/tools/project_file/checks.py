"""The keys about checks: errors that a project accepts in its log, tests that may fail for a while, tags of tests."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from odooops_dagster.tools.project_file.base import Keys, Line

# A pattern shorter than this would silence more than anybody means.
_LEAST_CHARACTERS = 8
# Odoo's own spelling of --test-tags, less files and parameters, which not every series has.
# Source: `filter_spec_re` in odoo/tests/tag_selector.py, 16.0 to 19.0.
_TAG = re.compile(r"[+-]?(\*|[A-Za-z0-9_]*)(/[A-Za-z0-9_]+)?(:[A-Za-z0-9_]+)?(\.[A-Za-z0-9_]+)?")


def _specific(pattern: str) -> str:
    if len("".join(pattern.replace("*", "").split())) < _LEAST_CHARACTERS:
        raise ValueError(f"it has to name at least {_LEAST_CHARACTERS} characters besides *")
    return pattern


def _tag(text: str) -> str:
    if text in ("", "+", "-") or _TAG.fullmatch(text) is None:
        raise ValueError("it has to be a tag as Odoo has them: [-][tag][/module][:class][.method]")
    return text


Pattern = Annotated[Line, StringConstraints(max_length=300), AfterValidator(_specific)]
Reason = Annotated[Line, StringConstraints(min_length=1, max_length=500)]
TestName = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_]+:[A-Za-z0-9_]+(\.[A-Za-z0-9_*]+)?$")]
Tag = Annotated[str, StringConstraints(max_length=300), AfterValidator(_tag)]


class QuietRecord(Keys):
    """Errors in Odoo's log that the project knows and accepts."""

    pattern: Pattern = Field(
        description="A part of `logger: message` as the check `log_clean` shows it; `*` is any text."
    )
    reason: Reason = Field(description="Why the error is accepted.")


class QuarantinedTest(Keys):
    """A test that may fail until a date."""

    test: TestName = Field(
        description="The test as Odoo's tags name it: `/module:Class.method`, with `*` in the method; without a method"
        " every test of the class, and its setUpClass."
    )
    owner: Reason = Field(description="Who mends it.")
    until: date = Field(description="The last day on which its failure is accepted, such as 2026-12-31.")


class OwnTests(Keys):
    """How the repository's tests are chosen and judged."""

    tags: tuple[Tag, ...] = Field(
        default=(),
        description="More for Odoo's --test-tags, besides all tests of the repository's own modules. What leaves out"
        " tests of these (`-slow`) needs the policy `gates.leave_out_tests`.",
    )
    quarantine: tuple[QuarantinedTest, ...] = Field(
        default=(), description="Tests that may fail for a while; each failure is still reported."
    )

    def in_force(self, today: date) -> tuple[QuarantinedTest, ...]:
        """Return the tests whose failure is accepted today."""
        return tuple(entry for entry in self.quarantine if entry.until >= today)

    def ended(self, today: date) -> tuple[QuarantinedTest, ...]:
        """Return the tests whose failure is no longer accepted."""
        return tuple(entry for entry in self.quarantine if entry.until < today)

    def leaving_out(self, own: Collection[str]) -> tuple[str, ...]:
        """Return the tags that leave out tests of these modules."""
        return tuple(tag for tag in self.tags if tag.startswith("-") and _module(tag) in {*own, ""})


def _module(tag: str) -> str:
    """Return the module that a tag is limited to; empty for none."""
    return tag.partition("/")[2].partition(":")[0].partition(".")[0]
