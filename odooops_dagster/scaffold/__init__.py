"""The files that `ops repo` writes into a customer's repository and keeps up to date."""

from __future__ import annotations

from odooops_dagster.scaffold.changes import Action, Change, decide
from odooops_dagster.scaffold.facts import Answers, find_out
from odooops_dagster.scaffold.planning import Plan, plan
from odooops_dagster.scaffold.record import RECORD, Record, read_record
from odooops_dagster.scaffold.write import carry_out

__all__ = [
    "RECORD",
    "Action",
    "Answers",
    "Change",
    "Plan",
    "Record",
    "carry_out",
    "decide",
    "find_out",
    "plan",
    "read_record",
]
