"""The control plane: migrations, functions, views and policies."""
