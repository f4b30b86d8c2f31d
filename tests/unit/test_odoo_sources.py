"""Where Odoo's files come from; stand-ins, since no source of Odoo 16.0 to 18.0 can be had where these tests run."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from odooops_dagster.errors import BadInput, MissingDependency
from odooops_dagster.tools.odoo import debian, distribution, own_packages, sources
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.programs import ProgramFailed
from tests.repositories import run_git
from tests.unit.test_odoo_install import make_tree


def make_download(folder: Path, *, series: str) -> Path:
    """Write what tells Odoo's own download: no odoo-bin, and every addon below odoo/addons."""
    (folder / "odoo" / "addons" / "base").mkdir(parents=True)
    (folder / "setup").mkdir()
    (folder / "setup" / "odoo").write_text("#!/usr/bin/env python3\n")
    (folder / "odoo" / "release.py").write_text(f"version_info = ({series.replace('.', ', ')}, 0, FINAL, 0, '')\n")
    return folder


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """Return a repository with a branch 17.0 that looks like Odoo's."""
    tree = make_tree(tmp_path / "origin", series="17.0")
    for name in ("addons/x", "odoo/addons/base/x"):
        (tree / name).touch()
    run_git(tree, "init", "--quiet", "--initial-branch=17.0")
    run_git(tree, "add", "--all")
    run_git(tree, "commit", "--quiet", "--message=Odoo")
    return tree


def install(home: Path, origin: Path, *, said: list[str]) -> distribution.Installation:
    """Install 17.0 on a machine on which Debian has none."""

    def refuse(*_: object, **__: object) -> None:
        raise MissingDependency("Debian's unstable has no odoo-17")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(debian, "unpack_odoo", refuse)
        patch.setattr(own_packages, "require_python", lambda _series: None)
        return distribution.install("17.0", home=home, git_url=f"file://{origin}", progress=said.append)


def test_a_folder_per_series_gives_each_its_own(tmp_path: Path) -> None:
    """A series that has no folder there comes from elsewhere."""
    make_tree(tmp_path / "17.0", series="17.0")
    make_download(tmp_path / "18.0", series="18.0")
    assert sources.folder_of("17.0", tmp_path) == tmp_path / "17.0"
    assert sources.folder_of("18.0", tmp_path) == tmp_path / "18.0"
    assert sources.folder_of("19.0", tmp_path) is None
    assert sources.folder_of("19.0", None) is None


def test_a_folder_of_one_series_is_that_series_only(tmp_path: Path) -> None:
    """It is named for every project, so the mistake is told."""
    tree = make_tree(tmp_path / "odoo", series="17.0")
    assert sources.folder_of("17.0", tree) == tree
    with pytest.raises(BadInput, match=r"holds Odoo 17\.0, not 19\.0"):
        sources.folder_of("19.0", tree)
    make_tree(tmp_path / "many" / "18.0", series="16.0")
    with pytest.raises(BadInput, match=r"holds Odoo 16\.0, not 18\.0"):
        sources.folder_of("18.0", tmp_path / "many")


def test_odoos_own_download_is_a_source(tmp_path: Path) -> None:
    """Its program is setup/odoo, and its addons are found."""
    tree = make_download(tmp_path / "odoo-17.0.post20261101", series="17.0")
    assert sources.layout(tree) == (tree / "setup" / "odoo", tree)


