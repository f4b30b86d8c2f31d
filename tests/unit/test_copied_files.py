"""The files that a Dockerfile copies are named by all that they are in an image, and are no way to fill a disk."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.settings import Settings
from odooops_dagster.steps.build import dockerfile
from odooops_dagster.tools.registry.images import _archive
from odooops_dagster.tools.registry.layer import Layer


def digest_of(root: Path, copy: str = "COPY fonts /usr/share/fonts/a") -> str:
    """Return the digest of what the repository copies."""
    (root / "Dockerfile").write_text(f"FROM odoo:19\n{copy}\n")
    return dockerfile.copied_files(dockerfile.dockerfile_of(Settings(home=root, dockerfile=True), root)).digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a repository with a folder of fonts."""
    (tmp_path / "fonts/of").mkdir(parents=True)
    (tmp_path / "fonts/of/a.ttf").write_text("a font")
    return tmp_path


def test_another_place_name_mode_or_content_is_another_layer(root: Path) -> None:
    """And nothing else is: not the rest of the repository, nor what git keeps."""
    font = root / "fonts/of/a.ttf"
    first = digest_of(root)
    (root / "shop.py").write_text("code")
    (root / "fonts/.git").write_text("gitdir: elsewhere")
    assert digest_of(root) == first
    found = {first, digest_of(root, "COPY fonts /usr/share/fonts/b")}
    font.chmod(0o755)
    found.add(digest_of(root))
    font.write_text("another font")
    found.add(digest_of(root))
    font.rename(font.with_name("b.ttf"))
    found.add(digest_of(root))
    assert len(found) == 5
    assert digest_of(root, "USER odoo") == ""


@pytest.mark.parametrize("limit", ["_MOST_BYTES", "_MOST_FILES"])
def test_too_much_is_refused_with_its_line(root: Path, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One folder can be copied to many places."""
    monkeypatch.setattr(dockerfile, limit, 4)
    with pytest.raises(BadInput, match=r"^Dockerfile:\d: COPY brings more than"):
        digest_of(root, "COPY fonts /usr/share/fonts/a\nCOPY fonts /usr/share/fonts/b")


@pytest.mark.parametrize("reads", [True, False])
def test_a_few_lines_are_told_and_the_others_counted(root: Path, reads: bool) -> None:
    """A file of many lines fills no log."""
    users = "USER odoo\n" * 60 if reads else ""
    copies = "".join(f"COPY fonts /usr/share/fonts/{number}\n" for number in range(60))
    (root / "Dockerfile").write_text(f"FROM odoo:19\n{users}{copies}")
    settings = Settings(home=root, dockerfile=True)
    told = dockerfile.not_done(settings, dockerfile.dockerfile_of(settings, root))
    assert len(told) == 51
    assert told[0].startswith("Dockerfile:1: FROM odoo:19: not done here")
    assert told[-1] == f"Dockerfile: {71 if reads else 11} more line(s) are not done here"


@pytest.mark.parametrize("place", ["/usr/share/fonts/..\0/bin", "/usr/../bin", "fonts", "/", "//bin", "/a/\x1b"])
def test_no_archive_is_made_with_a_place_that_is_not_its_name(root: Path, place: str) -> None:
    """A tar ends a name at a NUL, whatever the rest of it says."""
    layer = Layer(name="a" * 64, paths=(), placed=((root / "fonts", PurePosixPath(place)),))
    with pytest.raises(BadInput, match="is no place in an image"), _archive(layer) as pieces:
        b"".join(pieces)
