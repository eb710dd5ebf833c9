"""Write docs/report.png: the top of a study's report, as a browser shows it.

``python tools/report_picture.py STORE`` takes the stored study (``make demo`` leaves one in
demo/digits.sqlite) and a Chromium or Chrome on the path.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1000, 1180
COLOURS = 64  # of the picture; it has few


def main() -> None:
    """Make the report, photograph it, and write the picture with few colours."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or len(sys.argv) != 2:
        sys.exit(f"give a study's store, and have one of {', '.join(BROWSERS)} on the path")
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "report.html", Path(folder) / "report.png"
        ogive = [sys.executable, "-m", "ogive", "report", sys.argv[1], "-o", str(page)]
        subprocess.run(ogive, check=True)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = f"--window-size={WIDTH},{HEIGHT}"
        shot = [browser, *options, size, f"--screenshot={picture}", page.as_uri()]
        subprocess.run(shot, check=True, capture_output=True, timeout=120)
        few = Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(DOCS / "report.png", optimize=True)
    print(f"{DOCS / 'report.png'}: {(DOCS / 'report.png').stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
