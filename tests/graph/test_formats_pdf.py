"""PDF, read back by pypdf and poppler; PNG and its limits."""

import io
import re
import shutil
import subprocess

import pytest
import torch
from PIL import Image
from reportlab.pdfbase.ttfonts import TTFontFace
from torch import nn

import introspect
from introspect.errors import FormatError, IntrospectWarning
from introspect.graph.formats import pdf, pdf_fonts, png
from introspect.graph.formats.pdf import to_pdf
from introspect.graph.formats.pdf_shapes import overlaps
from introspect.graph.formats.png import to_png
from introspect.graph.layout.measure import font_file
from introspect.graph.paper import MARGIN_PT, SHEETS_PT, one_sheet, tiled
from introspect.graph.picture import picture
from introspect.nouns.drawing import Cluster, Drawing, Label, Polyline, Rect, Span
from introspect.theme import GRAPH_THEMES

LIGHT = GRAPH_THEMES["light"]
pypdf = pytest.importorskip("pypdf", reason="PDF files are read back with pypdf")


def read(content):
    return pypdf.PdfReader(io.BytesIO(content))


def words(*lines, width=200.0, height=100.0, title="t"):
    labels = [Label(10, 20 + 12 * k, (Span(line, 10.0),)) for k, line in enumerate(lines)]
    return Drawing(width, height, tuple(labels), title, "what it shows")


@pytest.fixture(scope="module")
def tower():
    """A model too large for a sheet: 120 unequal layers in twelve groups."""
    groups = [
        nn.Sequential(*[nn.Linear(8 + k + 10 * g, 9 + k + 10 * g) for k in range(10)])
        for g in range(12)
    ]
    return introspect.trace(nn.Sequential(*groups), torch.zeros(1, 8))


def test_the_file_says_what_it_is_and_never_the_time():
    content = to_pdf(words("hello", title="Résumé <&> 层"), LIGHT)
    found = read(content).metadata
    assert found.title == "Résumé <&> 层"
    assert found.subject == "what it shows"
    assert content == to_pdf(words("hello", title="Résumé <&> 层"), LIGHT)


@pytest.mark.parametrize("bold", [False, True])
def test_a_font_read_in_one_go_is_the_font_that_reportlab_reads(bold):
    file = str(font_file(bold=bold))
    ours, theirs = pdf_fonts._Face(file), TTFontFace(file)
    assert ours.charToGlyph == theirs.charToGlyph
    assert list(ours.glyphPos) == theirs.glyphPos
    codes = range(0x3000)
    assert [ours.getCharWidth(code) for code in codes] == [
        theirs.getCharWidth(code) for code in codes
    ]
    subset = [*range(32, 127), 0xD7, 0x2192, 0xE9]
    assert ours.makeSubset(subset) == theirs.makeSubset(subset)


