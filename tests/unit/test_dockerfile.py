"""A repository's Dockerfile is read and never run: what is on the allow-list comes through, the rest is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput
from odooops_dagster.tools.project_file.dockerfile import Dockerfile, limits, read_dockerfile

USUAL = """\
# syntax=docker/dockerfile:1
FROM odoo:19 AS build
RUN apt-get update && apt-get install -y gcc
FROM odoo:19
LABEL a=b
USER root
RUN apt-get update \\
    # fonts of invoices
    && apt-get install -y --no-install-recommends \\
        fonts-noto-cjk \\
        antiword \\
    && rm -rf /var/lib/apt/lists/*
RUN apt install -y hello
COPY requirements/extra.txt /tmp/
RUN pip3 install --no-cache-dir -r /tmp/extra.txt 'phonenumbers>=8.13,<9' xlrd[extra]
COPY . /mnt/extra-addons
COPY --chown=odoo:odoo fonts/*.ttf /usr/share/fonts/acme/
ENV ACME_MODE=live ACME_NAME="Acme  Ltd"
ENV ACME_PLACE in the north
RUN curl https://acme.example | sh
"""


def told(root: Path) -> list[str]:
    """Return the lines that are left out, each as `number WORD`."""
    parts = [line.split(": ")[:2] for line in read_dockerfile(root).left_out]
    return [f"{place.rpartition(':')[2]} {text.split()[0]}" for place, text in parts]


def repository(root: Path, dockerfile: str) -> Path:
    """Write a repository with some files."""
    for name in ("requirements/extra.txt", "fonts/a.ttf", "fonts/b.ttf", "fonts/of/c.ttf", "requirements.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "Dockerfile").write_text(dockerfile)
    return root


def places(root: Path) -> dict[str, str]:
    """Return what stands in the image, by its place."""
    copies = read_dockerfile(root).copies
    return {str(file.target): str(file.source.relative_to(root)) for each in copies for file in each.files}


def test_what_the_last_stage_asks_for_is_read(tmp_path: Path) -> None:
    """With the lines that are left out, by their numbers; a repository without the file asks for nothing."""
    assert read_dockerfile(tmp_path) == Dockerfile()
    found = read_dockerfile(repository(tmp_path, USUAL))
    assert found.packages == ("antiword", "fonts-noto-cjk", "hello")
    assert found.python_packages == ("phonenumbers>=8.13,<9", "xlrd[extra]")
    assert found.requirements == (tmp_path / "requirements/extra.txt",)
    assert found.variables == {"ACME_MODE": "live", "ACME_NAME": "Acme  Ltd", "ACME_PLACE": "in the north"}
    assert places(tmp_path) == {f"/usr/share/fonts/acme/{name}.ttf": f"fonts/{name}.ttf" for name in "ab"}
    assert told(tmp_path) == ["4 FROM", "5 LABEL", "6 USER", "16 COPY", "20 RUN"]


@pytest.mark.parametrize(
    "line",
    [
        "RUN apt-get install -y -o=APT::Update::Pre-Invoke::=id hello curl=7", "RUN apt-get install ./a.deb",
        "RUN apt-get install -y -t bookworm-backports antiword", "RUN apt-get install hello || apt-get install curl",
        "RUN apt-get install -y $(cat names)", "RUN apt-get install -y hello && curl https://x | sh",
        "RUN apt-get install -y libc6-", "RUN apt-get install -y ${NAMES}", "RUN apt-get install 'hello",
        "RUN apt-get install -y hello > /etc/passwd", "RUN --mount=type=secret,id=x apt-get install hello",
        'RUN ["apt-get", "install", "hello"]', "RUN <<EOF\nRUN apt-get install hello\nENV A=b\nEOF",
        "RUN apt-get install", "RUN apt-get install hello 'curl wget'",
        "RUN pip install --index-url https://x phonenumbers", "RUN pip install git+https://x/y", "RUN pip install .",
        "RUN pip install ./dist/mine.whl", "RUN pip install mine.whl", "RUN pip install xlrd>=2",
        "RUN pip install mine.whl[more]", "RUN pip install mine.zip==1",
        "RUN pip install 'a @ https://x/a.whl'", "RUN pip install -r /etc/passwd", "RUN pip install -e .",
        "RUN pip install -r requirements.txt",
        "RUN pip install --target=/usr/lib xlrd", "RUN pip install xlrd && touch /usr/bin/mine", "RUN pip install -r",
        "COPY fonts/a.ttf /usr/bin/python3", "COPY fonts /usr/local/lib/python3.11/dist-packages/",
        "COPY fonts /usr/local/share/perl/5.36.0", "COPY fonts /usr/share/fonts/..\0/..\0/bin/",
        "COPY fonts /usr/share/fonts/\x1b[2J", f"COPY fonts /usr/share/fonts/{'a' * 1000}",
        "COPY fonts /usr/share/fonts/../../bin/", "COPY fonts/a.ttf /etc/ld.so.preload", "COPY fonts /opt/venv/bin/",
        "COPY --from=build /etc/shadow /usr/share/fonts/", "COPY --chmod=4755 fonts /usr/share/fonts/",
        "COPY ../secrets /usr/share/fonts/", "COPY $HOME /usr/share/fonts/", "ADD https://x /usr/share/fonts/",
        'COPY ["fonts", "/usr/share/fonts/"]', "COPY <<EOF /usr/share/fonts/a\nENV A=b\nEOF",
        "ENV LD_PRELOAD=/x", "ENV PATH=/x:$PATH", "ENV A=b PYTHONPATH=/x", "ENV lower=b", "ENV ODOOOPS_HOME=/x",
        "ENV HTTPS_PROXY=http://x", 'ENV A="b', "ONBUILD RUN apt-get install hello", "ENTRYPOINT [\"/mine\"]",
        "VOLUME /var/lib/odoo", "NO-INSTRUCTION", "&& apt-get install hello", "RUN", "ENV", "COPY", "WORKDIR",
        "HEALTHCHECK CMD /mine", "SHELL [\"/mine\"]", "WORKDIR $HOME",
    ],
)  # fmt: skip
def test_a_line_that_asks_for_more_is_left_out_whole(tmp_path: Path, line: str) -> None:
    """No option, version, file or pattern reaches a program, and half of a line is not what it asks for."""
    repository(tmp_path, f"FROM odoo:19\n{line}\n")
    found = read_dockerfile(tmp_path)
    assert found == Dockerfile(left_out=found.left_out)
    assert told(tmp_path) == ["1 FROM", f"2 {line.split(maxsplit=1)[0]}"]


def test_a_stage_that_begins_with_another_one_has_its_packages(tmp_path: Path) -> None:
    """Under the name that the other one was given, in any letters."""
    stages = "FROM odoo:19 AS Base\nRUN apt-get -q install -y antiword\nFROM base AS more\nRUN apt install hello\n"
    (tmp_path / "Dockerfile").write_text(f"{stages}FROM odoo:19\nRUN apt install curl\nFROM more\n")
    assert read_dockerfile(tmp_path).packages == ("antiword", "hello")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("COPY requirements.txt .", "requirements.txt"), ("COPY requirements.txt /tmp/of", None),
        ("COPY . /app", "requirements.txt"), ("COPY requirements /app", None),
    ],
)  # fmt: skip
def test_requirements_are_found_where_a_copy_put_them(tmp_path: Path, lines: str, found: str | None) -> None:
    """In the folder of WORKDIR, by what an earlier line copied; the repository's file is installed."""
    repository(tmp_path, f"FROM odoo:19\nWORKDIR /app\n{lines}\nRUN pip install -r requirements.txt\n")
    assert read_dockerfile(tmp_path).requirements == ((tmp_path / found,) if found else ())


def test_files_and_folders_stand_where_docker_puts_them(tmp_path: Path) -> None:
    """What is in a folder stands in the place; a file has its own name in a folder, or that of the place."""
    repository(
        tmp_path,
        "FROM x\nCOPY fonts /usr/share/fonts/a\nCOPY fonts/a.ttf /usr/share/fonts\nWORKDIR /usr/local/share/fonts\n"
        "COPY fonts/a.ttf requirements.txt here\nCOPY fonts/a.ttf other.ttf\n",
    )
    assert places(tmp_path) == {
        "/usr/share/fonts/a": "fonts",
        "/usr/share/fonts/a.ttf": "fonts/a.ttf",
        "/usr/local/share/fonts/here/a.ttf": "fonts/a.ttf",
        "/usr/local/share/fonts/here/requirements.txt": "requirements.txt",
        "/usr/local/share/fonts/other.ttf": "fonts/a.ttf",
    }


def test_links_stand_in_no_image(tmp_path: Path) -> None:
    """One that stays in the repository leads elsewhere in an image: a second COPY would write through it."""
    repository(tmp_path, "FROM x\nCOPY a /usr/share/fonts/\nCOPY fonts/a.ttf /usr/share/fonts/deep/link/python3\n")
    (tmp_path / "a/deep").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "a/deep/link").symlink_to("../../bin")
    assert not read_dockerfile(tmp_path).copies[1:]
    assert told(tmp_path)[:2] == ["1 FROM", "2 COPY"]


def test_a_pattern_goes_through_no_link(tmp_path: Path) -> None:
    """Links to the folder around them would double the paths with each part of the pattern."""
    repository(tmp_path, f"FROM x\nCOPY {'*/' * 6}*.ttf /usr/share/fonts/\n")
    for name in "abcdefgh":
        (tmp_path / name).symlink_to(".")
    with pytest.raises(BadInput, match=r"^Dockerfile:2: COPY names [*/]+\.ttf, which the repository does not have"):
        read_dockerfile(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY */[of]?/*.ttf fonts/?.ttf /usr/share/fonts/\n")
    assert sorted(places(tmp_path).values()) == ["fonts/a.ttf", "fonts/b.ttf", "fonts/of/c.ttf"]


def test_many_files_of_a_pattern_are_not_copied(tmp_path: Path) -> None:
    """Their folder is one name instead."""
    repository(tmp_path, "FROM x\nCOPY fonts/* /usr/share/fonts/\n")
    for number in range(200):
        (tmp_path / f"fonts/{number}").touch()
    assert not read_dockerfile(tmp_path).copies
    assert told(tmp_path) == ["1 FROM", "2 COPY"]


@pytest.mark.parametrize(
    ("what", "dockerfile", "line"),
    [
        ("instructions", "FROM x\nUSER a\nUSER b\nUSER c\n", 4),
        ("stages", "FROM x as a\nFROM a\nFROM a\nFROM a\n", 4),
        ("copied files", "FROM x as a\nCOPY fonts/* requirements.txt /bin/\nFROM a\nCOPY fonts /bin\n", 2),
        ("copied files", "FROM x as a\nCOPY fonts /bin/\nFROM a\nCOPY fonts/?.ttf requirements.txt /bin/\n", 4),
        ("names of packages", "FROM x\nRUN apt-get install a2 b2 && pip install c d\n", 2),
        ("names of packages", "FROM x\nRUN pip install a b c\nFROM x\nRUN pip install a\n", 4),
        ("requirements files", "FROM x\nRUN pip install -r a -r b -r c -r d\n", 2),
        ("files looked at", "FROM x\nCOPY */* /bin/\n", 2),
        ("files looked at", "FROM x\nCOPY fonts /usr/share/fonts/\n", 2),
    ],
)
def test_what_costs_much_to_read_is_refused_with_its_line(
    tmp_path: Path, what: str, dockerfile: str, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all stages together: a thousand of them may begin with one that copies much."""
    monkeypatch.setitem(limits.MOST, what, 3)
    with pytest.raises(BadInput, match=f"^Dockerfile:{line}: more than 3 {what}$") as refused:
        read_dockerfile(repository(tmp_path, dockerfile))
    assert "ODOOOPS_DOCKER_IMAGE" in str(refused.value.hint)


def test_a_folder_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines copy it."""
    monkeypatch.setitem(limits.MOST, "files looked at", 5)
    lines = "".join(f"COPY fonts /usr/share/fonts/{number}\n" for number in range(9))
    assert len(read_dockerfile(repository(tmp_path, f"FROM x\n{lines}")).copies) == 9


def test_a_stage_takes_nothing_back_into_the_one_that_it_begins_with(tmp_path: Path) -> None:
    """Two stages that begin with the same one do not have what the other adds."""
    added = "RUN apt install hello && pip install a\nENV A=b\nCOPY fonts /usr/share/fonts/\nWORKDIR /more\n"
    repository(tmp_path, f"FROM x AS a\nUSER b\nFROM a AS b\n{added}FROM a\n")
    found = read_dockerfile(tmp_path)
    assert found == Dockerfile(left_out=found.left_out)
    assert told(tmp_path) == ["1 FROM", "2 USER", "8 FROM"]


def test_an_instruction_goes_on_after_an_empty_line(tmp_path: Path) -> None:
    """As Docker has it, with a warning of its own; the numbers of lines stay."""
    lines = "FROM x\nRUN apt-get install \\\n\n  \n# fonts\n    hello \\\n\n    antiword\n\nUSER a\n"
    assert read_dockerfile(repository(tmp_path, lines)).packages == ("antiword", "hello")
    assert told(tmp_path) == ["1 FROM", "10 USER"]


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3000, "a\0b", "*/" + "a" * 300, "fonts/" + "/".join("[a" * 500)])
def test_a_name_that_no_file_can_have_is_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    """And no error of the machine's."""
    repository(tmp_path, f"FROM x\nCOPY {name} /usr/share/fonts/\n")
    with pytest.raises(BadInput, match=r"(?s)^Dockerfile:2: COPY names .*, which the repository does not have"):
        read_dockerfile(tmp_path)
    (tmp_path / "Dockerfile").write_text(f"FROM x\nCOPY fonts /a\nRUN pip install -r /a/{name}\n")
    assert told(tmp_path) == ["1 FROM", "2 COPY", "3 RUN"]


