"""The platform's assets: each reads its partition, calls one step and reports the result."""
