"""The page's files, read once, and the headers they are given with.

No build step, no inline script or style, nothing from elsewhere: the content security policy allows the page its own
files and nothing more.
"""

from pathlib import Path

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}

FILES = {
    path.name: (path.read_text(encoding="utf-8"), _TYPES[path.suffix])
    for path in Path(__file__).parent.iterdir()
    if path.suffix in _TYPES
}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
