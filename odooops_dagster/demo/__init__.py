"""The repository that `ops demo` pushes: a small real addon and a requirement from PyPI."""
