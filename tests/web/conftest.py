"""Graphs that the viewer is tried on, and the tools that its tests need."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import introspect

WEB = Path(__file__).parents[2] / "web"
CHROMIUM = next(
    (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None
)


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The bundle and the headless module, built again from the sources."""
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    if not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.skip("esbuild is not installed: npm ci in web/")
    out = tmp_path_factory.mktemp("built")
    subprocess.run(["node", "build.mjs", str(out)], cwd=WEB, check=True, capture_output=True)
    return out


@pytest.fixture(scope="session")
def headless(built):
    """Calls the viewer's layout in Node with a document as JSON."""

    def run(question):
        done = subprocess.run(
            ["node", str(built / "headless.mjs")],
            input=json.dumps(question),
            capture_output=True,
            check=True,
            text=True,
        )
        return json.loads(done.stdout)

    return run


class Block(nn.Module):
    """A residual block with a projection when the width changes."""

    def __init__(self, wide, narrow):
        super().__init__()
        self.conv1 = nn.Conv2d(wide, narrow, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.project = nn.Conv2d(wide, narrow, 1) if wide != narrow else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.project(x))


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.out(torch.nn.functional.scaled_dot_product_attention(q, k, v))


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x):
        x = x + self.attention(self.norm(x))
        return x + self.mlp(x)


class Mixed(nn.Module):
    """Convolutional blocks, two towers, equal layers, and tied weights."""

    def __init__(self, layers=4):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(8, 8), Block(8, 16))
        self.left = nn.Sequential(nn.Conv2d(16, 16, 1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1))
        self.right = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(16, 16, 1))
        self.layers = nn.ModuleList(Layer(32) for _ in range(layers))
        self.head = nn.Linear(32, 32, bias=False)
        self.tied = nn.Linear(32, 32, bias=False)
        self.tied.weight = self.head.weight

    def forward(self, x):
        x = self.blocks(self.stem(x))
        x = torch.cat([self.left(x), self.right(x)], dim=1)
        x = x.flatten(2).transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        return self.tied(torch.relu(self.head(x.mean(1))))


@pytest.fixture(scope="session")
def graph():
    torch.manual_seed(0)
    return introspect.trace(Mixed().eval(), torch.zeros(2, 3, 16, 16))


@pytest.fixture(scope="session")
def chromium():
    """A headless browser that draws on the processor."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def wait_until(page, expression, *, limit_s=20.0):
    """Ask again and again: Playwright's own waiting evaluates strings, which the policy forbids."""
    end = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"still waiting for {expression}"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def until():
    return wait_until


@pytest.fixture
def show(until, chromium, tmp_path):
    """Opens a page from a file, offline; whatever it complains about fails the test."""
    complaints = []
    contexts = []

    def refuse(route):
        complaints.append(f"asked for {route.request.url}")
        route.abort()

    def open_page(content, *, width=1200, height=800, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_bytes(content)
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            offline=True,
            accept_downloads=True,
            **options,
        )
        contexts.append(context)
        context.route(lambda url: not url.startswith(("file:", "blob:", "data:")), refuse)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " (e) => console.error('policy: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        return page

    def open_viewer(content, **options):
        page = open_page(content, **options)
        until(page, "window.introspectFirstViewMs > 0")
        return page

    open_viewer.plain = open_page
    open_viewer.complaints = complaints
    yield open_viewer
    for context in contexts:
        context.close()
    assert complaints == []
