"""The demo: a small ConvNet on Fashion-MNIST, with everything introspect shows of it.

===========  ==========================================================================
`data`       finds the images, or stands in for them
`convnet`    the model of the classic PyTorch visualisation tutorial
`training`   images and options -> a trained model and a History, with a live canvas
`folder`     the trained model and its History -> the pictures in the demo's folder
===========  ==========================================================================

Run it with ``introspect demo``, or with ``introspect.demo.run()`` in a notebook.

Not here: the command line itself (``introspect.cli``).
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from introspect.demo.folder import Result


def run(
    *,
    epochs: int = 3,
    data: Path | str | None = None,
    out: Path | str = "introspect-demo",
    device: str = "auto",
    seed: int = 0,
) -> "Result":
    """Train on Fashion-MNIST with everything switched on, and write a folder of pictures.

    Args:
        epochs: Times through the 60,000 images; three take about two minutes on two cores.
        data: Folder with the four files; None to look for them (``introspect.demo.data``).
        out: Folder to write; made if need be. A run that lies there already is kept.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        seed: Of weights and the order of the images.

    Returns:
        Files, final loss and accuracy. Ctrl-C ends the training early and still writes them.

    Raises:
        DataError: If `data` lacks a file, or a file found anywhere is damaged.
        DeviceError: If the device is not there.
        SegmentError: If `out` cannot be written.
    """
    from introspect.demo.folder import write  # noqa: PLC0415  matplotlib and torch, when run
    from introspect.demo.training import train  # noqa: PLC0415  same

    folder = Path(out)
    training = train(
        folder / "run",
        epochs=epochs,
        data=None if data is None else Path(data),
        device=device,
        seed=seed,
    )
    return write(training, folder)
