"""What the documents say is what the code does: settings, commands, files, schema objects, links, words."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from docs.generate import ROOT, pages, settings
from docs.links import FENCE, HEADING, anchors, inline_code, leads_somewhere, links
from docs.schema.sources import header, read_notes
from docs.seams import seams
from docs.twice import tables, told_on_two_pages, told_twice
from odooops_dagster.control.migrate import read_folder
from odooops_dagster.definitions import definitions
from odooops_dagster.doors.cli import build_app
from odooops_dagster.errors import SQLSTATE_ERRORS
from odooops_dagster.kinds import MAINTENANCE
from odooops_dagster.local.front_sandboxes import front_sandbox
from odooops_dagster.local.programs import programs
from odooops_dagster.model import CHECKS, RunKind, RunStatus, Stage
from odooops_dagster.settings import Settings
from tests import lanes
from tests.sql.actors import PERSONAS

FOREIGN = {".git", ".venv", "node_modules", ".pytest_cache"}
BUILT = {ROOT / "build", ROOT / "dist"}


def every_file() -> Iterator[Path]:
    """Yield each file below the root; folders of others, with their ten thousand files, are not entered."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in FOREIGN and Path(folder) / name not in BUILT]
        yield from (Path(folder) / name for name in names)


# Written once: to write them takes a second.
PAGES = pages()
EVERY_FILE = sorted(every_file())
EVERY_PAGE = [path for path in EVERY_FILE if path.suffix == ".md"]
DOCUMENTS = [path for path in EVERY_PAGE if path.relative_to(ROOT).parts[0] in {path.name, "docs", "bench"}]
WRITTEN = [path for path in EVERY_PAGE if "reference" not in path.parts]

COMMAND = re.compile(r"(?:^|[\s;&|(])ops (?P<words>[a-z][^;&|)#]*)", re.MULTILINE)
DEFINER = re.compile(r"^security definer$", re.MULTILINE)
SQLSTATES = ROOT / "docs" / "reference" / "sqlstates.md"
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
MAKE = re.compile(r"(?:^|[;&|]\s*)make (?P<target>[a-z][\w-]*)", re.MULTILINE)
MODULE = re.compile(r"python3? -m (?P<name>(?:bench|docs|tests|odooops_dagster)[\w.]*)")
VARIABLE = re.compile(r"\bODOOOPS_[A-Z0-9_]*[A-Z0-9]\b(?!_)")
# A figure behind the name of a setting or of a policy's rule is its default: `ODOOOPS_LEASE_SECONDS` (60).
FIGURE = re.compile(r"`(?P<name>ODOOOPS_[A-Z0-9_]+|[a-z]+\.[a-z0-9_]+)` \((?P<figure>\d+)[);,]")
RULE = re.compile(r"`(?P<name>(?P<policy>[a-z]+)\.(?!py`)[a-z0-9_]+)[:`]")
ROUTE = re.compile(r"^(?:(?:GET|POST|PUT|PATCH|DELETE) )?(?P<path>/(?:v1|webhooks)/[^?\s*]*[^?\s*/])(?:\?\S*)?$")
# A path from a room of the product, such as steps/release/promote.py: people name the room and not the package.
PART_OF_A_PATH = re.compile(r"^[\w-]+/[\w./-]*\.(?:py|sql|sh|mjs|toml)$")
# A family of names, ops.agent_..., is no name.
SCHEMA_OBJECT = re.compile(r"(?<!/)\bops(?:_private)?\.(?P<name>[a-z_0-9]+)(?![\w*]|\.\.)")
REPOSITORY_PATH = re.compile(
    r"^(?:odooops_dagster|assets|sensors|schedules|resources|sql|tests|bench|docs|scripts)/[\w./-]*$"
)


def name_of(document: Path) -> str:
    """Return the document's path as pytest shows it."""
    return str(document.relative_to(ROOT))


each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


def test_every_setting_has_a_comment_that_says_what_it_means() -> None:
    """A setting without a comment would have no line in the example and the reference."""
    assert [item.variable for item in settings()] == [f"ODOOOPS_{name.upper()}" for name in Settings.model_fields]
    assert [item.variable for item in settings() if not item.meaning.endswith(".")] == []


