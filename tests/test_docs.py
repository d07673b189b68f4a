"""The documents do what they say: commands marked `<!-- run -->` are run, files named are written first."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import commands, run, shown

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "src").rglob("*.md")])
# A block that the test acts on, with what is said of it above.
BLOCK = re.compile(r"^<!-- (run|file: \S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXECUTED = [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A reader's folder: a checkout to copy from, and a cluster with one failed job."""
    desk = tmp_path / "desk"
    desk.mkdir()
    for name in ("src", "config", "deploy"):
        (desk / name).symlink_to(ROOT / name)
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.parent.mkdir()
    kubectl.write_text(f"#!/bin/sh\ncat '{ROOT}/src/logwatch/demo/failing-training.log'\n")
    kubectl.chmod(0o755)
    return desk


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", EXECUTED, ids=named)
def test_its_commands_say_what_it_shows(page: Path, desk: Path) -> None:
    for act, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if act != "run":
            (desk / act.removeprefix("file: ")).write_text(block)
            continue
        for command, output in commands(block):
            for program in re.findall(r"\b(jq|promtool)\b", command):
                if shutil.which(program) is None and os.environ.get("CI") != "true":
                    pytest.skip(f"{program} is not installed")
            said = run(command, desk, desk.parent / "bin")
            assert shown(output).fullmatch(said), f"$ {command}\n{said}"


def test_the_readme_is_among_them() -> None:
    assert ROOT / "README.md" in EXECUTED


def test_prometheus_takes_the_rule_of_the_readme(tmp_path: Path) -> None:
    if shutil.which("promtool") is None and os.environ.get("CI") != "true":
        pytest.skip("promtool (Debian package prometheus) is not installed")
    blocks = dict(BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    rules = tmp_path / "rules.yml"
    rules.write_text(blocks["file: rules.yml"])
    checked = subprocess.run(["promtool", "check", "rules", str(rules)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for link in LINK.findall(re.sub(r"`[^`\n]+`", "", text)):
            if not link.startswith(("http://", "https://")):
                yield page, link


@pytest.mark.parametrize(
    ("page", "link"), list(links()), ids=lambda value: str(value).removeprefix(f"{ROOT}/")
)
def test_its_links_lead_somewhere(page: Path, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    assert target.exists(), f"{named(page)} links to {link}"
    if anchor:
        assert anchor in anchors(target), f"{named(page)} links to {link}"


def anchors(page: Path) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
