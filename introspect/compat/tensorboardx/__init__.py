"""tensorboardX 2.6 without its cost: ``from introspect.compat.tensorboardx import SummaryWriter``.

=======================================  ========  =================================================
name                                     is        remark
=======================================  ========  =================================================
``SummaryWriter(...)``, ``use_metadata`` same      unknown arguments warn
all ``add_*`` of tensorboardX            same      better where ``compat.tensorboard`` is
``add_image``                            better    beyond 0 and 1 is cut off; it would wrap around
``add_audio``                            better    without soundfile; int16 as it is
``add_video``                            better    without moviepy; grey, too
``add_embedding``                        better    pictures need not be square
``add_openvino_graph``                   better    a layer that reads several is one node
``write_to_disk``, ``purge_step``        same
``export_scalars_to_json``               same
event files                              better    two writers of one second do not overwrite
                                                   each other; forks append to one file
``GlobalSummaryWriter``                  better    forks share its steps; starts no process for
                                                   them, and nothing is printed
``TorchVis``                             same      without ``"visdom"``
``summary``, ``x2num``, ``utils``,       same      ``summary`` and graphs need the extra
``embedding``, ``crc32c``,                         ``tensorboard``; its classes are those of
``record_writer``, ``onnx_graph``,                 TensorBoard, not of ``tensorboardX.proto``
``event_file_writer``,
``openvino_graph``, ``global_writer``
``comet_config``, ``comet_utils``        not here  warns
``s3://``, ``gs://``                     not here  a clear error; ``register_writer_factory`` for
                                                   ``RecordWriter`` stands
``proto``, ``visdom_writer``             not here
=======================================  ========  =================================================
"""

from introspect.compat.tensorboardx.global_writer import GlobalSummaryWriter as GlobalSummaryWriter
from introspect.compat.tensorboardx.record_writer import RecordWriter as RecordWriter
from introspect.compat.tensorboardx.torchvis import TorchVis as TorchVis
from introspect.compat.tensorboardx.writer import FileWriter as FileWriter
from introspect.compat.tensorboardx.writer import SummaryWriter as SummaryWriter

__all__ = ["FileWriter", "GlobalSummaryWriter", "RecordWriter", "SummaryWriter", "TorchVis"]