def test_the_example_with_every_line_uncommented_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the example shows as a default is the default, and an empty variable counts as not set."""
    for item in settings():
        monkeypatch.delenv(item.variable, raising=False)
    defaults = Settings().model_dump(exclude={"home"})
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("#ODOOOPS_"):
            variable, _, value = line.removeprefix("#").partition("=")
            monkeypatch.setenv(variable, value)
    assert Settings().model_dump(exclude={"home"}) == defaults


@pytest.mark.parametrize("path", list(PAGES), ids=name_of)
def test_generated_pages_are_what_the_code_says(path: Path) -> None:
    """Pages written from the code are written again whenever it changes."""
    assert path.read_text() == PAGES[path], "run: python -m docs.generate"


@pytest.mark.parametrize("document", EVERY_PAGE, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that is there, and a heading in it."""
    broken = [target for target in links(document.read_text()) if not leads_somewhere(document, target)]
    assert broken == []


@each_document
def test_commands_exist(document: Path) -> None:
    """Every `ops` command that a document names can be typed as it stands."""
    wrong = [words for words in commands(document.read_text()) if not is_command(words)]
    assert wrong == []


@each_document
def test_make_targets_exist(document: Path) -> None:
    """Every `make` target that a document names is in the Makefile."""
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match["target"] for code in code_of(document.read_text()) for match in MAKE.finditer(code)}
    assert named - targets == set()


@each_document
def test_files_exist(document: Path) -> None:
    """Every path of the repository that a document names is there."""
    paths = [text for text in inline_code(document.read_text()) if REPOSITORY_PATH.match(text)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", WRITTEN, ids=name_of)
def test_modules_and_parts_of_paths_exist(document: Path) -> None:
    """A program that a page starts with `python -m`, and a file named from its room on, are there."""
    assert missing_code(document.read_text()) == []


@pytest.mark.parametrize("document", WRITTEN, ids=name_of)
def test_variables_routes_and_rules_exist(document: Path) -> None:
    """What people set or call by a page is a variable of the code, a route of the gateway, a rule of a policy."""
    text = document.read_text()
    assert set(VARIABLE.findall(text)) - variables() == set()
    assert [path for path in routes_of(text) if not is_route(path)] == []
    assert {match["name"] for match in RULE.finditer(text) if match["policy"] in policies()} - rules().keys() == set()


@pytest.mark.parametrize("document", WRITTEN, ids=name_of)
def test_figures_of_settings_and_rules_are_their_defaults(document: Path) -> None:
    """A number behind the name of a setting or of a policy's rule is what holds where nobody set one."""
    assert wrong_figures(document.read_text()) == []


@each_document
def test_schema_objects_exist(document: Path) -> None:
    """Every function, table, view and type that a document names as ops.<name> is in sql/."""
    named = {match["name"] for code in code_of(document.read_text()) for match in SCHEMA_OBJECT.finditer(code)}
    assert named - schema_objects() == set()


def test_the_table_of_refusals_names_every_one_and_who_raises_it() -> None:
    """Each SQLSTATE in sql/functions stands in one row, with its meaning, its exception and every function."""
    lines = [line for line in SQLSTATES.read_text().splitlines() if line.startswith("| `")]
    told = {row[0]: row for row in ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines)}
    for path in (ROOT / "sql" / "functions").rglob("*.sql"):
        for state in re.findall(r"^\s*raise sqlstate '(\w{5})'", path.read_text(), re.MULTILINE):
            assert f"[{path.stem}](" in told[state][3], f"{path.stem} raises {state}"
    assert {state: error.__name__ for state, error in SQLSTATE_ERRORS.items()}.items() <= {
        state: row[1] for state, row in told.items()
    }.items()
    assert [state for state, row in told.items() if not row[2].endswith(".")] == []


