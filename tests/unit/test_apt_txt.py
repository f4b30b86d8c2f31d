"""`apt.txt` is written by whoever can push: names of packages come through, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file.apt_txt import read_apt_txt


def test_names_and_comments_are_read(tmp_path: Path) -> None:
    """Sorted and each once, whatever the ends of lines are; no file names nothing."""
    assert read_apt_txt(tmp_path) == ()
    (tmp_path / "apt.txt").write_bytes(b"# fonts\r\nfonts-noto-cjk\n\n  antiword # for mails\nantiword\ng++\n")
    assert read_apt_txt(tmp_path) == ("antiword", "fonts-noto-cjk", "g++")


@pytest.mark.parametrize(
    "line",
    [
        "-o=APT::Update::Pre-Invoke::=id", "--download-only", "antiword curl", "antiword=0.37", "antiword/sid",
        "https://example.com/a.deb", "./a.deb", "libc6-", "lib.*", "$(id)", "Antiword", "x", "a\x00b", "antiword:i386",
        "a" * 200,
    ],
)  # fmt: skip
def test_a_line_that_is_no_name_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    """No option, version, address, pattern or removal reaches apt."""
    (tmp_path / "apt.txt").write_text(f"antiword\n{line}\n")
    with pytest.raises(BadInput, match=r"^apt\.txt:2: .* is no name of a Debian package"):
        read_apt_txt(tmp_path)


def test_what_is_no_file_of_the_repository_is_not_read(tmp_path: Path) -> None:
    """A link would show a line of the machine's; a folder, a pipe, and more than anybody writes are no lists."""
    secret, place = tmp_path / "secret", tmp_path / "apt.txt"
    secret.write_text("s3cr3t")
    place.symlink_to(secret)
    with pytest.raises(BadInput, match="no plain file") as refused:
        read_apt_txt(tmp_path)
    assert "s3cr3t" not in str(refused.value)
    place.unlink()
    place.mkdir()
    with pytest.raises(BadInput, match="no plain file"):
        read_apt_txt(tmp_path)
    place.rmdir()
    os.mkfifo(place)
    assert read_apt_txt(tmp_path) == ()
    place.unlink()
    place.write_text("a\n" * 40_000)
    with pytest.raises(BadInput, match="larger than"):
        read_apt_txt(tmp_path)
    place.write_text("".join(f"package-{number}\n" for number in range(201)))
    with pytest.raises(BadInput, match="201 packages"):
        read_apt_txt(tmp_path)
