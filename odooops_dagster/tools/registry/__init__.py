"""Images of commits: made of folders by an engine, pushed to a registry, signed and verified by cosign."""