def test_a_refusal_becomes_an_exception_or_an_answer() -> None:
    """A SQLSTATE without a class of its own is one that ops.ingest_event answers and raises to nobody."""
    raised = {state for states in read_notes().raised.values() for state in states}
    assert raised - set(SQLSTATE_ERRORS) <= {"PT413", "PT422"}


def test_every_functions_header_names_what_it_raises() -> None:
    """Who reads the header of a function knows its refusals; a trigger's are those of its table."""
    notes = read_notes()
    silent = {
        name: set(states) - set(notes.functions[name].states)
        for name, states in notes.raised.items()
        if set(states) - set(notes.functions[name].states)
    }
    assert silent == {}


def wrong_callers(functions: dict[str, str]) -> dict[str, set[str]]:
    """Return the functions whose header lists functions as callers that do not call them."""
    wrong = {}
    for name, text in functions.items():
        listed = re.search(r"Called by ((?:\w+(?:, | and )?)+)", header(text).text)
        callers = set(re.findall(r"\w+", listed[1])) & set(functions) if listed else set()
        called = re.compile(rf"^(?!--).*\bops(?:_private)?\.{name}\b", re.MULTILINE)
        wrong[name] = {caller for caller in callers if not called.search(functions[caller])}
    return {name: callers for name, callers in wrong.items() if callers}


def test_no_header_names_a_caller_that_does_not_call() -> None:
    """A function that a header lists after `Called by` calls the header's function; another one is found."""
    functions = dict(read_folder("functions"))
    assert wrong_callers(functions) == {}
    functions["after_attempt"] = "-- Called by release_attempt and get_run, at once. Locks nothing.\ncreate ..."
    assert wrong_callers(functions) == {"after_attempt": {"get_run"}}


def test_every_function_with_its_owners_rights_says_why() -> None:
    """`security definer` stands in no file without a reason in its header."""
    definers = [path for path in (ROOT / "sql" / "functions").rglob("*.sql") if DEFINER.search(path.read_text())]
    assert [path.stem for path in definers if not header(path.read_text()).definer_reason] == []


def test_the_glossary_holds_every_word_of_the_code() -> None:
    """Kinds and states of runs, stages, assets, checks and sensors are explained in the glossary."""
    words = {*get_args(RunKind), *get_args(RunStatus), *get_args(Stage), *(spec.name for spec in CHECKS)}
    glossary = "\n".join(inline_code((ROOT / "docs" / "glossary.md").read_text()))
    missing = {word for word in words | dagster_names() if not re.search(rf"\b{word}\b", glossary)}
    assert missing == set()


def test_the_glossary_holds_every_word_of_a_release() -> None:
    """Gates, decisions, states of releases and gates, purposes of restores, and personas are explained."""
    told = "\n".join(inline_code((ROOT / "docs" / "glossary.md").read_text()))
    schema = "\n".join(path.read_text() for path in sorted((ROOT / "sql" / "migrations").glob("*.sql")))
    words = set(PERSONAS)
    for name in ("ops_gate_code", "ops_release_status", "ops_gate_status", "ops_decision_type", "restore_purpose"):
        labels = re.search(rf"create type ops\.{name} as enum \((.*?)\);", schema, re.DOTALL)
        assert labels is not None
        words |= set(re.findall(r"'(\w+)'", labels[1]))
    assert {word for word in words if not re.search(rf"\b{word}\b", told)} == set()


