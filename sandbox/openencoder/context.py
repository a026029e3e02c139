"""Everything the server keeps, in one place."""

from dataclasses import dataclass

from sandbox.openencoder.accounts import Users
from sandbox.openencoder.configuration import Configuration
from sandbox.openencoder.jobs import Jobs
from sandbox.openencoder.machines import Machines
from sandbox.openencoder.presets import Presets
from sandbox.openencoder.process import Deadly, Process
from sandbox.openencoder.storage import Storage
from sandbox.openencoder.switches import Switches, from_command_line
from sandbox.openencoder.tokens import Tokens
from sandbox.service import Ground

ADMIN, OPERATOR = "admin", "operator"


@dataclass
class Context:
    """The server's tables and the parts that work on them."""

    ground: Ground
    switches: Switches
    users: Users
    presets: Presets
    jobs: Jobs
    machines: Machines
    configuration: Configuration
    storage: Storage
    tokens: Tokens
    process: Process

    def switch(self, switches: Switches) -> None:
        """Put new switches in force."""
        if switches.force_password_reset != self.switches.force_password_reset:
            self.users.require_reset(ADMIN, switches.force_password_reset)
        self.switches = switches


def furnish(ground: Ground) -> Context:
    """Set up the tables on what the store has; the first time with the accounts and presets of the sandbox."""
    store, state = ground.store, ground.state
    configuration = Configuration(store, ground.s3, state.secret("openencoder_machines_token"))
    context = Context(
        ground=ground,
        switches=Switches(),
        users=Users(store),
        presets=Presets(store),
        jobs=Jobs(store),
        machines=Machines(store),
        configuration=configuration,
        storage=Storage(configuration),
        tokens=Tokens(state.secret("openencoder_signing_key", letters=64), store),
        process=Process(Deadly(store), lambda: context.switches),
    )
    for name in (ADMIN, OPERATOR):
        context.users.ensure(name, state.secret(f"openencoder_{name}_password"), name)
    context.switch(from_command_line(ground.settings))
    return context
