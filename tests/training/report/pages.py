"""What every page must be: whole in itself, with plots that can be read."""

import base64
import re
from xml.etree import ElementTree as ET


def check_whole(page: str) -> None:
    """Claim: a page fetches nothing and runs nothing: no script, and no address but data."""
    assert page.startswith("<!doctype html>\n")
    assert "<script" not in page
    assert re.findall(r'(?:src|href|action)="(?!data:image/svg\+xml;base64,)', page) == []
    assert "url(" not in page
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in page


def count_plots(page: str) -> int:
    """Return how many plots there are, each of which is an SVG that can be read, with words beside it and no date."""
    images = re.findall(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)"', page)
    for words, data in images:
        image = base64.b64decode(data)
        assert ET.fromstring(image).tag.endswith("svg")  # noqa: S314 - our own bytes
        assert b"dc:date" not in image
        assert len(words) > 10
    return len(images)
