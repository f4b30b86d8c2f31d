"""Finds what of the advisories concerns a project: in the lines of its code, and among its installed modules."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from odooops_dagster.model.advisories import SEVERITIES, Advisory, Match, Severity, Use

# Models whose records have all fields of another model too. Source: `_inherits` in odoo/addons/base/models/res_users.py
# and addons/product/models/product_product.py.
_DELEGATES = {"res.users": "res.partner", "product.product": "product.template"}
# A shorter name, or one of a single word, is the name of too many fields to say anything where the model is unknown.
_SHORTEST_TELLING = 7


def read_uses(lines: Iterable[str]) -> tuple[tuple[Use, ...], tuple[str, ...]]:
    """Return what the program `uses` printed: the uses, and the files that it could not read with the reasons."""
    records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    uses = tuple(Use(**{**record, "models": tuple(record["models"])}) for record in records if "kind" in record)
    return uses, tuple(f"{record['unread']}: {record['why']}" for record in records if "unread" in record)


def find_matches(
    advisories: Iterable[Advisory],
    uses: Sequence[Use],
    *,
    installed: Collection[str] = (),
    needs: Mapping[str, Collection[str]] | None = None,
    least: Severity = "warning",
) -> tuple[Match, ...]:
    """Return where advisories and the project meet, the worst first.

    Args:
        advisories: those of the way to the target series.
        uses: what the project's own code names.
        installed: the installed modules.
        needs: per module of the project, all modules that it depends on, directly or not; None takes the direct ones.
        least: the severity from which an advisory counts.
    """
    known = _Known(item for item in advisories if SEVERITIES.index(item.severity) >= SEVERITIES.index(least))
    code = _Code(uses, needs)
    found: dict[tuple[str, str, str, int], Match] = {}
    for use in uses:
        for item, certain in known.of(use, code):
            key = (item.kind, item.subject, use.file, use.line)
            if certain or key not in found:
                found[key] = Match(advisory=item, certain=certain, module=use.module, file=use.file, line=use.line)
    listed = [
        *found.values(),
        *(
            Match(advisory=item, certain=True, module=name)
            for name in sorted(installed)
            for item in known.modules.get(name, ())
        ),
    ]
    return tuple(sorted(listed, key=_rank))


def _rank(match: Match) -> tuple[int, bool, str, int, str]:
    severity = -SEVERITIES.index(match.advisory.severity)
    return (severity, not match.certain, match.file or "", match.line or 0, match.advisory.subject)


class _Code:
    """Facts of the project's whole code, by which a field of an unknown model is judged."""

    def __init__(self, uses: Sequence[Use], needs: Mapping[str, Collection[str]] | None) -> None:
        self._needs = needs if needs is not None else _direct_needs(uses)
        self._models = {(use.module, use.name) for use in uses if use.kind == "model"}
        self._fields = {(use.module, use.name, model) for use in uses if use.certain for model in use.models}
        self._elsewhere: dict[tuple[str, str], set[str]] = defaultdict(set)
        for module, name, model in self._fields:
            self._elsewhere[module, name].add(model)

    def may_mean(self, use: Use, item: Advisory) -> bool:
        """Return whether the field of an unknown model may be the item's.

        The module has to need the item's module and to name its model, and the field must not be one that the module
        certainly has on another model: most of the names that all models share fall out by that.
        """
        model = item.subject.rpartition(".")[0]
        return (
            "_" in use.name
            and len(use.name) >= _SHORTEST_TELLING
            and item.module in self._needs.get(use.module, ())
            and (use.module, model) in self._models
            and self._elsewhere[use.module, use.name] <= {model}
        )


def _direct_needs(uses: Iterable[Use]) -> dict[str, set[str]]:
    needs: dict[str, set[str]] = defaultdict(set)
    for use in uses:
        if use.kind == "module":
            needs[use.module].add(use.name)
    return needs


Answer = Iterator[tuple[Advisory, bool]]


class _Known:
    """The advisories by what they are about."""

    def __init__(self, items: Iterable[Advisory]) -> None:
        self.modules: dict[str, list[Advisory]] = defaultdict(list)
        self._models: dict[str, list[Advisory]] = defaultdict(list)
        self._fields: dict[str, list[Advisory]] = defaultdict(list)
        self._field_names: dict[str, list[Advisory]] = defaultdict(list)
        self._xml_ids: dict[str, list[Advisory]] = defaultdict(list)
        for item in items:
            self._file_under(item)

    def _file_under(self, item: Advisory) -> None:
        kind = item.kind.partition("_")[0]
        if kind == "module":
            self.modules[item.subject].append(item)
        elif kind == "model":
            self._models[item.subject].append(item)
        elif kind == "field":
            self._fields[item.subject].append(item)
            self._field_names[item.subject.rpartition(".")[2]].append(item)
        elif kind == "xml":
            self._xml_ids[item.subject].append(item)
        else:  # a note is about whatever has that name
            for place in (self.modules, self._models, self._fields, self._xml_ids):
                place[item.subject].append(item)

    def of(self, use: Use, code: _Code) -> Answer:
        """Yield the advisories about what the line names, and whether the line certainly means it."""
        match use.kind:
            case "module":
                yield from ((item, use.certain) for item in self.modules.get(use.name, ()))
            case "model":
                yield from ((item, use.certain) for item in self._models.get(use.name, ()))
            case "field":
                yield from self._field(use, code)
            case "xml_id":
                yield from self._xml_id(use.name, use.certain)
            case "text":
                yield from ((item, False) for item in self._models.get(use.name, ()))
                yield from ((item, False) for item in self._xml_ids.get(use.name, ()))

    def _field(self, use: Use, code: _Code) -> Answer:
        if not use.models:
            found = (item for item in self._field_names.get(use.name, ()) if item.kind == "field_removed")
            yield from ((item, False) for item in found if code.may_mean(use, item))
            return
        models = {*use.models, *(_DELEGATES[model] for model in use.models if model in _DELEGATES)}
        for model in sorted(models):
            yield from ((item, use.certain) for item in self._fields.get(f"{model}.{use.name}", ()))

    def _xml_id(self, name: str, certain: bool) -> Answer:
        module, _, rest = name.partition(".")
        if items := self._xml_ids.get(name):
            yield from ((item, certain) for item in items)
        else:
            # The ids of a module that gets another name get it too.
            yield from ((item, certain) for item in self.modules.get(module, ()))
        if rest.startswith("model_"):
            for model, items in self._models.items():
                if model.replace(".", "_") == rest.removeprefix("model_"):
                    yield from ((item, certain) for item in items)
