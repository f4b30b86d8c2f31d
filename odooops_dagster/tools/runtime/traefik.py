"""Labels by which Traefik finds an environment: a name and the router, as the container itself has no port.

Unproven against a running Traefik. Source: doc.traefik.io, "Docker" of the routing providers: `server.url` stands
alone, without `port` and `scheme`.
"""

from __future__ import annotations


def traefik_labels(name: str, *, host: str, url: str) -> dict[str, str]:
    """Return the labels of an environment's container.

    Args:
        name: the service, whose name Traefik's router and service get.
        host: the name under which the environment answers.
        url: where Traefik reaches the platform's router, such as http://127.0.0.1:8601.
    """
    return {
        "traefik.enable": "true",
        f"traefik.http.routers.{name}.rule": f"Host(`{host}`)",
        f"traefik.http.routers.{name}.service": name,
        f"traefik.http.services.{name}.loadbalancer.server.url": url.rstrip("/"),
    }
