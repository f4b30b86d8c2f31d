"""A Podman of the tests' own that answers Docker's API: its own storage and socket, nothing of the machine's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.docker_engine import Engine, base_image

# Changes the definition of a container on its way to runc.
_LOWER = """
import json, resource, sys
definition = json.load(sys.stdin)
for limit in definition["process"]["rlimits"]:
    most = resource.getrlimit(getattr(resource, limit["type"]))[1]
    if most != resource.RLIM_INFINITY:
        limit.update(hard=min(limit["hard"], most), soft=min(limit["soft"], most))
json.dump(definition, sys.stdout)
"""


class Podman(Engine):
    """An engine whose containers are nobody's children: ended, it leaves those that run."""

    program = "podman"
    needs: tuple[tuple[str, str], ...] = (("podman", "podman"), ("runc", "runc"))

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._write_hooks(folder / "hooks")
        (folder / "containers.conf").write_text(_containers_conf(folder))
        (folder / "storage.conf").write_text(_storage_conf(folder))
        (folder / "registries.conf").write_text('[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n')  # no TLS

    def _write_hooks(self, folder: Path) -> None:
        _write_hook(folder)

    def _argv(self) -> list[str]:
        return ["podman", "system", "service", "--time=0", self.url]

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        files = {"": "containers", "STORAGE_": "storage", "REGISTRIES_": "registries"}
        named = {f"CONTAINERS_{name}CONF": str(folder / f"{file}.conf") for name, file in files.items()}
        return {**super()._environment(), **named}

    def load_base(self, name: str, *, changes: list[str] | None = None) -> None:
        """Make the base image; Podman 4.3 reads the tag in the repository's name alone."""
        self.client.api.import_image_from_file(str(base_image()), repository=name, changes=changes)


class RootlessPodman(Podman):
    """An engine of an ordinary user: root of its containers is that user, and other accounts are its subordinates."""

    needs: tuple[tuple[str, str], ...] = (("podman", "podman"), ("runc", "runc"), ("newuidmap", "uidmap"))
    is_root_s = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "xdg").mkdir(mode=0o700)

    def _write_hooks(self, folder: Path) -> None:
        """Write none: such an engine leaves the limits as they are."""
        folder.mkdir()

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "XDG_RUNTIME_DIR": str(self._folder / "xdg")}

    def give(self, folder: Path, account: int) -> None:
        """Give a folder to an account of containers; everybody may write in it, the user among them."""
        self._as_containers_root("chown", f"{account}:{account}", str(folder))
        self._as_containers_root("chmod", "777", str(folder))

    def remove_folder(self) -> None:
        """Remove the engine's folder, whose files belong to many accounts."""
        self._as_containers_root("rm", "-rf", str(self._folder))

    def _as_containers_root(self, *words: str) -> None:
        subprocess.run(["podman", "unshare", *words], env=self._environment(), check=True)


def _containers_conf(folder: Path) -> str:
    """Return the configuration of an engine that no systemd keeps.

    runc, since crun 1.8 refuses the two hierarchies of cgroups that some machines still have at once.
    """
    return f"""\
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
hooks_dir = ["{folder}/hooks"]
"""


def _storage_conf(folder: Path) -> str:
    return f"""\
[storage]
driver = "overlay"
graphroot = "{folder}/data"
runroot = "{folder}/run"
"""


def _write_hook(folder: Path) -> None:
    """Give no container higher limits than ours: Podman wants a million, and root may lack CAP_SYS_RESOURCE here."""
    folder.mkdir()
    program = folder / "lower"
    program.write_text(f"#!{sys.executable}\n{_LOWER}")
    program.chmod(0o755)
    hook = {"version": "1.0.0", "hook": {"path": str(program)}, "when": {"always": True}, "stages": ["precreate"]}
    (folder / "lower.json").write_text(json.dumps(hook))