def pdftotext(content, tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("poppler-utils is not installed")
    (tmp_path / "a.pdf").write_bytes(content)
    run = subprocess.run(["pdftotext", tmp_path / "a.pdf", "-"], capture_output=True, check=True)
    return run.stdout.decode()


def test_letters_that_the_font_lacks_are_drawn_as_boxes_and_copied_as_themselves(tmp_path):
    content = to_pdf(words("layer 层🙂 end", "(back\\slash) %"), LIGHT)
    text = pdftotext(content, tmp_path)
    assert "layer 层🙂 end" in text
    assert "(back\\slash) %" in text
    fonts = {
        str(f.get_object()["/BaseFont"])
        for f in read(content).pages[0]["/Resources"]["/Font"].values()
    }
    assert all("DejaVuSans" in font or font == "/Helvetica" for font in fonts)


@pytest.mark.parametrize(
    "name", ["</script>", '"><img onerror=x>', "]]>", "javascript:x", "%%EOF", "endstream", "\\)Tj"]
)
def test_a_hostile_name_is_text_in_a_pdf(name, tmp_path):
    class Hostile(nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module(name, nn.Linear(2, 2))

        def forward(self, x):
            return next(self.children())(x) * 2

    graph = introspect.Tracer(name=name).trace(Hostile(), torch.zeros(1, 2))
    graph.save(tmp_path / "b.pdf")
    content = (tmp_path / "b.pdf").read_bytes()
    reader = read(content)
    assert len(reader.pages) == 1
    assert reader.metadata.title == name
    assert "/JavaScript" not in content.decode("latin-1")
    assert "/Annots" not in reader.pages[0]
    assert pdftotext(content, tmp_path).count(name) >= 2  # the title and the layer


def test_words_behind_words_are_not_copied_twice(tmp_path):
    drawing = Drawing(100, 50, (Label(5, 20, (Span("8×56×56", 8.0),), halo="page"),))
    assert pdftotext(to_pdf(drawing, LIGHT), tmp_path).split() == ["8×56×56"]


def test_outer_groups_are_bookmarks(tower):
    content = to_pdf(picture(tower, depth="all", fold=False), LIGHT)
    reader = read(content)
    assert [mark.title for mark in reader.outline] == [f"{k} Sequential" for k in range(12)]


def test_a_bookmark_leads_to_the_corner_of_its_group():
    frame = Cluster((Rect(30, 40, 100, 50),), "outer", "group")
    inner = Cluster((Rect(35, 50, 20, 20),), "inner", "group")
    reader = read(to_pdf(Drawing(200, 200, (frame, inner)), LIGHT))
    assert [mark.title for mark in reader.outline] == ["outer"]
    mark = reader.outline[0]
    assert float(mark["/Left"]), float(mark["/Top"]) == (30.0, 160.0)


@pytest.mark.parametrize("fit", list(SHEETS_PT))
@pytest.mark.parametrize(("width", "height"), [(300, 2000), (2000, 300), (100, 100)])
def test_a_drawing_fits_its_sheet_the_way_round_that_suits_it(fit, width, height):
    drawing = words("a", width=width, height=height)
    box = read(to_pdf(drawing, LIGHT, fit=fit)).pages[0].mediabox
    size = float(box.width), float(box.height)
    assert sorted(size) == pytest.approx(sorted(SHEETS_PT[fit]), abs=0.1)
    if width != height:
        assert (size[0] > size[1]) == (width > height)
    sheet = one_sheet(drawing, fit)
    assert width * sheet.scale <= sheet.inner[0] + 1e-6
    assert height * sheet.scale <= sheet.inner[1] + 1e-6
    assert sheet.scale <= 1


@pytest.mark.parametrize(("width", "height"), [(1700, 900), (600, 4000), (4000, 4000)])
def test_tiles_together_show_everything_and_overlap(width, height):
    tiling = tiled(words("a", width=width, height=height), "A4", 0.8)
    spans = {0: [], 1: []}
    for column in range(tiling.columns):
        left, _, wide, _ = tiling.part(column, 0)
        spans[0].append((left, left + wide))
    for row in range(tiling.rows):
        _, top, _, tall = tiling.part(0, row)
        spans[1].append((top, top + tall))
    for axis, length in ((0, width), (1, height)):
        assert spans[axis][0][0] == 0
        assert spans[axis][-1][1] >= length
        for before, after in zip(spans[axis], spans[axis][1:], strict=False):
            assert (before[1] - after[0]) * tiling.scale == pytest.approx(18)
        if len(spans[axis]) > 1:
            assert spans[axis][-2][1] < length  # no sheet too many


def test_each_word_is_on_a_tile_and_no_tile_holds_words_of_another(tower, tmp_path):
    tower.save(tmp_path / "tiles.pdf", fit="A4", tiles=True, depth="all", fold=False)
    reader = read((tmp_path / "tiles.pdf").read_bytes())
    assert len(reader.pages) >= 2
    texts = [page.extract_text() for page in reader.pages]
    drawing = picture(tower, depth="all", fold=False)
    labels = [shape for shape in drawing.walk() if isinstance(shape, Label)]
    written = {span.text.strip("\xa0") for label in labels for span in label.spans}
    together = " ".join(texts).replace("\xa0", " ")
    assert all(word.replace("\xa0", " ") in together for word in written)
    assert re.search(r"row 1 of \d+, column 1 of \d+", texts[0])
    assert len(reader.outline) == 12
    assert max(len(text) for text in texts) < 0.9 * sum(len(text) for text in texts)


def test_a_sheet_that_would_make_words_too_small_becomes_several_and_says_so(tower, tmp_path):
    with pytest.warns(IntrospectWarning, match="smallest words would be .* points"):
        tower.save(tmp_path / "a.pdf", fit="letter", depth="all", fold=False)
    assert len(read((tmp_path / "a.pdf").read_bytes()).pages) > 1
    tower.save(tmp_path / "b.pdf", fit="letter", depth="all", fold=False, tiles=False)
    assert len(read((tmp_path / "b.pdf").read_bytes()).pages) == 1


def test_a_picture_for_paper_shows_as_much_as_can_be_read(tower):
    for fit in ("A4", "A3"):
        drawing = picture(tower, fold=False, fit=fit)
        assert one_sheet(drawing, fit).scale >= 0.8


def test_a_drawing_larger_than_any_page_is_made_smaller():
    reader = read(to_pdf(words("far", width=20_000, height=40_000), LIGHT))
    box = reader.pages[0].mediabox
    assert float(box.height) == pytest.approx(pdf.LARGEST_PAGE_PT)
    assert float(box.width) == pytest.approx(pdf.LARGEST_PAGE_PT / 2)


@pytest.mark.parametrize("name", list(GRAPH_THEMES))
def test_pdf_and_png_show_the_same_picture(name, residual, tmp_path):
    if not shutil.which("pdftoppm"):
        pytest.skip("poppler-utils is not installed")
    drawing = picture(introspect.trace(residual, torch.zeros(4, 8)), depth="all")
    theme = GRAPH_THEMES[name]
    (tmp_path / "a.pdf").write_bytes(to_pdf(drawing, theme))
    subprocess.run(
        ["pdftoppm", "-r", "72", "-png", "-singlefile", tmp_path / "a.pdf", tmp_path / "a"],
        check=True,
    )
    ours = Image.open(io.BytesIO(to_png(drawing, theme, scale=1))).convert("L")
    theirs = Image.open(tmp_path / "a.png").convert("L").resize(ours.size)
    small = [image.resize((ours.width // 4, ours.height // 4), 4) for image in (ours, theirs)]
    difference = sum(abs(a - b) for a, b in zip(*(i.tobytes() for i in small), strict=True))
    assert difference / (small[0].width * small[0].height) < 6  # of 255


def test_dpi_and_scale_are_pixels_an_inch_and_a_point():
    drawing = words("a", width=144, height=72)
    for options, width in (
        ({"dpi": 300}, 600),
        ({"scale": 3}, 432),
        ({}, 288),
        ({"scale": 0.5}, 72),
    ):
        assert Image.open(io.BytesIO(to_png(drawing, LIGHT, **options))).width == width


def test_too_many_pixels_say_what_would_fit(monkeypatch):
    monkeypatch.setattr(png, "MOST_PIXELS", 1_000_000)
    drawing = words("a", width=1000, height=1000)
    with pytest.raises(FormatError) as caught:
        to_png(drawing, LIGHT, scale=4)
    assert "scale=4: 4,000 × 4,000 pixels, 16 million of at most 1 million" in str(caught.value)
    assert "scale=1, a smaller depth=" in str(caught.value)
    with pytest.raises(FormatError, match="dpi=72, a smaller"):
        to_png(drawing, LIGHT, dpi=300)
    assert Image.open(io.BytesIO(to_png(drawing, LIGHT))).width == 1000  # nothing was asked for


def test_what_a_tile_leaves_out_cannot_be_seen_on_it():
    part = (100.0, 100.0, 50.0, 50.0)
    assert overlaps(Rect(90, 90, 20, 20), *part)
    assert not overlaps(Rect(10, 110, 20, 20), *part)
    assert overlaps(Polyline(((0, 120), (300, 120))), *part)
    assert not overlaps(Polyline(((0, 20), (300, 20))), *part)
    assert overlaps(Label(160, 120, (Span("wide enough", 10.0),), "end"), *part)
    assert not overlaps(Label(160, 120, (Span("wide enough", 10.0),)), *part)
    assert MARGIN_PT > 0
