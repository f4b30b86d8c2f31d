"""The groups of commands: `ops` lists its own by section, and each asks `did you mean` only where a verb is near."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from typer.core import TyperGroup, TyperOption

# The list of commands in the order in which people come to need them.
SECTIONS = {
    "Run the platform": ("up", "down", "status", "doctor", "console", "ui", "demo"),
    "Every day": ("project", "env", "run", "clone", "artifact", "config", "repo"),
    "Release": ("release", "gate", "promote", "rollback", "exception", "upgrade", "advisory"),
    "Keep": ("backup", "drill", "image", "incident", "audit", "lineage"),
    "People and rules": ("member", "person", "invitation", "key", "policy", "workflow", "tool"),
    "Tell others": ("webhook", "forge", "notify", "outbox", "event"),
    "Look after the platform": ("platform", "db", "odoo", "completion"),
}

# How alike two words are of which one may be meant for the other: more than difflib's own 0.6, at which `restart` is
# taken for `create`.
_LIKENESS = 0.7


class GroupOption(TyperOption):
    """An option of a group, for which Typer imports pydantic only where there is something to check."""

    def process_value(self, ctx: Any, value: Any) -> Any:  # noqa: ANN401 - Typer keeps click's types to itself
        """Return the value: a text, and an option that is not given, as they are."""
        is_text = isinstance(value, str) and isinstance(self.default, str)
        if value is not None and not is_text:
            return super().process_value(ctx, value)
        return value if self.callback is None else self.callback(ctx, self, value)


class CarefulGroup(TyperGroup):
    """Asks `did you mean` only where a verb is near, and imports nothing heavy before it knows the verb."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - as above
        """Return the parameters, with options of our own class, for which Typer has no argument."""
        found = super().get_params(ctx)
        for parameter in found:
            if isinstance(parameter, TyperOption):
                parameter.__class__ = GroupOption
        return found

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - Typer keeps click's types to itself
        """Return the command that the arguments name."""
        self.suggest_commands = False  # its own suggestions are all of difflib's
        near = get_close_matches(args[0], self.commands, cutoff=_LIKENESS) if args else []
        try:
            return super().resolve_command(ctx, args)
        except Exception as exc:
            if near and hasattr(exc, "message"):
                exc.message += f" Did you mean {', '.join(map(repr, near))}?"
            raise


class SectionedGroup(CarefulGroup):
    """Lists its commands by section; one that no section names comes last."""

    def list_commands(self, _ctx: Any) -> list[str]:  # noqa: ANN401 - as above
        """Return the names in the order of the sections."""
        named = [name for names in SECTIONS.values() for name in names]
        return sorted(self.commands, key=lambda name: named.index(name) if name in named else len(named))

    def format_commands(self, _ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the sections."""
        rest = tuple(self.commands.keys() - {name for names in SECTIONS.values() for name in names})
        width = max(map(len, self.commands), default=0)
        for title, names in {**SECTIONS, "Commands": rest}.items():
            known = [name for name in names if name in self.commands]
            limit = formatter.width - 6 - width
            rows = [(name.ljust(width), self.commands[name].get_short_help_str(limit)) for name in known]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
