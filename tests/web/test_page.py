"""The served page in a real browser: live, two at once, chosen runs, nothing from outside."""

import math

import numpy as np
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


def test_a_run_keeps_its_colour_when_an_earlier_one_is_left_out(visit, until, folder):
    colour = """(name) => {
      const of = (e) => e && getComputedStyle(e).borderTopColor;
      const label = [...document.querySelectorAll('nav label')].find(
        (e) => e.querySelector('.name').textContent === name);
      const line = [...document.querySelectorAll('.itc .names button')].find(
        (e) => e.textContent.startsWith(name));
      return [of(label.querySelector('i')), line && getComputedStyle(line).color];
    }"""
    with view(folder, tell=False) as page:
        tab = visit(f"{page.url}#run=lr0.1-0&run=lr0.1-1")
        tab.wait_for_selector(".itc .names button >> nth=3")
        before = tab.evaluate(colour, "lr0.1-1")
        assert before != tab.evaluate(colour, "lr0.1-0")
        other = tab.locator("nav label", has_text="<img").first
        other.click()
        tab.wait_for_selector(".itc .names button >> nth=5")
        tab.locator("nav label", has_text="lr0.1-0").click()
        until(tab, "document.querySelectorAll('.itc .names button').length === 4")
        assert tab.evaluate(colour, "lr0.1-1") == before
        assert "run=&run=lr0.1-1" in tab.url
        tab.reload()
        tab.wait_for_selector(".itc .names button >> nth=3")
        assert tab.evaluate(colour, "lr0.1-1") == before
        # The next one that is chosen takes the place that is free.
        tab.locator("nav label", has_text="lr0.1-0").click()
        until(tab, "location.hash.startsWith('#run=lr0.1-0&run=lr0.1-1')")


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


def test_markup_of_a_users_is_shown_step_by_step_in_a_frame(visit):
    history = introspect.History()
    for step in range(3):
        history.log(step, note=introspect.values.Text(f"<b style='color:red'>{step}</b>"))
    canvas = introspect.Canvas(backend="none")
    canvas.draw_frame(history["note"])
    with introspect.serve(canvas, tell=False) as served:
        tab = visit(served.url)
        frame = tab.frame_locator(".itc iframe")
        frame.locator("b:text('2')").wait_for()
        tab.focus(".itc .track")
        tab.keyboard.press("Home")
        frame.locator("b:text('0')").wait_for()
        colour = frame.locator("b").evaluate("(e) => getComputedStyle(e).color")
        assert colour == "rgb(255, 0, 0)"


def test_the_graph_of_a_model_is_opened_and_searched_on_the_page_in_both_themes(visit, graph):
    canvas = introspect.Canvas(backend="none")
    canvas.draw_graph(graph, title="Model")
    with introspect.serve(canvas, tell=False) as page:
        tab = visit(page.url, color_scheme="light")
        frame = tab.frame_locator(".itc iframe.graph")
        frame.locator(".stage canvas").first.wait_for()
        light = frame.locator("body").evaluate("(e) => getComputedStyle(e).backgroundColor")
        frame.locator("input[type=search], .search input").first.fill("attention")
        frame.locator(".hits [role=option]").first.wait_for()
        tab.click("button:has-text('Dark')")
        frame.locator("html[data-theme=dark] .stage canvas").first.wait_for()
        dark = frame.locator("body").evaluate("(e) => getComputedStyle(e).backgroundColor")
        assert light != dark


def test_embeddings_are_seen_by_pca_and_tsne_in_2d_and_3d_with_thumbnails(visit, until, tmp_path):
    pytest.importorskip("sklearn", reason="t-SNE needs scikit-learn")
    rng = np.random.default_rng(0)
    kinds = np.repeat(np.arange(3), 15)
    vectors = (rng.normal(size=(3, 8))[kinds] * 9 + rng.normal(size=(45, 8))).astype(np.float32)
    labels = tuple((f"kind {kind}",) for kind in kinds)
    pictures = rng.integers(0, 255, (45, 6, 6, 1)).astype(np.uint8)
    space = introspect.values.Embedding(vectors, ("kind",), labels, pictures)
    with introspect.History(tmp_path / "runs" / "one", facts=False) as history:
        history.log(0, space=space, loss=1.0)
    panels = "[...document.querySelector('.itc').introspect.panels.values()]"
    panel = f"{panels}.find((p) => p.spec.embedding)"
    with view(tmp_path / "runs", tell=False) as page:
        tab = visit(page.url)
        tab.wait_for_selector(".itc header select")
        until(tab, f"{panel}.shots[0]?.shapes.thumbnails?.[0] === 45")
        assert tab.locator(".itc header select").count() == 1
        for way, dimensions in (("tsne2", 2), ("tsne3", 3), ("pca3", 3), ("pca2", 2)):
            tab.select_option(".itc header select", way)
            words = "t-SNE, 45" if way.startswith("tsne") else "PCA"
            until(tab, f"{panel}.element.textContent.includes('{words}')", limit_s=60)
            until(tab, f"{panel}.shots[0]?.shapes.points?.[1] === {dimensions}")
            assert f"embedding={way}" in tab.url
            assert "kind 1" in tab.locator(".itc text.name").all_text_contents()
            assert tab.evaluate(f"{panel}.shots[0].shapes.thumbnails[0]") == 45


def test_pictures_and_histograms_of_a_run_have_a_slider(visit, until, tmp_path):
    with introspect.History(tmp_path / "runs" / "one", facts=False) as history:
        for step in range(4):
            history.log(step, weight=np.full((4, 4), float(step)), gradients=np.arange(99.0) * step)
    with view(tmp_path / "runs", tell=False) as page:
        tab = visit(page.url)
        tab.wait_for_selector(".itc .track >> nth=1")
        assert tab.locator(".itc h2").all_text_contents() == ["weight", "gradients"]
        for index in (0, 1):
            tab.locator(".itc .track").nth(index).focus()
            tab.keyboard.press("Home")
            until(tab, f"document.querySelectorAll('.itc .step')[{index}].textContent === 'step 0'")
        panels = "[...document.querySelector('.itc').introspect.panels.values()]"
        assert tab.evaluate(f"{panels}.map((p) => p.kind)")[1:] == ["images", "histogram"]
