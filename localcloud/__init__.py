"""AWS on a laptop: one process, one loopback port, no account, no Docker."""