def test_every_dependency_has_its_reason() -> None:
    """Each library of pyproject.toml, and each package that the tests take from npm, has a line in why.md."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {match[0] for item in required if (match := re.match(r"[\w-]+", item))}
    names |= json.loads((ROOT / "scripts" / "dev" / "node" / "package.json").read_text())["dependencies"].keys()
    told = set(inline_code((ROOT / "docs" / "why.md").read_text()))
    assert names - told == set()


def test_anchors_are_those_of_github() -> None:
    """Case, code, links and punctuation are left out of an anchor, and equal headings are counted."""
    text = "# A `B` c!\n## [Two](x.md) words\n```\n# no heading\n```\n### Again\n### Again\n"
    assert anchors(text) == {"a-b-c", "two-words", "again", "again-1"}


@pytest.mark.parametrize("document", sorted((ROOT / "docs" / "reference" / "schema").glob("*.md")), ids=name_of)
def test_a_link_to_a_table_or_function_leads_to_it(document: Path) -> None:
    """No heading of a generated page is there twice: a link would lead to the first."""
    headings = [match["text"].lower() for match in HEADING.finditer(document.read_text())]
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("document", WRITTEN, ids=name_of)
def test_no_page_tells_a_thing_twice_or_half(document: Path) -> None:
    """As a page does after a merge in which both sides wrote the same paragraph."""
    assert [*told_twice(document.read_text()), *seams(document.read_text())] == []


def test_no_two_pages_tell_the_same_sentence() -> None:
    """A fact has one page, and the others a link to it: two copies of a sentence become two facts."""
    assert told_on_two_pages({name_of(page): page.read_text() for page in WRITTEN}) == []


def test_a_sentence_of_two_pages_is_found() -> None:
    """The pages are named with the sentence; one in a generated part belongs to where it comes from."""
    sentence = "The gateway gets its own login's connection, that of the API's callers and the secret of webhooks."
    generated = f"<!-- who: written by python -m docs.generate -->\n{sentence}\n<!-- end of who -->\n"
    assert told_on_two_pages({"a.md": f"# A\n\n{sentence}\n", "b.md": generated}) == []
    assert told_on_two_pages({"a.md": f"{sentence}\n", "b.md": f"- {sentence}\n"}) == [f"a.md and b.md: {sentence}"]
    former = sentence.replace(".", ", and of the state folder no file of an environment.")
    twin = f"a.md and b.md, in other words: {former[:50]}..."
    assert told_on_two_pages({"a.md": f"{former}\n", "b.md": former.replace("no file", "nothing")}) == [twin]


ROW = "| {} | may read what is kept there, and nothing else than that |\n"
TABLE = "| who | can |\n|---|---|\n" + "".join(ROW.format(name) for name in ("a member", "a worker", "a page"))
MARKED = f"<!-- who: written by python -m docs.generate -->\n{TABLE}<!-- end of who -->\n"
FORMER = "Of the platform's own programs, the gateway gets the worker's connection and no other.\n"
JOBS = (
    "| maintenance job | A Dagster job that works on what the platform itself keeps: `janitor`, {}. "
    "It has no row in `ops.runs`; one run of each at a time. |\n"
)
TWICE = {
    "sound": (f"# Who\n\n## A\n\n{MARKED}\n{FORMER}\n## B\n\nMore.\n", []),
    "a table beside the generated one": (MARKED + ROW.format("a person"), ["a table follows <!-- end of who -->"]),
    "two tables of one section": (
        f"{TABLE}\n" + TABLE.replace("nothing else", "a little more"),
        ["two tables of `who` have the rows a member, a page, a worker"],
    ),
    "a copy of the generated table elsewhere": (
        f"## A\n\n{MARKED}\n## B\n\n" + TABLE.replace("nothing else", "a little more"),
        ["two tables of `who` have the rows a member, a page, a worker"],
    ),
    "a mark that was lost": (MARKED.replace("<!-- end of who -->\n", ""), ["no end of who"]),
    "a mark too many": (f"{MARKED}\nMore.\n\n<!-- end of who -->\n", ["no beginning of who"]),
    "a paragraph that is an item too": (f"{FORMER}\nMore.\n\n- {FORMER}", [f"twice: {FORMER.strip()}"]),
    "a row in its former words too": (
        JOBS.format("`converge`") + JOBS.format("`platform_backup`, `converge`"),
        ["twice, in other words: {0}... and {0}...".format(JOBS[:50])],
    ),
    "a heading of one chapter twice": ("## A\n\n### How\n\n## B\n\n### How\n\n### How\n", ["two headings: How"]),
}


@pytest.mark.parametrize(("text", "found"), TWICE.values(), ids=TWICE)
def test_what_is_told_twice_is_found(text: str, found: list[str]) -> None:
    """Each way in which a merge tells a thing twice has its own finding, and a sound page has none."""
    assert told_twice(text) == found


SOUND = "# A\n\nIt writes\n\n- one\n- two\n\nMore (all of it).\n\n```\nmake\n\n\nmake fix\n```\n\nor\n\n```\nx\n```\n"
SEAMS = {
    "sound": (SOUND, []),
    "a list with air": ("- one\n\n- two\n\n- three\n", []),
    "a sentence without its end": ("The gateway gets\n\n## More\n", ["no end of a sentence: ...The gateway gets"]),
    "a last sentence without its end": ("All of it. And\n", ["no end of a sentence: ...All of it. And"]),
    "a list in two": ("- one\n- two\n\n- three\n", ["a list in two: - three"]),
    "two empty lines": ("One.\n\n\nTwo.\n", ["two empty lines above: Two."]),
}


@pytest.mark.parametrize(("text", "found"), SEAMS.values(), ids=SEAMS)
def test_seams_are_found(text: str, found: list[str]) -> None:
    """What a merge cut off or laid side by side is found, and what a page may look like is not."""
    assert seams(text) == found


def test_the_glossary_tells_each_word_once() -> None:
    """A word with two meanings names its thing behind it, as `source (of a clone)` does."""
    rows = re.sub(r"^.*\n\|[-|]+\n", "", GLOSSARY, flags=re.MULTILINE)
    words = [name for line in rows.splitlines() if (name := first_cell(line)) and not name.startswith("`")]
    assert sorted({word for word in words if words.count(word) > 1}) == []


def test_tables_of_a_whole_name_all_of_it(tmp_path: Path) -> None:
    """Maintenance jobs, the programs of the stack, their sandboxes, benches: what the code has more of is told too."""
    settings = Settings(home=tmp_path)
    stack = {program.name for program in programs(settings, servers=[])}
    sandboxed = {name for name in stack if front_sandbox(settings, name, {}) is not None}
    servers = {"control", "postgres"}
    job = next(line for line in GLOSSARY.splitlines() if first_cell(line) == "maintenance job")
    assert set(re.findall(r"`(\w+)`", job)) == set(MAINTENANCE)
    assert rows_of("docs/odooops-sh/ARCHITECTURE.md", "job", "requested by") == set(MAINTENANCE)
    assert rows_of("docs/odooops-sh/ARCHITECTURE.md", "program", "what it is") == stack | servers
    assert rows_of("SECURITY.md", "program", "sees") == sandboxed | servers
    benches = {cell for head, cells in tables(page_text("bench/README.md")) if head[0] == "bench" for cell in cells}
    made = re.search(r"for figure in \$\(or \$\(ARGS\),([^)]*)\)", page_text("Makefile"))
    assert made is not None
    assert {f"`bench.{name}`" for name in made[1].split()} - benches == set()


def test_readme_leads_to_every_page() -> None:
    """Whoever begins with README finds each page that people write; the reference has pages of its own that lead on."""
    led = set(links(page_text("README.md")))
    pages_of_people = [name_of(page) for page in WRITTEN if page.is_relative_to(ROOT / "docs")]
    assert [page for page in pages_of_people if not any(target.startswith(page) for target in led)] == []


def test_the_minutes_of_tests_are_those_of_the_lanes() -> None:
    """README, CONTRIBUTING and `make help` tell the minutes that tests/lanes.toml has."""
    minutes = {name: lane.minutes for name, lane in lanes.read().by_name.items()}
    long = sum(time for name, time in minutes.items() if name not in lanes.NOT_LONG)
    told = {name: page_text(name) for name in ("README.md", "CONTRIBUTING.md", "Makefile")}
    fast = [int(found) for text in told.values() for found in re.findall(r"fast tests\D*?(\d+) minutes", text)]
    assert fast == [minutes[lanes.FAST]] * len(told)
    others = re.search(r"`make test-long` runs the others in about (\d+) minutes", told["README.md"])
    assert others is not None
    assert abs(int(others[1]) - long) <= long / 10


def test_every_kind_of_link_is_followed(tmp_path: Path) -> None:
    """An image, a definition and an attribute are links like any other; an address elsewhere is not followed."""
    text = '![i](i.png)\n[t](t.md "T")\n[d]: d.md\n<img src="s.png">\n[a](#a)\n[m](mailto:x@y.z) [h](https://x.y)'
    assert list(links(text)) == ["i.png", "t.md", "d.md", "s.png", "#a"]
    assert [leads_somewhere(tmp_path / "page.md", target) for target in links(text)[:1]] == [False]


def test_the_readers_of_documents_find_what_is_wrong(tmp_path: Path) -> None:
    """The checks above bite: a wrong link, command, target and path are each found."""
    text = "See [x](nowhere.md), `ops project burn`, `ops run list --nonsense`, `make coffee` and `sql/none.sql`."
    assert [leads_somewhere(tmp_path / "a.md", target) for target in links(text)] == [False]
    assert [is_command(words) for words in commands(text)] == [False, False]
    assert [match["target"] for code in code_of(text) for match in MAKE.finditer(code)] == ["coffee"]
    assert [path for path in inline_code(text) if REPOSITORY_PATH.match(path)] == ["sql/none.sql"]
    assert missing_code("`python -m bench.queue` is there, and so is `steps/release/promote.py`.") == []
    assert missing_code("```\npython -m bench.nothing\n```\n`steps/gone.py`") == ["bench.nothing", "steps/gone.py"]


def test_what_pages_name_wrongly_is_found() -> None:
    """A wrong figure, variable, route and rule are each found, and right ones are not."""
    right = (
        "`ODOOOPS_LEASE_SECONDS` (60), `promotion.update_minutes` (60), `POST /v1/runs` and `/v1/runs/{id}/logs?x=1`."
    )
    assert wrong_figures(right) == []
    assert [path for path in routes_of(right) if not is_route(path)] == []
    assert wrong_figures(right.replace("(60)", "(61)")) == [
        "ODOOOPS_LEASE_SECONDS (61)",
        "promotion.update_minutes (61)",
    ]
    wrong = "`ODOOOPS_LEASES`, `clone.sources`, `clone.source: dump`, `GET /v1/coffee` and `/webhooks/*`."
    assert set(VARIABLE.findall(wrong)) - variables() == {"ODOOOPS_LEASES"}
    assert [match["name"] for match in RULE.finditer(wrong) if match["name"] not in rules()] == ["clone.sources"]
    assert [path for path in routes_of(wrong) if not is_route(path)] == ["/v1/coffee"]


# -- how


def code_of(text: str) -> Iterator[str]:
    """Yield every piece of code in the document, in fences and lines; a drawing or a client's program is none."""
    yield from (match["text"] for match in FENCE.finditer(text) if match["language"] not in {"mermaid", "ts"})
    yield from inline_code(text)


