"""Downloads Odoo from Debian's archive with a separate apt configuration.

apt checks signatures as usual; the machine's own sources, lists and cache are not changed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from odooops_dagster.child_environment import APT, NETWORK
from odooops_dagster.errors import MissingDependency
from odooops_dagster.files import locked
from odooops_dagster.tools.odoo import series as odoo_series
from odooops_dagster.tools.odoo.programs import ProgramFailed, Progress, run_program

APT_INHERITS = (NETWORK, APT)
DEFAULT_MIRROR = "http://deb.debian.org/debian"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Odoo's package is in unstable first, and in testing only after it migrates.
_SUITE = "unstable"
_SNAPSHOTS = "http://snapshot.debian.org/archive/debian"
_DOWNLOAD = re.compile(r"^dlstatus:\d+:(?P<percent>[\d.]+):")
# apt-cache ends with this for a name that no package has or refers to: ShowPackage in apt-private/private-show.cc.
_NO_SUCH_NAME = "E: No packages found"
# The package's static files link into these packages; without them pages lack jquery, icons and fonts.
_LINKED_PACKAGES = re.compile(r"^(libjs-|fonts-(roboto|montserrat|inconsolata|font-awesome|ocr-b))")


@dataclass(frozen=True, kw_only=True)
class DebianOdoo:
    """An unpacked Odoo package: its root folder and version."""

    root: Path
    version: str


class _NotThere(MissingDependency):
    """The archive answers and does not have the series."""


def installed_packages() -> frozenset[str]:
    """Return the names of the machine's Debian packages and what these provide; empty on another system."""
    if shutil.which("dpkg-query") is None:
        return frozenset()
    lines = run_program(["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}, ${Provides}\n"])
    told = [names for state, _, names in (line.partition("\t") for line in lines) if state == "installed"]
    # A name may carry its version or architecture: libc-dev (= 2.41), python3:any.
    return frozenset(re.split(r"[ :(]", name.strip())[0] for names in told for name in names.split(","))


def may_have(series: str) -> bool:
    """Return whether Debian can serve the series: it packaged it, and this machine can unpack the package."""
    try:
        _require_tools()
    except MissingDependency:
        return False
    return odoo_series.series(series).debian_snapshot is not None


def unpack_odoo(series: str, *, into: Path, work: Path, lists: Path, progress: Progress) -> DebianOdoo:
    """Download the series' package and the packages it links to, and unpack them below `into`.

    Debian's unstable keeps one version. When it has moved on, the package comes from Debian's archive of snapshots.
    The package lists stay in `lists`, so that the next try asks only whether they have changed.

    Raises:
        MissingDependency: a tool or the keyring is missing, the archive does not answer, or it lacks the package.
    """
    _require_tools()
    moment = odoo_series.series(series).debian_snapshot
    try:
        with locked(
            lists.with_name(f"{lists.name}.lock"), on_wait=lambda: progress("Debian: waiting for its package lists")
        ):
            return _unpack_from(_mirror(), series, into=into, work=work / "unstable", lists=lists, progress=progress)
    except _NotThere as exc:
        if moment is None:
            raise
        progress(f"{exc}; looking in Debian's snapshot of {moment}")
        snapshot, work = f"{_SNAPSHOTS}/{moment}", work / "snapshot"
        return _unpack_from(snapshot, series, into=into, work=work, lists=work / "lists", progress=progress)


def _unpack_from(mirror: str, series: str, *, into: Path, work: Path, lists: Path, progress: Progress) -> DebianOdoo:
    package = f"odoo-{series.split('.', maxsplit=1)[0]}"
    apt = _Apt(work, mirror=mirror, lists=lists)
    try:
        progress(f"Debian: reading the package lists of {apt.mirror} {_SUITE}")
        apt.update()
        version, depends = apt.show(package)
        if not version.startswith(f"{series}."):
            raise _NotThere(f"Debian's {package} is {version}, not {series}")
        names = [package, *(name for name in depends if _LINKED_PACKAGES.match(name))]
        progress(f"Debian: downloading {package} {version} and {len(names) - 1} packages it links to")
        files = apt.download(names, on_percent=lambda percent: progress(f"Debian: downloading {package} {percent}%"))
        progress(f"Debian: unpacking {package} {version}")
        for file in files:
            run_program(["dpkg-deb", "--extract", str(file), str(into)])
            file.unlink()
    except ProgramFailed as exc:
        raise MissingDependency(f"Debian's archive gave no {package}: {_reason(exc)}") from exc
    return DebianOdoo(root=into, version=version)


