"""The block of the router: Caddy, whose traffic is switched through slots."""

from __future__ import annotations

from pathlib import Path

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl

from blocks.logo import logo
from blocks.routers.slots import SlotRouter


class CaddyRouter(Block):
    """Moves traffic between releases with Caddy: by renaming a link, without ever reloading."""

    _block_type_slug = "slipway-caddy-router"
    _logo_url = logo("slipway-caddy-router")
    _block_type_name = "Slipway Caddy Router"
    _description = (
        "Public ports that deployed services answer on, and the switch that moves them from one "
        "release to the next without dropping a request."
    )
    _documentation_url = HttpUrl("https://caddyserver.com/docs/json/apps/http/")
    _code_example = """\
```python
from blocks.routers.caddy import CaddyRouter

router = CaddyRouter.load("local").router()
router.route(8300, ["127.0.0.1:20001"])
print(router.upstreams(8300))
```"""

    directory: Path = Field(
        default=Path(".slipway/router"),
        title="Directory",
        description="Folder of the slots, the same that the router's program was started with",
    )
    host: str = Field(
        default="127.0.0.1", title="Host", description="Address that the public ports are bound to"
    )
    first_port: int = Field(
        default=8300,
        ge=1,
        le=65535,
        title="First public port",
        description="The public ports are this one and those after it",
    )
    slots: int = Field(
        default=32,
        ge=1,
        le=512,
        title="Public ports",
        description="How many are provisioned ahead: one for each service that takes traffic",
    )

    def router(self) -> SlotRouter:
        """Return the router that moves the traffic of these public ports."""
        return SlotRouter(self.directory.expanduser().resolve())
