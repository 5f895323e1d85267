import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from localcloud.arguments import parse_arguments
from localcloud.moto_services import SERVICES
from localcloud.settings import Delays, Limits

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "local-cloud.md").read_text("utf-8")
RULES = (DOCS / "local-cloud-rules.md").read_text("utf-8")


def rows(heading: str) -> dict[str, str]:
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section, re.MULTILINE))


def shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("heading", "settings"), [("Delays", Delays()), ("Limits", Limits())])
def test_every_setting_with_its_default(heading: str, settings: Delays | Limits) -> None:
    """The document names each delay and limit that there is, with its default, and no other."""
    assert rows(heading) == {name: shown(value) for name, value in asdict(settings).items()}


def test_every_page_and_service(cloud: Any) -> None:
    """The document names each of the cloud's own pages and each service."""
    pages = re.findall(r"/_localcloud/[\w-]+", cloud.request("GET", "/_localcloud/")[2].decode())
    assert pages
    assert [page for page in pages if f"`GET {page}`" not in TEXT] == []
    assert [name for name in SERVICES if name not in TEXT.lower()] == []


def test_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    """The document uses no option that there is not."""
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert set(re.findall(r"(?<=\s)--[a-z-]+", TEXT)) <= options


def test_every_table_of_rules() -> None:
    """The document leads to the rules of each service that has some, and to no other."""
    led = set(re.findall(r"\(local-cloud-rules\.md#([\w-]+)\)", TEXT))
    assert led == {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", RULES, re.MULTILINE)}
