"""The gateway, from a delivery to its answer."""
