"""Faults on request: what is to go wrong, how often, and with what."""

from localcloud.faults.kinds import CallFault, EventFault, OutcomeFault
from localcloud.faults.registry import Faults

__all__ = ["CallFault", "EventFault", "Faults", "OutcomeFault"]
