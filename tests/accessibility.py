"""What axe-core finds wrong with a page, and whether it fits into its window."""

from __future__ import annotations

from typing import Literal

from tests.acceptance.browser import Seen
from tests.node_tools import file_of_package

AXE = "axe-core@4.14.1"
AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
VIOLATIONS = (
    "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))"
)
# As the page is looked at: the window in pixels, and the colours.
LOOKS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = (((1440, 900), "light"), ((390, 844), "dark"))


def faults_of(seen: Seen) -> list[str]:
    """Return every violation that axe knows of, at a desk and on a phone, in both colours; and what is too wide."""
    seen.run(file_of_package(AXE, "package/axe.min.js", integrity=AXE_INTEGRITY).read_text())
    faults = []
    for size, scheme in LOOKS:
        seen.look(size, scheme)
        found: list[str] = seen.run(VIOLATIONS)
        if seen.run("() => document.documentElement.scrollWidth > innerWidth"):
            found.append("wider than the window")
        faults += [f"{scheme}: {each}" for each in found]
    return faults
