"""`python -m sandbox`."""

import asyncio
import os
import sys

from sandbox.house import House
from sandbox.options import parse
from sandbox.ports import PortBusyError
from sandbox.seaweed import S3StartError
from sandbox.state import StateBusyError


def main() -> int:
    """Run until told to stop; 2 = could not start."""
    options = parse(sys.argv[1:])
    try:
        return asyncio.run(House(options).live())
    except (PortBusyError, S3StartError, StateBusyError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Not sys.exit: a transfer in a worker thread would keep the process for minutes.
    os._exit(code)
