"""CloudWatch Logs: groups, streams and events, by API and from the containers and functions of this cloud."""

from localcloud.logs.service import Logs

__all__ = ["Logs"]