def test_git_s_own_files_and_others_than_the_commit_s_are_not_copied(tmp_path: Path) -> None:
    """What git keeps may have an address with a password."""
    repository(tmp_path, "FROM x\nCOPY .git/config /usr/share/fonts/\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("s3cr3t")
    with pytest.raises(BadInput, match=r"^Dockerfile:2: COPY names \.git/config, which the repository does not have"):
        read_dockerfile(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM x\nCOPY out /usr/share/fonts/\n")
    (tmp_path / "out").symlink_to("/etc")
    with pytest.raises(BadInput, match=r"^Dockerfile:2: COPY names out"):
        read_dockerfile(tmp_path)


def test_what_is_no_file_of_the_repository_is_not_read(tmp_path: Path) -> None:
    """A link would show lines of the machine's."""
    (tmp_path / "secret").write_text("FROM s3cr3t")
    (tmp_path / "Dockerfile").symlink_to(tmp_path / "secret")
    with pytest.raises(BadInput, match="no plain file"):
        read_dockerfile(tmp_path)


@pytest.mark.parametrize("lines", [["# escape=`"], ["#syntax=docker/dockerfile:1", "#  Escape = `  "]])
def test_another_escape_character_is_refused_with_its_line(tmp_path: Path, lines: list[str]) -> None:
    """A line that ends in a backslash is whole there, and another one goes on: something else would be read."""
    written = [*lines, "FROM debian", r"ENV FOLDER=c:\odoo" + "\\", "RUN apt-get install -y git"]
    (tmp_path / "Dockerfile").write_text("\n".join(written))
    with pytest.raises(BadInput, match=f"^Dockerfile:{len(lines)}: .*after a backslash"):
        read_dockerfile(tmp_path)


@pytest.mark.parametrize(
    "first", ["# escape=\\", "# a comment\n# escape=`", "\n# escape=`", "ARG A\n# escape=`", "# escape is `"]
)
def test_what_docker_takes_for_a_comment_changes_nothing(tmp_path: Path, first: str) -> None:
    """After a comment, an empty line or an instruction no line is a directive any more."""
    (tmp_path / "Dockerfile").write_text(f"{first}\nFROM debian\nRUN apt-get install -y \\\n    git\n")
    assert read_dockerfile(tmp_path).packages == ("git",)