def missing_code(text: str) -> list[str]:
    """Return each module after `python -m`, and each part of a path, that is nowhere in the repository."""
    modules = [match["name"] for code in code_of(text) for match in MODULE.finditer(code) if match["name"].islower()]
    parts = [part for part in inline_code(text) if PART_OF_A_PATH.match(part)]
    return [*(name for name in modules if not is_module(name)), *(part for part in parts if not is_part(part))]


def wrong_figures(text: str) -> list[str]:
    """Return each figure behind a name that is not the default of the setting or of the policy's rule."""
    defaults = {f"ODOOOPS_{name.upper()}": str(field.default) for name, field in Settings.model_fields.items()}
    defaults.update(rules())
    return [
        f"{match['name']} ({match['figure']})"
        for match in FIGURE.finditer(text)
        if match["name"] in defaults and match["figure"] != defaults[match["name"]]
    ]


def routes_of(text: str) -> Iterator[str]:
    """Yield the path of each route of the gateway that the text names in code."""
    yield from (match["path"] for code in inline_code(text) if (match := ROUTE.match(code)))


@cache
def is_route(path: str) -> bool:
    """Return whether the gateway has such a route; a word of capitals and {id} stand for whatever is there."""
    known = json.loads(page_text("docs/reference/openapi.json"))["paths"]
    return any(re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)), path) for route in known)


