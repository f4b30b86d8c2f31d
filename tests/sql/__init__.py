"""The control plane, on real PostgreSQL."""
