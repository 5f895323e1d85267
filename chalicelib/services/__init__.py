"""One use case per file: observe, decide, act."""
