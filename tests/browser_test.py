#!/usr/bin/env python3
"""Runs the stories of tests/browser against `hotshot serve` in Chromium:
python3 tests/browser_test.py build/hotshot [STORY.test.mjs …]. Ends with 77 where something it needs is not there."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
STORIES = ROOT / "tests/browser"
SKIPPED = 77


def skip(reason):
    print(f"browser_test: skipped: {reason}")
    sys.exit(SKIPPED)


def chromium():
    given = os.environ.get("HOTSHOT_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or skip("no Chromium found; scripts/test --browser installs it, or HOTSHOT_CHROMIUM names it")


def check_node():
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout if shutil.which("node") else ""
    numbers = tuple(map(int, re.findall(r"\d+", version)))
    if numbers < (18, 19) or not shutil.which("npm"):
        skip(f"expected Node 18.19 or later with npm but found {version.strip() or 'none'}; scripts/test --browser installs them")


def fetch_packages(folder):
    if (folder / "node_modules").exists():
        return
    environment = dict(os.environ, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD="1")
    fetched = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, env=environment)
    if fetched.returncode != 0:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        skip(f"npm could not fetch the packages of {folder.relative_to(ROOT)}")


def studio():
    """The studio as its sources say it now."""
    web = ROOT / "web"
    built = web / "dist/index.html"
    sources = [web / "index.html", web / "package-lock.json", *(web / "src").rglob("*")]
    if not built.exists() or any(path.stat().st_mtime > built.stat().st_mtime for path in sources):
        fetch_packages(web)
        subprocess.run(["npm", "run", "--silent", "build"], cwd=web, check=True)
    return built.parent


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: browser_test.py PROGRAM [STORY.test.mjs …]")
    browser = chromium()
    check_node()
    fetch_packages(STORIES)
    stories = sys.argv[2:] or sorted(str(path.relative_to(STORIES)) for path in STORIES.glob("*.test.mjs"))
    environment = dict(os.environ, HOTSHOT_PROGRAM=str(pathlib.Path(sys.argv[1]).resolve()), HOTSHOT_STUDIO=str(studio()),
                       HOTSHOT_CHROMIUM=browser)
    sys.exit(subprocess.run(["node", "--test", "--test-concurrency=1", *stories], cwd=STORIES, env=environment).returncode)


if __name__ == "__main__":
    main()
