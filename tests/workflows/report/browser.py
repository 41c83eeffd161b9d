"""Debian's Chromium, driven without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = "needs chromium and chromedriver: apt-get install chromium chromium-driver"
_SECONDS = 60
_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
Value = TypeVar("Value")


@contextmanager
def started_browser(folder: Path, size: tuple[int, int] = (1280, 720)) -> Iterator[Browser]:
    """Starts Chromium; its profile and its downloads lie in a folder.

    Args:
        folder: for both; the same folder again has the same profile.
        size: of what a page sees, in pixels.
    """
    options = webdriver.ChromeOptions()
    assert CHROMIUM is not None
    assert DRIVER is not None
    options.binary_location = CHROMIUM
    for switch in (*_SWITCHES, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    downloads = folder / "downloads"
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    # With the driver named, selenium looks for none elsewhere.
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        wide, high = size
        metrics = {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        yield Browser(driver, downloads)
    finally:
        driver.quit()


class Browser:
    """A page as a person works with it: what it shows, and keys."""

    def __init__(self, driver: webdriver.Chrome, downloads: Path) -> None:
        self.driver = driver
        self._downloads = downloads

    def open(self, page: Path) -> None:
        """Opens a page from the disk."""
        self.driver.get(page.resolve().as_uri())

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other, wherever the focus is."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def find(self, selector: str) -> WebElement:
        """The first element that is there now."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """The text of an element, also of what is scrolled away."""
        return str(self.find(selector).get_property("textContent"))

    def texts(self, selector: str) -> list[str]:
        """The texts of all such elements."""
        return [str(element.get_property("textContent")) for element in self.all(selector)]

    def run(self, script: str) -> object:
        """What a script returns."""
        found: object = self.driver.execute_script(script)
        return found

    def wait(self, condition: Callable[[], Value]) -> Value:
        """Waits until something is true."""
        return WebDriverWait(self.driver, _SECONDS, 0.05).until(lambda _: condition())

    def saved(self, name: str) -> str:
        """What a downloaded file holds."""
        path = self._downloads / name
        self.wait(lambda: path.is_file() and path.stat().st_size)
        return path.read_text(encoding="utf-8")

    def complaints(self) -> list[str]:
        """What the console has said since it was asked last, violations of the policy too."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [str(entry["message"]) for entry in entries]


def cases(browser: Browser) -> list[str]:
    """The names of the cases in the table."""
    return browser.texts("#rows td.case .open")


def shown(browser: Browser) -> str:
    """The name of the opened case."""
    return browser.text("aside h2")


def wait_for_slices(browser: Browser) -> None:
    """Waits until the slices of the opened case can be looked at."""
    browser.wait(lambda: "slice" in "".join(browser.texts(".where")))
