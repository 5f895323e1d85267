"""``python -m cli``: the same as ``freshet``, from a checkout where nothing is installed."""

from cli.main import main

if __name__ == "__main__":
    main(prog_name="freshet")