def test_a_clone_is_kept_when_a_later_step_fails(tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next try fetches what is new into it, and nothing is left beside the installation."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("the package index does not answer")

    monkeypatch.setattr(own_packages, "install_pins", fail)
    said: list[str] = []
    with pytest.raises(OSError, match="does not answer"):
        install(tmp_path, origin, said=said)
    (spare,) = (tmp_path / "odoo").glob(".*.clone")
    inode = (spare / "odoo-bin").stat().st_ino
    (origin / "addons" / "new").touch()
    run_git(origin, "add", "--all")
    run_git(origin, "commit", "--quiet", "--message=news")
    monkeypatch.setattr(own_packages, "install_pins", lambda *_, **__: None)
    found = install(tmp_path, origin, said=said)
    assert (found.origin, found.revision) == ("git", run_git(origin, "rev-parse", "--short=12", "HEAD"))
    assert found.script.stat().st_ino == inode
    assert (found.path / "addons" / "new").is_file()
    assert sum("cloning" in line for line in said) == 1
    assert not list((tmp_path / "odoo").glob(".*.clone"))


def test_a_clone_serves_while_the_repository_is_silent(
    tmp_path: Path, origin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is better than nothing."""
    monkeypatch.setattr(own_packages, "install_pins", lambda *_, **__: None)
    spare = tmp_path / "odoo" / ".17.0.clone"
    spare.parent.mkdir()
    run_git(tmp_path, "clone", "--quiet", str(origin), str(spare))
    said: list[str] = []
    found = install(tmp_path, tmp_path / "gone", said=said)
    assert found.script.is_file()
    assert any("used as it is" in line for line in said)


class Archive:
    """Stands in for apt and dpkg: an archive that has packages at some moments of Debian's unstable."""

    def __init__(self, packages: dict[str, str], *, only_in: str) -> None:
        self.packages = packages
        self.only_in = only_in
        self.asked: list[str] = []
        self.lists: set[Path] = set()

    def run(self, argv: list[str], **_: object) -> tuple[str, ...]:
        """Answer as the programs do: `apt-cache show` of a name without a package succeeds and prints nothing."""
        if argv[0] == "apt-cache":
            sources = (Path(argv[argv.index("-c") + 1]).parent / "odooops.sources").read_text()
            self.asked.append(sources.split("URIs: ")[1].split("\n")[0])
            version = self.packages.get(argv[-1])
            return (f"Version: {version}", "Depends: libjs-jquery") if version and self.only_in in sources else ()
        if argv[-1] == "update":
            settings = Path(argv[argv.index("-c") + 1]).read_text()
            self.lists.add(Path(settings.split('Dir::State::lists "')[1].split('"')[0]))
        if argv[0] == "env":
            folder = Path(argv[1].partition("=")[2])
            for name in argv[argv.index("download") + 1 :]:
                (folder / f"{name}.deb").touch()
        if argv[0] == "dpkg-deb":
            (Path(argv[-1]) / Path(argv[-2]).stem).mkdir(parents=True)
        return ()


def unpack(series: str, archive: Archive, folder: Path) -> debian.DebianOdoo:
    """Ask the archive for the series' package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(debian, "_require_tools", lambda: None)
        patch.setattr(debian, "_mirror", lambda: "http://mirror/debian")
        patch.setattr(debian, "run_program", archive.run)
        return debian.unpack_odoo(
            series, into=folder / "root", work=folder / "work", lists=folder / "lists", progress=lambda _line: None
        )


def test_a_series_that_cannot_be_had_is_said_before_its_packages_are_there(tmp_path: Path) -> None:
    """The Python packages of Odoo take longer than the answer, and nobody needs them then."""

    def collect_for_ever(_venv: Path, *, series: str, progress: Callable[[str], None]) -> None:
        while series:
            progress("collecting")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_packages, "install_pins", collect_for_ever)
        with pytest.raises(MissingDependency, match="cannot be had"):
            install(tmp_path / "home", tmp_path / "nowhere", said=[])


def test_the_package_lists_of_debian_are_kept_for_the_next_try(tmp_path: Path) -> None:
    """Apt asks only whether they have changed, also for another series."""
    archive = Archive({"odoo-19": "19.0.0+dfsg-1"}, only_in="")
    for series in ("17.0", "18.0"):
        with pytest.raises(MissingDependency):
            unpack(series, archive, tmp_path)
    assert archive.lists == {tmp_path / "lists"}


def test_a_series_that_debian_has_not_is_said_so(tmp_path: Path) -> None:
    """Git is tried next, and the message has the reason."""
    archive = Archive({"odoo-19": "19.0.0+dfsg-1"}, only_in="")
    with pytest.raises(MissingDependency, match=r"^Debian's unstable has no odoo-17$"):
        unpack("17.0", archive, tmp_path)
    assert archive.asked == ["http://mirror/debian"]


def test_a_name_that_debian_does_not_know_is_a_package_it_has_not(tmp_path: Path) -> None:
    """Apt fails for a name that nothing refers to; the snapshots are asked then too."""

    class Strange(Archive):
        def run(self, argv: list[str], **options: object) -> tuple[str, ...]:
            answer = super().run(argv, **options)
            if argv[0] == "apt-cache" and not answer:
                raise ProgramFailed("apt-cache", exit_status=100, lines=["E: No packages found"])
            return answer

    with pytest.raises(MissingDependency, match=r"^Debian's unstable has no odoo-18$"):
        unpack("18.0", Strange({}, only_in=""), tmp_path / "18")
    archive = Strange({"odoo-19": "19.0.0+dfsg-1"}, only_in="snapshot.debian.org")
    assert unpack("19.0", archive, tmp_path / "19").version == "19.0.0+dfsg-1"


def test_a_series_that_unstable_dropped_comes_from_the_snapshot_that_had_it(tmp_path: Path) -> None:
    """Unstable keeps one version of Odoo."""
    archive = Archive({"odoo-19": "19.0.0+dfsg-1"}, only_in="snapshot.debian.org")
    assert unpack("19.0", archive, tmp_path).version == "19.0.0+dfsg-1"
    moment = odoo_series.series("19.0").debian_snapshot
    assert archive.asked == ["http://mirror/debian", f"http://snapshot.debian.org/archive/debian/{moment}"]
    assert sorted(path.name for path in (tmp_path / "root").iterdir()) == ["libjs-jquery", "odoo-19"]


def test_what_unstable_has_comes_from_there(tmp_path: Path) -> None:
    """The snapshots are slow, and not asked in vain."""
    archive = Archive({"odoo-19": "19.0.1+dfsg-1"}, only_in="")
    assert unpack("19.0", archive, tmp_path).version == "19.0.1+dfsg-1"
    assert archive.asked == ["http://mirror/debian"]


def test_an_odoo_that_does_not_run_on_this_python_is_refused_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after two gigabytes, by a package that cannot be built."""
    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("3", "13", "1"))
    monkeypatch.setattr(debian, "unpack_odoo", pytest.fail)
    with pytest.raises(
        MissingDependency, match=r"^Odoo 16\.0 runs on Python 3\.11, and this platform on Python 3\.13$"
    ):
        distribution.install("16.0", home=tmp_path)
