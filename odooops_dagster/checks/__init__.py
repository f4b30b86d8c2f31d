"""Yes/no questions about a build, a clone, a backup, a deployment."""
