"""EventBridge on a laptop: rules with patterns and schedules, targets, and events that no crash loses."""

from localcloud.eventbridge.service import EventBridge

__all__ = ["EventBridge"]