def _require_tools() -> None:
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise MissingDependency(f"no {', '.join(missing)} on this machine")
    if not _KEYRING.is_file():
        raise MissingDependency(
            f"no {_KEYRING}, so Debian's signatures cannot be checked", hint="apt install debian-archive-keyring"
        )


def _mirror() -> str:
    """Return the Debian mirror in the machine's own apt sources, or the public default."""
    try:
        lines = run_program(["apt-get", "indextargets", "--format", "$(REPO_URI)"], inherits=APT_INHERITS)
    except ProgramFailed:
        return DEFAULT_MIRROR
    uris = (line.strip().rstrip("/") for line in lines)
    return next((uri for uri in uris if uri.endswith("/debian")), DEFAULT_MIRROR)


def _reason(failed: ProgramFailed) -> str:
    errors = [line for line in failed.lines if line.startswith("E:")]
    return errors[0].removeprefix("E:").strip() if errors else str(failed)


class _Apt:
    """apt with its own sources and cache in one folder, and with its own lists."""

    def __init__(self, folder: Path, *, mirror: str, lists: Path) -> None:
        self.mirror = mirror
        self._downloads = folder / "downloads"
        for path in (lists / "partial", folder / "cache" / "archives" / "partial", self._downloads):
            path.mkdir(parents=True, exist_ok=True)
        sources = folder / "odooops.sources"
        sources.write_text(f"Types: deb\nURIs: {mirror}\nSuites: {_SUITE}\nComponents: main\nSigned-By: {_KEYRING}\n")
        config = folder / "apt.conf"
        config.write_text(_config(folder, sources, lists))
        self._options = ("-c", str(config))

    def update(self) -> None:
        run_program(["apt-get", *self._options, "--error-on=any", "update"], inherits=APT_INHERITS)

    def show(self, package: str) -> tuple[str, list[str]]:
        """Return the candidate's version and the names of its dependencies."""
        argv = ["apt-cache", *self._options, "show", "--no-all-versions", package]
        try:
            lines = run_program(argv, inherits=APT_INHERITS)
        except ProgramFailed as exc:
            if _NO_SUCH_NAME not in exc.lines:
                raise
            raise _NotThere(f"Debian's {_SUITE} has no {package}") from exc
        fields = dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" "))
        depends = re.findall(r"(?:^|[,|]\s*)([a-z0-9][a-z0-9+.-]*)", fields.get("Depends", ""))
        if "Version" not in fields:  # apt-cache succeeds and prints nothing for a name that others only refer to
            raise _NotThere(f"Debian's {_SUITE} has no {package}")
        return fields["Version"], depends

    def download(self, packages: Sequence[str], *, on_percent: Callable[[int], None]) -> list[Path]:
        """Download the packages, checked against the signed lists, and report the progress in steps of 10 %."""
        seen = 0

        def heard(line: str) -> None:
            nonlocal seen
            match = _DOWNLOAD.match(line)
            if match and (percent := int(float(match["percent"]))) >= seen + 10:
                seen = percent - percent % 10
                on_percent(seen)

        # `download` writes into the current folder, and we must not change ours because of other threads.
        argv = ["env", f"--chdir={self._downloads}", "apt-get", *self._options, "-o", "APT::Status-Fd=1"]
        run_program([*argv, "download", *packages], inherits=APT_INHERITS, on_line=heard)
        return sorted(self._downloads.glob("*.deb"))


def _config(folder: Path, sources: Path, lists: Path) -> str:
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": lists,
        "Dir::Cache": folder / "cache",
        # Snapshots and mirrors of unstable may have an expired Release file; its signature is still checked.
        "Acquire::Check-Valid-Until": "false",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # apt's own user may be unable to write in our folder.
        "APT::Sandbox::User": "root",
    }
    hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success")
    lines = [f'{name} "{value}";' for name, value in settings.items()] + [f"#clear {name};" for name in hooks]
    return "\n".join(lines) + "\n"
