"""Which role each route asks for. A route that declares nothing is a mistake, and no application is made with it.

A route, or its router, names its role among its dependencies::

    router = APIRouter(prefix="/v1/retrieve", dependencies=[allow(Role.READER)])

Where both do, both have to be fulfilled.
"""

import re
from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from rag.api.serving import principal_of
from rag.domain import Role
from rag.errors import Forbidden


class _Allowed:
    """Lets those through who have one of the roles; no roles: everybody, with a key or without."""

    def __init__(self, roles: Iterable[Role]) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> None:
        if self.roles and not self.roles & principal_of(request).roles:
            # In the order of `Role`, so that the message is always the same.
            wanted = " or ".join(role for role in Role if role in self.roles)
            raise Forbidden(f"This takes a key with the role {wanted}; ask an administrator for one.")


def allow(*roles: Role) -> Dependency:
    """Declare that a route is for those who have one of the roles.

    Raises:
        ValueError: no role is named.
    """
    if not roles:
        raise ValueError("name at least one role; a route for everybody is declared with public()")
    return _depends(roles)


def public() -> Dependency:
    """Declare that a route is for everybody, with a key or without: health, and pages that hold no data."""
    return _depends(())


def declared(route: APIRoute) -> tuple[frozenset[Role], ...]:
    """Return what a route declares: sets of roles, one of each of which is needed; an empty set is `public`."""
    calls = (dependency.dependency for dependency in route.dependencies)
    return tuple(call.roles for call in calls if isinstance(call, _Allowed))


def check_declared(routers: Sequence[APIRouter]) -> None:
    """Raise TypeError where a route of the routers does not say who may use it, or is of a kind that cannot."""
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                raise TypeError(f"{route!r} cannot declare a role; make it a route of an APIRouter")
            if not declared(route):
                methods = ", ".join(sorted(route.methods or ()))
                raise TypeError(
                    f"{methods} {route.path} declares no role: give it, or its router, dependencies=[allow(...)]"
                )


def public_paths(routers: Sequence[APIRouter]) -> tuple[re.Pattern[str], ...]:
    """Return the patterns of the paths that everybody may ask for."""
    routes = (route for router in routers for route in router.routes)
    return tuple(
        route.path_regex for route in routes if isinstance(route, APIRoute) and not any(declared(route))
    )


def _depends(roles: Iterable[Role]) -> Dependency:
    dependency: Dependency = Depends(_Allowed(roles))
    return dependency
