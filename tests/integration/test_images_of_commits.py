"""Images of commits: made of folders, pushed, signed, and verified before anything runs in them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from odooops_dagster.errors import BadInput, Forbidden, StepFailed, Unavailable
from odooops_dagster.model import Job, Sandbox
from odooops_dagster.tools.odoo.debian_tree import BasePackages, unpack_packages
from odooops_dagster.tools.registry.cosign import attest, sign
from odooops_dagster.tools.registry.images import Engine as Images
from odooops_dagster.tools.registry.layer import Layer
from tests.conftest import missing
from tests.docker_engine import IMAGE, Engine
from tests.image_shop import Commit, Open, Shop, commit, digest_of, login, new_key, opened, programs, shop
from tests.registries import Registry

__all__ = ["commit", "login", "opened", "programs", "shop"]

pytestmark = [pytest.mark.docker, pytest.mark.root, pytest.mark.timeout(600)]

ACCOUNT = 61004
READ = "from pathlib import Path; import sys; print(*(Path(word).read_text() for word in sys.argv[1:]))"


def job(folder: Path, commit: Commit, *, image: str) -> Job:
    """Return a job that reads both folders, of which none is mounted."""
    own = folder / "own"
    own.mkdir(exist_ok=True)
    os.chown(own, ACCOUNT, ACCOUNT)
    argv = ("/usr/bin/python3", "-I", "-S", "-c", READ, str(commit.packages / "name"), str(commit.source / "code"))
    sandbox = Sandbox(writable=(own,), home=own, uid=ACCOUNT, image=image)
    return Job(name="read", argv=argv, cwd=own, log_path=folder / "job.log", sandbox=sandbox)


def test_a_commit_runs_from_its_image_alone(
    engine: Engine, shop: Shop, opened: Open, commit: Commit, tmp_path: Path
) -> None:
    """Pulled by digest by an engine that has it no longer; the program reads what it was given, no folder of ours."""
    *_, made = layers = commit.layers("1")
    image = shop.push(layers, "shop", "abc", "20261129")
    registry = shop.registry
    assert registry.tags("shop") == ["20261129", "abc"]
    for each in (image, f"{registry.host}/shop:abc", f"{registry.host}/shop:20261129", f"odooops/layer:{made.name}"):
        engine.client.images.remove(each, force=True)
    commit.source.joinpath("code").write_text("changed since")
    done = opened(None).execute(job(tmp_path, commit, image=image))
    assert (done.exit_status, done.log_path.read_text().strip()) == (0, "packages of 1")


def test_a_change_of_code_sends_its_own_layer_alone(shop: Shop, commit: Commit) -> None:
    """The layers below are found again, not made again."""
    digests = [shop.push(commit.layers(version), "layers", version) for version in ("1", "2")]
    first, second = (
        [layer["digest"] for layer in shop.registry.manifest("layers", each.partition("@")[2])["layers"]]
        for each in digests
    )
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]


def test_what_is_not_signed_by_the_key_does_not_run(shop: Shop, opened: Open, commit: Commit, tmp_path: Path) -> None:
    """Unsigned, signed by another, named by a tag, or the base itself: no container is made of it."""
    ours, other = new_key(tmp_path / "ours"), new_key(tmp_path / "other")
    image = shop.push(commit.layers("1"), "signed", "abc")
    runtime = opened(ours.with_name("cosign.pub"))
    reading = job(tmp_path, commit, image=image)
    with pytest.raises(Forbidden, match="is not signed by"):
        runtime.execute(reading)
    sign(image, shop.signer(other))
    with pytest.raises(Forbidden, match="is not signed by"):
        runtime.execute(reading)
    for unnamed in (f"{shop.registry.host}/signed:abc", ""):
        with pytest.raises(BadInput, match="names no digest"):
            runtime.execute(job(tmp_path, commit, image=unnamed))
    assert not (tmp_path / "job.log").read_text()
    attest(image, {"bomFormat": "CycloneDX", "specVersion": "1.6"}, shop.signer(ours), kind="cyclonedx")
    sign(image, shop.signer(ours))
    assert runtime.execute(reading).exit_status == 0
    with pytest.raises(StepFailed, match="cosign sign"):
        sign(image, replace(shop.signer(ours), password="wrong"))


def test_copied_files_stand_in_the_image_and_lead_nowhere(
    shop: Shop, opened: Open, commit: Commit, tmp_path: Path
) -> None:
    """All can read them; no link of theirs is a way to the Python that the launcher is, nor is git's own there."""
    fonts = tmp_path / "fonts"
    (fonts / ".git").mkdir(parents=True)
    (fonts / ".git/config").write_text("s3cr3t")
    (fonts / "a.ttf").write_text("a font")
    (fonts / "way").symlink_to("../../../../usr/bin")
    for path, mode in ((fonts / "a.ttf", 0o600), (fonts, 0o700)):
        path.chmod(mode)
    place = PurePosixPath("/usr/local/share/acme")
    placed = ((fonts, place), (fonts / "a.ttf", place / "way/python3"))
    layer = Layer(name=digest_of("copied", fonts), paths=(), placed=placed)
    image = shop.push((layer, *commit.layers("1")), "copied", "1")
    looked = "import os; print(*sorted(os.listdir(ROOT)), open(ROOT + '/a.ttf').read(), os.path.isdir(ROOT + '/way'))"
    argv = ("/usr/bin/python3", "-I", "-S", "-c", looked.replace("ROOT", repr(str(place))))
    done = opened(None).execute(replace(job(tmp_path, commit, image=image), argv=argv))
    assert (done.exit_status, done.log_path.read_text().strip()) == (0, "a.ttf way a font True")


