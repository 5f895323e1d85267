"""The drift check: the requests of a window against the baseline of the model that answered them."""

from training.monitor.job import run

__all__ = ["run"]
