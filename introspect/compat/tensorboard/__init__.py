"""``torch.utils.tensorboard``, cheap: ``from introspect.compat.tensorboard import SummaryWriter``.

=======================================  ========  =================================================
name                                     is        remark
=======================================  ========  =================================================
``SummaryWriter(...)``, context manager  same      default folder, ``comment``, ``filename_suffix``
``purge_step``                           same
``max_queue``, ``flush_secs``            better    on disk within a second; see `FileWriter`
``add_scalar``, ``add_scalars``          better    1 us in the loop; ``[1]``-shaped is a scalar
``add_tensor``                           same
``add_histogram``                        better    counted in a thread; what is empty, NaN or
                                                   beyond 1e20 raises nothing
``add_histogram_raw``                    same
``add_image``, ``images``, ``figure``    better    encoded in a thread; a figure keeps its canvas
``add_image_with_boxes``                 same      labels that do not fit warn
``add_video``                            better    any moviepy or none
``add_audio``                            better    an empty sound is one; no print
``add_text``                             same
``add_graph``                            better    our tracer: any model, every input names a
                                                   node; ``use_strict_trace`` is not needed.
                                                   torch's scopes; parameters are one node each
``add_onnx_graph``                       better    without the package onnx; no print
``add_embedding``                        better    every call is listed, after a restart, too
``add_pr_curve``, ``add_pr_curve_raw``   same
``add_custom_scalars``, two more         same
``add_mesh``, ``add_hparams``            same
``flush``, ``close``, ``get_logdir``     same      after ``close`` any ``add_*`` goes on
``FileWriter``, ``RecordWriter``         same
``summary``, ``_convert_np``,            same      ``summary`` needs the extra ``tensorboard``, as
``_utils``, ``_embedding``,                        do graphs; nothing else does
``_onnx_graph``, ``_pytorch_graph``
``s3://``, ``gs://``, ``hdfs://``        not here  a clear error
``_pytorch_graph.parse``, ``GraphPy``    not here  internals of the TorchScript tracer
=======================================  ========  =================================================

Also: a hundred writers of one folder share one file in a process, and a fork goes on with that of
its parent, so that a running TensorBoard misses none; a folder that vanishes or a full disk warns.
"""

from introspect.compat.tensorboard.record_writer import RecordWriter as RecordWriter
from introspect.compat.tensorboard.writer import FileWriter as FileWriter
from introspect.compat.tensorboard.writer import SummaryWriter as SummaryWriter

__all__ = ["FileWriter", "RecordWriter", "SummaryWriter"]
