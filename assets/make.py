"""The pictures of the README, from a folder that ``introspect demo`` wrote.

    make demo && .venv/bin/python assets/make.py introspect-demo

Writes ``overview.png`` beside this file: the model at the left, its training above its
weights at the right.
"""

import sys
from pathlib import Path

from PIL import Image

HEIGHT, GAP, MARGIN = 1500, 60, 24


def main(folder: Path) -> None:
    model, training, weights = (
        Image.open(folder / name).convert("RGB")
        for name in ("architecture.png", "canvas.png", "weights.png")
    )
    model = scaled(model, width=round(model.width * (HEIGHT * 0.82) / model.height))
    width = round(training.width * (HEIGHT - GAP) / (training.height + weights.height))
    training, weights = scaled(training, width=width), scaled(weights, width=width)
    size = (model.width + GAP + width + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    page = Image.new("RGB", size, "white")
    page.paste(model, (MARGIN, MARGIN))
    left = MARGIN + model.width + GAP
    page.paste(training, (left, MARGIN))
    page.paste(weights, (left, MARGIN + HEIGHT - weights.height))
    page.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        Path(__file__).with_name("overview.png"), optimize=True
    )


def scaled(picture: Image.Image, *, width: int) -> Image.Image:
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "introspect-demo"))
