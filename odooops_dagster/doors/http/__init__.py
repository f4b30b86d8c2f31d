"""How things come in over HTTP."""
