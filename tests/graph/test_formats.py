"""Drawing -> files, read back by programs that are not ours."""

import base64
import dataclasses
import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html import unescape

import pytest
import torch
from PIL import Image
from torch import nn

import introspect
from introspect.errors import FormatError, SaveError
from introspect.graph.formats import notebook_pictures, svg_text
from introspect.graph.formats.html import to_html
from introspect.graph.layout.advances import ADVANCES, LETTERS, UNITS_PER_EM
from introspect.graph.layout.measure import font_file
from introspect.theme import GRAPH_THEMES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def graph(residual):
    return introspect.trace(residual, torch.zeros(4, 8))


def test_svg_is_xml_with_real_text_and_one_group_a_box(graph):
    root = ET.fromstring(svg_text(graph, depth="all"))
    written = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "first\N{NO-BREAK SPACE}Linear" in written
    assert "8 → 8" in written
    boxes = [g for g in root.iter(f"{SVG}g") if g.get("class") == "box"]
    assert len(boxes) == 6  # input, two layers, a sum, the head, output
    titles = [box.find(f"{SVG}title").text for box in boxes]
    assert any(title.startswith("blocks.0.first Linear") for title in titles)
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize("theme", list(GRAPH_THEMES))
def test_png_has_the_size_of_the_page_and_the_colour_of_the_theme(graph, tmp_path, theme):
    graph.save(tmp_path / "graph.png", theme=theme, scale=3)
    picture = Image.open(tmp_path / "graph.png").convert("RGB")
    svg = ET.fromstring(svg_text(graph, theme=theme))
    assert abs(picture.width - 3 * float(svg.get("width"))) <= 3
    page = GRAPH_THEMES[theme].page.lstrip("#")
    assert picture.getpixel((1, 1)) == tuple(bytes.fromhex(page))


