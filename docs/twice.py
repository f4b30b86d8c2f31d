"""What pages tell twice, as a merge of two texts leaves it behind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, pairwise, product

from docs.links import FENCE

# The headings of a table, and the first cells of its rows.
Table = tuple[list[str], set[str]]
END_OF_GENERATED = re.compile(r"^<!-- end of .* -->$")
GENERATED = re.compile(r"^<!-- [^\n]*: written by [^\n]* -->$.*?^<!-- end of ", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^<!-- (?:(?P<begins>[\w-]+): written by .*|end of (?P<ends>[\w-]+)) -->$", re.MULTILINE)
HEADING = re.compile(r"^(?P<level>#+) (?P<text>.*)$", re.MULTILINE)
WORD = re.compile(r"[\w`./-]+")
# Shorter ones are names, and words that any two rows share.
LONG_ENOUGH = 50
# Fewer rows of the same names may be chance.
SHARED_ROWS = 3
# Words that follow one another; two texts about one thing share single words, and seldom four in a row.
PHRASE = 4
# Phrases of the shorter of two texts. Shorter rows of one table are alike because they tell of things that are alike.
PHRASES = 15
# A sentence of fewer words is a definition or a pointer, which two pages may share.
WORDS_OF_ONE_PAGE = 12


def told_twice(text: str) -> list[str]:
    """Return a sentence for each thing that a page of Markdown tells twice."""
    prose = FENCE.sub("", text)
    own = GENERATED.sub("", prose)
    found = (
        *_stray_marks(prose),
        *_stray_tables(prose),
        *_tables_alike(prose),
        *_generated_again(prose),
        *_headings_twice(prose),
        *_repeated(own),
        *_in_other_words(own),
    )
    return list(dict.fromkeys(found))


def told_on_two_pages(pages: Mapping[str, str]) -> list[str]:
    """Return a sentence for each thing that two of the pages tell, which are texts by their names."""
    own = {page: GENERATED.sub("", FENCE.sub("", text)) for page, text in pages.items()}
    holders: dict[str, list[str]] = {}
    for page, text in own.items():
        for sentence in dict.fromkeys(_sentences(text)):
            holders.setdefault(sentence, []).append(page)
    same = [
        f"{' and '.join(held)}: {sentence}"
        for sentence, held in holders.items()
        if len(held) > 1 and len(sentence.split()) >= WORDS_OF_ONE_PAGE
    ]
    # Equal sentences make their paragraphs alike too.
    return same or list(_in_other_words_elsewhere(own))


def _in_other_words_elsewhere(pages: Mapping[str, str]) -> Iterator[str]:
    """Two paragraphs, items or rows of two pages are nearly the same."""
    told = [(page, block, _phrases(block)) for page, text in pages.items() for block in _blocks(text)]
    holders: dict[tuple[str, ...], list[int]] = {}
    for number, (_, _, phrases) in enumerate(told):
        for phrase in phrases:
            holders.setdefault(phrase, []).append(number)
    shared = Counter(pair for held in holders.values() for pair in combinations(held, 2))
    for (one, two), count in shared.items():
        (page, block, phrases), (other, _, others) = told[one], told[two]
        fewer = min(len(phrases), len(others))
        if page != other and fewer >= PHRASES and 4 * count >= 3 * fewer:
            yield f"{page} and {other}, in other words: {block[:LONG_ENOUGH]}..."


def _stray_marks(text: str) -> Iterator[str]:
    """A generated part begins in another one, or has lost one of its two marks."""
    begun = ""
    for mark in MARK.finditer(f"{text}\n<!-- end: written by nobody -->\n"):
        if mark["begins"] and begun:
            yield f"no end of {begun}"
        if mark["ends"] and mark["ends"] != begun:
            yield f"no beginning of {mark['ends']}"
        begun = mark["begins"] or ""


def _stray_tables(text: str) -> Iterator[str]:
    """A generated table is followed by rows that nobody generates."""
    for above, below in pairwise(text.splitlines()):
        if END_OF_GENERATED.match(above) and below.startswith("|"):
            yield f"a table follows {above}"


def _tables_alike(text: str) -> Iterator[str]:
    """Two tables of one section have rows of the same names in the same columns."""
    for section in re.split(r"^#+ .*$", text, flags=re.MULTILINE):
        yield from _alike(combinations(tables(section), 2))


def _generated_again(text: str) -> Iterator[str]:
    """A generated table has a twin, whatever the section: nobody generates the twin."""
    for part in GENERATED.finditer(text):
        yield from _alike(product(tables(part[0]), tables(text[: part.start()] + text[part.end() :])))


def _alike(pairs: Iterable[tuple[Table, Table]]) -> Iterator[str]:
    for (head, names), (other, others) in pairs:
        if head[:2] == other[:2] and len(names & others) >= SHARED_ROWS:
            yield f"two tables of `{head[0]}` have the rows {', '.join(sorted(names & others)[:3])}"


def tables(text: str) -> list[Table]:
    """Return the tables of a page."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [(rows[0], {row[0] for row in rows[2:] if not row[0].isdecimal()}) for rows in found if rows]


def _headings_twice(text: str) -> Iterator[str]:
    """Two sections of one chapter have the same heading."""
    path: list[str] = []
    seen: set[tuple[str, ...]] = set()
    for heading in HEADING.finditer(text):
        path[len(heading["level"]) - 1 :] = [heading["text"]]
        yield from [f"two headings: {heading['text']}"] if tuple(path) in seen else []
        seen.add(tuple(path))


def _repeated(text: str) -> Iterator[str]:
    """A sentence or a line stands twice."""
    seen: set[str] = set()
    for sentence in _sentences(text):
        if len(sentence) >= LONG_ENOUGH and not sentence.startswith("|"):
            yield from [f"twice: {sentence}"] if sentence in seen else []
            seen.add(sentence)


def _in_other_words(text: str) -> Iterator[str]:
    """Two paragraphs, items or rows share half of their phrases: one of them is a former form of the other."""
    told = [(block, _phrases(block)) for block in _blocks(text)]
    long = [(block, phrases) for block, phrases in told if len(phrases) >= PHRASES]
    for (block, phrases), (other, others) in combinations(long, 2):
        if block != other and 2 * len(phrases & others) >= min(len(phrases), len(others)):
            yield f"twice, in other words: {block[:LONG_ENOUGH]}... and {other[:LONG_ENOUGH]}..."


def _phrases(block: str) -> set[tuple[str, ...]]:
    words = WORD.findall(block.lower())
    return set(zip(*(words[start:] for start in range(PHRASE)), strict=False))


def _sentences(text: str) -> Iterator[str]:
    for block in _blocks(text):
        yield from re.split(r"(?<=[.;:]) ", block.removeprefix("- "))


def _blocks(text: str) -> Iterator[str]:
    """Yield each paragraph, item, row and heading on one line."""
    yield from (" ".join(block.split()) for block in re.split(r"\n\s*\n|\n(?=[-*|#] ?)", text))
