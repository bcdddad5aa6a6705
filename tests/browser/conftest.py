"""One browser a module of tests."""

from __future__ import annotations

import os
import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from support.views.browser import Browser
from support.waiting import HANG_SECONDS


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert None not in {chromium, chromedriver}, "chromium or chromedriver is missing: make dev"
    options = Options()
    options.binary_location = chromium
    options.add_argument("--headless=new")
    options.add_argument("--disable-gpu")
    options.add_argument("--disable-background-networking")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # chromium refuses to run as root with it
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # with the driver's path given, selenium looks for none on the network
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    driver.command_executor.client_config.timeout = HANG_SECONDS
    driver.set_page_load_timeout(HANG_SECONDS)
    driver.set_script_timeout(HANG_SECONDS)
    yield Browser(driver)
    driver.quit()
