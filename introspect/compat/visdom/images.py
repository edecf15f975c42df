"""``image``, ``images``, ``image_heatmap``, and which picture of a history is shown.

Axes:
    N: pictures, C: channels, H: height, W: width

Not here: pixels and files (``introspect.compat.visdom.pixels``).
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from introspect.compat.visdom import pixels
from introspect.compat.visdom.arguments import array, check, needed, opts_of
from introspect.compat.visdom.message import Message, Sender

Opts = Mapping[str, Any] | None


class Images(Sender):
    """Calls that show pictures."""

    def image(
        self, img: Any, win: str | None = None, env: str | None = None, opts: Opts = None
    ) -> Any:
        """A picture.

        Args:
            img: ``(H, W)`` or ``(C, H, W)`` with 1, 3 or 4 channels; bytes, or floats of 0 to 1 or
                -1 to 1; other values are cut at 0 and 255.
            win: The window; None makes one.
            env: Its environment; None is that of the client.
            opts: normalize, jpgquality, caption, store_history, title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If it is no picture.
        """
        checked = opts_of(opts, "image")
        given = needed(img, "image", "img")
        shown = pixels.as_bytes(given, normalize=bool(checked.get("normalize")))
        return self._picture(pixels.channels_last(shown, "image"), checked, win, env)

    def images(
        self,
        tensor: Any,
        nrow: int = 8,
        padding: int = 2,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """Pictures as a grid.

        Args:
            tensor: ``(N, C, H, W)``, or a list of ``(C, H, W)``.
            nrow: Pictures in a row.
            padding: Pixels around each.
            win: As in `image`.
            env: As in `image`.
            opts: As in `image`.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If it is no batch of pictures.
        """
        batch = needed(tensor, "images", "tensor")
        batch = batch[None] if batch.ndim == 2 else batch
        if batch.ndim == 3:
            return self.image(np.repeat(batch, 3, 0) if len(batch) == 1 else batch, win, env, opts)
        check(
            batch.ndim == 4 and batch.size > 0,
            "images",
            "a batch of pictures is (N, C, H, W).",
            given=batch,
        )
        check(
            nrow >= 1 and padding >= 0,
            "images",
            "nrow is 1 or more, padding 0 or more.",
            given=f"{nrow=}, {padding=}",
        )
        batch = np.repeat(batch, 3, 1) if batch.shape[1] == 1 else batch
        return self.image(_grid(batch, nrow, padding), win, env, opts)

    def image_heatmap(
        self,
        img: Any,
        heatmap: Any,
        win: str | None = None,
        env: str | None = None,
        opts: Opts = None,
    ) -> Any:
        """A picture with a heat map over it.

        Args:
            img: As in `image`.
            heatmap: ``(H, W)``; values beyond 0 to 1 are stretched into it.
            win: As in `image`.
            env: As in `image`.
            opts: alpha, colormap, normalize, jpgquality, caption, title.

        Returns:
            The id of the window.

        Raises:
            VisdomError: If sizes differ, or alpha is not between 0 and 1.
        """
        call = "image_heatmap"
        checked = opts_of(opts, call)
        given = needed(img, call, "img")
        shown = pixels.channels_last(
            pixels.as_bytes(given, normalize=bool(checked.get("normalize"))), call
        )
        colors = np.repeat(shown[..., None], 3, 2) if shown.ndim == 2 else shown[..., :3]
        heat = np.asarray(needed(heatmap, call, "heatmap"), np.float32)
        check(
            heat.shape == colors.shape[:2],
            call,
            "the heat map is as large as the picture.",
            given=f"{heat.shape}, picture {colors.shape[:2]}",
        )
        alpha = checked.get("alpha", 0.5)
        check(
            isinstance(alpha, int | float) and 0 <= alpha <= 1,
            call,
            "opts.alpha is a number from 0 to 1.",
            given=alpha,
        )
        blended = _blended(colors, heat, float(alpha), str(checked.get("colormap", "jet")))
        return self._picture(blended, checked, win, env)

    def _picture(
        self, shown: np.ndarray, opts: dict[str, Any], win: str | None, env: str | None
    ) -> Any:
        source = pixels.picture_source(shown, opts.get("jpgquality"))
        keeps = bool(opts.get("store_history"))
        entry = {
            "content": {"src": source, "caption": opts.get("caption")},
            "type": "image_history" if keeps else "image",
        }
        sized = {"width": shown.shape[1], "height": shown.shape[0]} | opts
        goes_on = keeps and win is not None and bool(self.win_exists(win, env))
        message = Message(data=[entry], win=win, eid=env, opts=sized)
        return self._send(message, "update" if goes_on else "events")

    def image_select(self, win: str, selected: int, env: str | None = None) -> Any:
        """Show one picture of a window with a history.

        Args:
            win: The window.
            selected: Which, from 0.
            env: Its environment.

        Raises:
            VisdomError: If it is no whole number.
        """
        check(win is not None, "image_select", "a window is needed.", hint="win=")
        check(
            isinstance(selected, int), "image_select", "selected is a whole number.", given=selected
        )
        entry = {"type": "image_update_selected", "selected": selected}
        return self._send(Message(data=[entry], win=win, eid=env), "update")

    def update_image_slider(self, win: str, index: Any, env: str | None = None) -> Any:
        """As `image_select`; takes any whole number, NumPy's and tensors, too.

        Args:
            win: The window.
            index: Which, from 0.
            env: Its environment.

        Raises:
            VisdomError: If it is no whole number.
        """
        found = np.asarray(array(index))
        whole = (
            found.size == 1 and found.dtype.kind in "iuf" and float(found) == round(float(found))
        )
        check(whole, "update_image_slider", "index is a whole number.", given=index)
        return self.image_select(win, int(found), env)


def _grid(batch: np.ndarray, nrow: int, padding: int) -> np.ndarray:
    """Float64 ``(C, rows H, columns W)``, 1 between pictures."""
    count, channels, height, width = batch.shape
    columns = min(nrow, count)
    tall, wide = height + 2 * padding, width + 2 * padding
    page = np.ones((channels, tall * math.ceil(count / columns), wide * columns))
    inner = padding + min(padding, 1)  # Visdom stands a pixel further in, where there is one
    for at, picture in enumerate(batch):
        down, right = divmod(at, columns)
        top, left = down * tall + inner, right * wide + inner
        page[:, top : top + height, left : left + width] = picture
    return page


def _blended(colors: np.ndarray, heat: np.ndarray, alpha: float, cmap: str) -> np.ndarray:
    """Uint8 ``(H, W, 3)``."""
    from introspect.compat.visdom.painting.colors import colormap_of  # noqa: PLC0415  matplotlib

    heat = np.nan_to_num(heat, nan=0.0, posinf=1.0, neginf=0.0)
    low, high = float(heat.min()), float(heat.max())
    if low < 0.0 or high > 1.0:
        heat = (heat - low) / (high - low) if high > low else np.zeros_like(heat)
    over = (colormap_of(cmap)(heat)[..., :3] * 255).astype(np.uint8)
    weight = (heat * alpha)[..., None]
    return ((1.0 - weight) * colors + weight * over).clip(0, 255).astype(np.uint8)
