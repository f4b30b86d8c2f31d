"""What the platform and the router, which stands in front of all environments, tell each other.

The network reaches the router: it has no login, and reads and writes only what is here. The platform leaves a notice
for each environment whose requests do not just pass, and asks the router at its socket.
"""
