"""The compiled stylesheets: current, small, ours."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

STATIC = settings.BASE_DIR / "static"
ASSETS = settings.BASE_DIR / "assets"
SITE = (STATIC / "css" / "site.css").read_text()
ADMIN = (STATIC / "css" / "admin.css").read_text()
# Colours that only GOV.UK uses: its blue, black, green and yellow.
BRAND = re.compile(r"crown|gds transport|gov\.uk|#1d70b8|#0b0c0c|#00703c|#0f7a52|#ffdd00|url\(", re.IGNORECASE)


@pytest.mark.parametrize("css", [SITE, ADMIN], ids=["site", "admin"])
def test_nothing_of_another_brand_and_nothing_fetched(css: str) -> None:
    assert BRAND.findall(css) == []


def test_the_public_stylesheet_is_small() -> None:
    assert len(gzip.compress(SITE.encode())) < 14_000


@pytest.mark.parametrize(
    "part",
    [
        "prefers-color-scheme: *dark",
        "prefers-reduced-motion",
        "@media print",
        "forced-colors: *active",
        r"\.card\b",
        r"\.state\b",
    ],
)
def test_it_cares_for(part: str) -> None:
    assert re.search(part, SITE)


@pytest.mark.parametrize("name", ["site", "admin"])
def test_committed_css_is_what_the_sources_give(name: str, tmp_path: Path) -> None:
    sass = ASSETS / "node_modules" / ".bin" / "sass"
    if not sass.exists() or not shutil.which("node"):
        pytest.skip("The stylesheets' tools are not installed (make css installs them).")
    out = tmp_path / "out.css"
    options = ["--style=compressed", "--no-source-map", "--load-path=node_modules", "--quiet-deps"]
    subprocess.run([str(sass), *options, f"scss/{name}.scss", str(out)], check=True, cwd=ASSETS)
    assert out.read_text() == (STATIC / "css" / f"{name}.css").read_text()


def used_classes() -> set[str]:
    words = " ".join(path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html"))
    return set(re.findall(r"govuk-[a-z]+(?:-[a-z0-9]+)*(?:__[a-z]+(?:-[a-z]+)*)?(?:--[a-z0-9-]+)?", words))


def test_every_component_class_in_the_templates_is_compiled() -> None:
    structural = {"govuk-error-summary__body", "govuk-table__row", "govuk-table__body", "govuk-error-summary__list"}
    missing = {name for name in used_classes() - structural if f".{name}" not in SITE and f".{name}" not in ADMIN}
    assert missing == set()


def test_a_first_visit_weighs_little(client: Client) -> None:
    """Page, stylesheet, script and mark, compressed, over four requests."""
    page = client.get("/").content
    files = [page, SITE.encode(), (STATIC / "js" / "page.js").read_bytes(), (STATIC / "img" / "mark.svg").read_bytes()]
    assert sum(len(gzip.compress(content)) for content in files) < 20_000
