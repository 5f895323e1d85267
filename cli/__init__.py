"""The `freshet` command."""
