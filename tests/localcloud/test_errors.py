import pkgutil
from collections.abc import Iterator
from importlib import import_module

import localcloud
from localcloud import errors


def every_error(error: type[Exception]) -> Iterator[type[Exception]]:
    for child in error.__subclasses__():
        yield child
        yield from every_error(child)


def test_the_tree_is_complete() -> None:
    """Each error of the local cloud stands in the one drawn tree, below its parent, and there is no other."""
    for module in pkgutil.walk_packages(localcloud.__path__, "localcloud."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    drawn = errors.__doc__ or ""
    tree = drawn[drawn.index("LocalCloudError") :]
    names = [error.__name__ for error in every_error(errors.LocalCloudError)]
    assert [name for name in names if f"── {name} " not in tree] == []
    assert tree.count("── ") == len(names)
