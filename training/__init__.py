"""The container: from data to a model, its answers and the watch over them, in one program."""
