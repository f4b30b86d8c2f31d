"""The commands of README.md, as somebody types them who reads it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(heading: str) -> list[str]:
    """Return the blocks of commands below the heading, up to the next one."""
    text = (ROOT / "README.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [found[1] for found in re.finditer(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)]


def typed(commands: str, environment: Mapping[str, str], *, answer: str = "") -> str:
    """Type the commands into a shell in the project's folder, and return what they print; each has to succeed."""
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", commands],
        cwd=ROOT,
        env=dict(environment),
        input=answer,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
