"""Pictures for the documentation, made by the tests that look at the same pages.

They are taken in each run, and kept only if the environment variable ``SCREENSHOTS`` names a
folder, as ``make screenshots`` does: a test run leaves the checkout as it was.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


async def screenshot(page: Any, name: str) -> None:
    """Take a picture of the whole *page*, in which nothing moves.

    :param page: of Playwright's asynchronous interface.
    :param name: of the file, without its ending.
    """
    picture = await page.screenshot(full_page=True, animations="disabled", caret="hide")
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder, f"{name}.png").write_bytes(picture)