@cache
def variables() -> frozenset[str]:
    """Return the settings, and the variables that the code and its tests read besides."""
    code = {".py", ".sh", ".yaml", ".yml", ".mjs", ".ts", ".toml", ".bash", "", ".tsx"}
    read = (path for path in EVERY_FILE if path.suffix in code and path != Path(__file__))
    named = frozenset(name for path in read for name in VARIABLE.findall(path.read_text(errors="ignore")))
    return named | {item.variable for item in settings()}


@cache
def rules() -> Mapping[str, str]:
    """Return the default of each rule of a policy, as SQL has it."""
    text = page_text("sql/functions/projects/policy_rules.sql")
    found = re.finditer(r"^ +\('(\w+)'(?:::[\w.]+)?, '(\w+)', '[^']*', '([^'\n]*)'", text, re.MULTILINE)
    return {f"{match[1]}.{match[2]}": match[3] for match in found}


@cache
def policies() -> frozenset[str]:
    """Return the types of policies."""
    return frozenset(name.partition(".")[0] for name in rules())


def is_module(name: str) -> bool:
    """Return whether `python -m` finds the module."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def is_part(part: str) -> bool:
    """Return whether a file's path ends with these folders and this name."""
    return any(str(path).endswith(f"/{part}") for path in EVERY_FILE)


