"""The registry: a new service is one module and one line here."""

from sandbox.bytenite.app import BYTENITE
from sandbox.openencoder.app import OPENENCODER
from sandbox.pixop.app import PIXOP
from sandbox.service import Service
from sandbox.sqs.app import SQS

SERVICES: tuple[Service, ...] = (BYTENITE, OPENENCODER, PIXOP, SQS)
