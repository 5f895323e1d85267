"""Renders a template of this folder as one HTML file that needs nothing else: styles and plots lie in it, no script.

All that is filled in is escaped.
"""

from pathlib import Path

import jinja2


def render(template: str, **values: object) -> str:
    """Return the page of a template; the same values give the same page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment.get_template(template).render(**values)


def number(value: float | None, digits: int = 4) -> str:
    """Return a figure as people read it; what could not be measured is "n/a"."""
    return "n/a" if value is None else f"{value:.{digits}g}"


def chance(value: float | None) -> str:
    """Return a p-value as people read it."""
    return "<0.001" if value is not None and value < 0.001 else number(value, 3)  # noqa: PLR2004 - as it is written


def write_page(path: Path, page: str) -> None:
    """Write a page; half of a surrogate pair, which no encoding has, becomes a reference that browsers pass over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"))