def test_pdf_is_one_page_of_selectable_text_with_embedded_fonts(graph, tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("poppler-utils is not installed")
    graph.save(tmp_path / "graph.pdf")
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "graph.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    assert "blocks.0–2" in text
    assert re.search(r"8\s*→\s*8", text)
    fonts = subprocess.run(
        ["pdffonts", tmp_path / "graph.pdf"], capture_output=True, check=True
    ).stdout.decode()
    assert "DejaVuSans" in fonts
    assert " yes yes " in fonts  # embedded, as a subset
    info = subprocess.run(["pdfinfo", tmp_path / "graph.pdf"], capture_output=True, check=True)
    assert b"Pages:           1" in info.stdout


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_the_same_graph_gives_the_same_bytes(graph, tmp_path, suffix):
    first, second = tmp_path / f"a{suffix}", tmp_path / "new" / "folder" / f"b{suffix}"
    graph.save(first)
    graph.save(second)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_an_unknown_suffix_names_the_known_ones(graph, tmp_path):
    with pytest.raises(FormatError, match=r"\.jpeg[\s\S]*\.svg, \.pdf, \.png, \.json"):
        graph.save(tmp_path / "graph.jpeg")
    with pytest.raises(FormatError, match="in one of"):
        graph.save(tmp_path / "graph")


def test_an_unknown_theme_names_the_near_one_and_the_known_ones(graph, tmp_path):
    with pytest.raises(FormatError, match="try    light, dark, print, high-contrast, basic, blue"):
        graph.save(tmp_path / "graph.svg", theme="chartreuse")
    with pytest.raises(FormatError, match=r"'high-contrast'\? There are light"):
        graph.save(tmp_path / "graph.svg", theme="high_contrast")
    with pytest.raises(FormatError, match="no such theme"):
        graph.save(tmp_path / "graph.svg", theme=3)


def test_a_theme_without_a_family_says_which(graph, tmp_path):
    light = GRAPH_THEMES["light"]
    families = {name: look for name, look in light.families.items() if name != "pool"}
    with pytest.raises(FormatError, match="no pool"):
        graph.save(tmp_path / "graph.svg", theme=dataclasses.replace(light, families=families))


@pytest.mark.parametrize(
    ("suffix", "option", "message"),
    [
        (".svg", {"colour_by": "flops"}, "color_by"),
        (".svg", {"dpi": 300}, "it is for .png"),
        (".svg", {"tiles": True}, "it is for .pdf"),
        (".png", {"directon": "LR"}, "direction"),
        (".svg", {"direction": "down"}, 'direction="TB" or direction="LR"'),
        (".svg", {"depth": "bad"}, "depth='bad'"),
        (".svg", {"depth": 0}, "from 1 on"),
        (".svg", {"depth": 1.5}, "from 1 on"),
        (".svg", {"depth": True}, "depth=True"),
        (".svg", {"depth": float("nan")}, "depth=nan"),
        (".svg", {"expand": 3}, "the paths of modules"),
        (".svg", {"collapse": {"a": 1}}, "the paths of modules"),
        (".pdf", {"fit": "A5"}, 'fit="A4"'),
        (".pdf", {"tiles": True}, 'fit="A4", tiles=True'),
        (".png", {"scale": 0}, "positive number of pixels a point"),
        (".png", {"scale": "2"}, "scale='2'"),
        (".png", {"dpi": float("inf")}, "pixels an inch"),
        (".png", {"dpi": 72, "scale": 1}, "twice"),
        (".json", {"theme": "dark"}, "takes no options"),
    ],
)
def test_a_wrong_option_says_what_would_be_right(graph, tmp_path, suffix, option, message):
    with pytest.raises(FormatError) as caught:
        graph.save(tmp_path / f"graph{suffix}", **option)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_path_that_cannot_be_written_is_said_as_an_error_of_the_system(graph, tmp_path):
    folder = tmp_path / "graph.svg"
    folder.mkdir()
    with pytest.raises(SaveError, match="Is a directory") as caught:
        graph.save(folder)
    assert isinstance(caught.value, OSError)
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(SaveError, match="could not be written"):
        graph.save(file / "graph.svg")
    assert file.read_text() == "mine"


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_a_graph_of_no_node_and_of_one_have_pictures(tmp_path, suffix):
    one = introspect.trace(nn.ReLU(), torch.zeros(1, 2))
    none = dataclasses.replace(
        one, ops=(), values=(), calls=(), inputs=(), outputs=(), output_names=(), parameters=0
    )
    for name, graph in (("one", one), ("none", none)):
        graph.save(tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"{name}{suffix}").stat().st_size > 200


def test_hostile_names_stay_text(tmp_path):
    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module("</text><script>alert(1)</script>", nn.Linear(2, 2))
            self.add_module("层\u202eemoji🙂", nn.Linear(2, 2))

        def forward(self, x):
            for layer in self.children():
                x = layer(x)
            return x

    graph = introspect.Tracer(name='<b>"&\x07').trace(Hostile(), torch.zeros(1, 2))
    root = ET.fromstring(svg_text(graph))
    assert not list(root.iter(f"{SVG}script"))
    for suffix in ("svg", "pdf", "png"):
        graph.save(tmp_path / f"hostile.{suffix}")
    with Image.open(tmp_path / "hostile.png") as picture:
        assert picture.width > 100


def test_a_notebook_gets_a_picture_and_words(graph):
    bundle = graph._repr_mimebundle_()
    assert ET.fromstring(bundle["image/svg+xml"]).tag == f"{SVG}svg"
    assert bundle["text/plain"].startswith("Residual")
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as png:
        assert png.width > 300
        assert png.mode == "P"


def test_a_picture_of_a_hundred_pages_is_kept_without_png():
    layers = nn.Sequential(*(nn.Linear(2 + k, 3 + k) for k in range(900)))
    bundle = notebook_pictures(introspect.trace(layers, torch.zeros(1, 2)), fold=False)
    assert set(bundle) == {"image/svg+xml"}


def test_a_notebook_gets_the_viewer_whole_so_that_it_lives_without_a_kernel(graph):
    shown = graph._repr_mimebundle_()["text/html"]
    assert re.fullmatch(r"<iframe [^<>]*></iframe>", shown)
    page = unescape(re.search(r'srcdoc="([^"]*)"', shown)[1])
    assert page.encode() == to_html(graph)
    assert not re.search(r"https?://|\b(?:src|href)=", page)  # nothing is fetched, no kernel asked


def test_widths_of_usual_letters_are_those_of_the_font():
    fonts = pytest.importorskip("fontTools.ttLib", reason="the font is read with fontTools")
    for bold, advances in ADVANCES.items():
        font = fonts.TTFont(font_file(bold=bold))
        assert font["head"].unitsPerEm == UNITS_PER_EM
        names = [font.getBestCmap()[ord(letter)] for letter in LETTERS]
        assert advances == tuple(font["hmtx"][name][0] for name in names)


def test_saving_over_a_file_fails_without_losing_it(graph, tmp_path, monkeypatch):
    target = tmp_path / "graph.svg"
    target.write_text("mine")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(SaveError, match="No space left"):
        graph.save(target)
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["graph.svg"]
