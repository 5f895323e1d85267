"""The commands, one per file: parse, call, show."""
