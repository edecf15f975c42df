"""The served page in a real browser: live, two at once, chosen runs, nothing from outside."""

import math

import pytest

import introspect
from introspect.viewer import view

pytest.importorskip("uvicorn", reason="the page needs the extra page")

VIEW = "document.querySelector('.itc')?.introspect"


@pytest.fixture
def visit(chromium):
    """Opens a page in a browser of its own; errors and foreign requests fail the test."""
    contexts, faults = [], []

    def opened(url, **options):
        context = chromium.new_context(viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        tab.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))
                else faults.append(asked.url)
            ),
        )
        tab.goto(url)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not faults, faults


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("INTROSPECT_CACHE", str(tmp_path / "cache"))
    for lr in (0.1, 0.2):
        for seed in (0, 1):
            config = {"lr": lr, "seed": seed}
            name = f"lr{lr}-{seed}" if lr < 0.2 else f"<img src=x onerror=alert(1)>{seed}"
            with introspect.History(tmp_path / "runs" / name, config=config, facts=False) as run:
                for step in range(50):
                    run.log(step, loss=lr * math.exp(-step / 20) + seed, acc=step / 50)
    return tmp_path / "runs"


def test_two_browsers_see_what_is_logged_while_they_look(visit, until):
    history = introspect.History()
    history.log(0, loss=1.0)
    with introspect.serve(history, tell=False) as page:
        tabs = [visit(page.url) for _ in range(2)]
        for tab in tabs:
            until(tab, f"{VIEW}?.store.points >= 1")
            assert "token" not in tab.url
        for step in range(1, 200):
            history.log(step, loss=1 / step)
        for tab in tabs:
            until(tab, f"{VIEW}.store.points >= 200")
            assert tab.locator(".itc h2").first.text_content() == "loss"


def test_runs_are_chosen_searched_and_grouped_and_the_address_keeps_it(visit, until, folder):
    with view(folder, tell=False) as page:
        tab = visit(page.url)
        tab.wait_for_selector("nav label")
        names = tab.locator("nav .name").all_text_contents()
        assert len(names) == 4
        assert any("<img" in name for name in names)  # as text
        assert tab.locator("nav img").count() == 0
        for index in range(4):
            if not tab.locator("nav input").nth(index).is_checked():
                tab.locator("nav label").nth(index).click()
        tab.wait_for_selector("nav input:checked >> nth=3", state="attached")
        until(tab, "document.querySelectorAll('.itc h2').length >= 3")
        titles = tab.locator(".itc h2").all_text_contents()
        assert {"loss", "acc", "Runs"} <= set(titles)
        tab.select_option("select", "lr")
        tab.wait_for_selector("text=mean and range of runs by lr")
        tab.fill("input[type=search]", "acc")
        until(tab, "location.hash.includes('search=acc')")
        until(tab, "document.querySelectorAll('.itc h2').length === 2")  # acc, and the runs
        again = visit(page.url)
        again.goto(tab.url)
        again.wait_for_selector("text=mean and range of runs by lr")
        assert again.input_value("input[type=search]") == "acc"


def test_dark_follows_the_system_and_the_button(visit, folder):
    with view(folder, tell=False) as page:
        tab = visit(page.url, color_scheme="dark")
        tab.wait_for_selector(".itc h2")
        dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        tab.click("button:has-text('Light')")
        tab.wait_for_selector("button:has-text('Dark')")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_a_page_comes_back_when_its_server_does(visit, until):
    history = introspect.History()
    history.log(0, loss=1.0)
    with introspect.serve(history, tell=False) as page:
        tab = visit(page.url)
        until(tab, f"{VIEW}?.store.points >= 1")
        tab.reload()
        until(tab, f"{VIEW}?.store.points >= 1")