def test_a_registry_that_knows_nobody_gets_nothing(
    engine: Engine, registry: Registry, commit: Commit, tmp_path: Path
) -> None:
    """The registry's own refusal, with what to do."""
    (tmp_path / "config.json").write_text("{}")
    images = Images(engine.url, login=tmp_path)
    with pytest.raises(StepFailed, match="the registry refused"):
        images.push(images.stack(IMAGE, commit.layers("9")), f"{registry.host}/nobody", ("abc",))
    images.close()


def test_debian_packages_become_a_layer_and_no_script_of_theirs_runs(
    shop: Shop, opened: Open, commit: Commit, tmp_path: Path
) -> None:
    """With what the base lacks, below the packages and the source; a name that Debian has not is told."""
    base = BasePackages(files=shop.images.read(IMAGE, ["/etc/apt/sources.list", "/var/lib/dpkg/status"]))
    assert b"bookworm" in base.files["/etc/apt/sources.list"]
    tree = tmp_path / "tree"
    tree.mkdir()
    try:
        versions = unpack_packages(["hello"], base=base, into=tree, work=tmp_path / "work", progress=print)
    except Unavailable as exc:
        missing(str(exc))
    assert any(each.startswith("hello ") for each in versions)
    assert not {"bin", "lib", "run", "tmp"} & {path.name for path in tree.iterdir()}, "no link of the base is hidden"
    debian = Layer(name=digest_of("hello", tree), paths=tuple(sorted(tree.iterdir())), root=tree)
    image = shop.push((debian, *commit.layers("1")), "debian", "1")
    greeting = job(tmp_path, commit, image=image)
    words = ("/usr/bin/python3", "-I", "-S", "-c", "import os; os.execv('/usr/bin/hello', ['hello'])")
    done = opened(None).execute(replace(greeting, argv=words))
    assert (done.exit_status, done.log_path.read_text().strip()) == (0, "Hello, world!")
    assert opened(None).execute(job(tmp_path, commit, image=image)).exit_status == 0
    with pytest.raises(BadInput, match="has no package no-such-thing"):
        unpack_packages(["no-such-thing"], base=base, into=tree, work=tmp_path / "again", progress=print)
