"""Print a page to PDF with the headless Chromium of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from odooops_dagster.child_environment import clean_environment
from odooops_dagster.errors import MissingDependency, StepFailed

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 120


def print_page(html: str) -> bytes:
    """Return the page as PDF.

    Raises:
        MissingDependency: this machine has no Chromium.
        StepFailed: Chromium did not print the page.
    """
    program = next((found for found in map(shutil.which, _PROGRAMS) if found), None)
    if program is None:
        raise MissingDependency(
            "there is no Chromium to print the report with",
            hint="on Debian: apt-get install chromium; or write HTML, which any browser prints: --out FILE.html",
        )
    with tempfile.TemporaryDirectory(prefix="odooops-print-") as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, "utf-8")
        done = subprocess.run(
            chromium(program, page=page, printed=printed, profile=Path(folder) / "profile"),
            env=clean_environment(extra={"HOME": folder}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode != 0 or not printed.is_file():
            said = done.stderr.strip().splitlines()[-1:] or [str(done.returncode)]
            raise StepFailed(f"{program} printed nothing: {said[0]}", hint="write HTML instead: --out FILE.html")
        return printed.read_bytes()


def chromium(program: str, *, page: Path, printed: Path, profile: Path) -> list[str]:
    """Return the command; root has no sandbox in Chromium, and the page has no script and loads nothing."""
    return [
        program,
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--no-pdf-header-footer",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
        f"--user-data-dir={profile}",
        f"--print-to-pdf={printed}",
        page.as_uri(),
    ]
