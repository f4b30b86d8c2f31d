"""The workflows of GitHub that the project has and that it gives to others, linted and run."""