def page_text(name: str) -> str:
    """Return the text of a file by its path below the root."""
    return (ROOT / name).read_text()


def first_cell(line: str) -> str:
    """Return the first cell of a row; nothing for a line that is none."""
    return line.split("|")[1].strip() if line.startswith("| ") else ""


def rows_of(page: str, *heads: str) -> set[str]:
    """Return the names in the first cells of the page's table with these first headings."""
    found = [names for head, names in tables(page_text(page)) if head[: len(heads)] == list(heads)]
    assert len(found) == 1, f"{page} has {len(found)} tables of {heads}"
    return {name for cell in found[0] for name in re.findall(r"`(\w+)`", cell)}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words after `ops` of every command line in the document's code."""
    for code in code_of(text):
        yield from (match["words"].splitlines()[0].split() for match in COMMAND.finditer(code))


@cache
def root() -> TyperGroup:
    """Return the whole command line."""
    group = get_command(build_app())
    assert isinstance(group, TyperGroup)
    return group


def is_command(words: list[str]) -> bool:
    """Return whether the words lead to a verb, and its options are ones it knows."""
    known: set[str] = {"--help"}
    group: object = root()
    for word in words:
        if word.startswith("["):  # from here on the reference says what may follow
            return True
        if isinstance(group, TyperGroup):
            if word not in group.commands:
                # A noun alone speaks of all its verbs.
                return word.startswith("-") and word.partition("=")[0] in {"--help", "--version"}
            group = group.commands[word]
            known |= {option for param in getattr(group, "params", ()) for option in options_of(param)}
        elif word.startswith("-") and word.partition("=")[0] not in known:
            return False
    return True


def options_of(param: object) -> list[str]:
    """Return the spellings of an option."""
    return [*getattr(param, "opts", ()), *getattr(param, "secondary_opts", ())]


@cache
def schema_objects() -> frozenset[str]:
    """Return the names of everything that sql/ makes in the schema."""
    made = re.compile(
        r"create (?:or replace )?(?:table|view|type|function|procedure|sequence|index)(?: if not exists)?"
        r" ops(?:_private)?\.(\w+)"
    )
    return frozenset(
        match[1] for path in (ROOT / "sql").rglob("*.sql") for match in made.finditer(path.read_text().lower())
    )


@cache
def dagster_names() -> frozenset[str]:
    """Return the names of the assets, sensors and schedules of the code location."""
    found = definitions()
    repository = found.get_repository_def()
    assets = {key.path[-1] for key in repository.asset_graph.get_all_asset_keys()}
    return frozenset(assets | {s.name for s in repository.sensor_defs} | {s.name for s in repository.schedule_defs})
