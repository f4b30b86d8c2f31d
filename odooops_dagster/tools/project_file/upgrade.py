"""The part `upgrade` of `odooops.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from odooops_dagster.tools.project_file.base import Keys, Line

_Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class Invariant(Keys):
    """A query, or an expression of Python, whose answer an upgrade must not change."""

    name: Annotated[Line, StringConstraints(min_length=1, max_length=200)] = Field(
        description="What holds, in a few words."
    )
    sql: _Text | None = Field(
        default=None,
        description="A query that reads, such as `select state, sum(amount_total) from sale_order group by state`;"
        " the first 1000 rows are compared.",
    )
    python: _Text | None = Field(
        default=None,
        description="Instead of `sql`: an expression over `env`, Odoo's environment, such as"
        " `[(o.name, o.amount_total) for o in env['sale.order'].search([], order='id')]`. The code that serves today"
        " evaluates it before, the new code after; the first 1000 items are compared as texts.",
    )

    @model_validator(mode="after")
    def _one_question(self) -> Invariant:
        if (self.sql is None) == (self.python is None):
            raise ValueError("an invariant has either sql or python")
        return self


class UpgradeSettings(Keys):
    """Where the repository is going, and what an upgrade preview looks at besides what it always does."""

    target: Annotated[str, StringConstraints(pattern=r"^\d{1,3}\.0$")] | None = Field(
        default=None,
        description="The series that the repository is to move to, such as 20.0: builds warn of what is not there.",
    )
    may_lose_rows: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")], ...] = Field(
        default=(), description="Tables that may have fewer rows after an upgrade; they are still reported."
    )
    invariants: tuple[Invariant, ...] = Field(
        default=(), max_length=100, description="Questions that have the same answer before and after an upgrade."
    )
