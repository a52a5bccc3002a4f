"""A policy step as files of other programs: torch's own (``.pt2``) and ONNX."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from coral_cli.exporting.policy_step import Form, PolicyStep, input_names, output_names
from coral_cli.registry.errors import AbsentError, CoralError
from coral_cli.runs.files import replacing

NEEDED = ("onnx", "onnxscript", "onnxruntime")
"""Packages that an ONNX program is written and checked with."""
MOST = 4096
"""Episodes of a batch, at most."""


def require_onnx() -> None:
    """Raise AbsentError where a package that ONNX needs is not installed."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    if absent:
        raise AbsentError(
            f"an ONNX program needs {', '.join(absent)}, which {'is' if len(absent) == 1 else 'are'} not installed.",
            f"pip install {' '.join(absent)}; or leave it out: --format torch.",
        )


def traced(step: PolicyStep) -> tuple[ExportedProgram, int | None]:
    """Return the program of a step, and its batch: None where any will do, 1 where a part is made for one alone.

    Raises CoralError where a part of the agent cannot be written down as a program.
    """
    batch = Dim("batch", min=1, max=MOST)
    example = step.form.example(2)
    dynamic = tuple({name: {0: batch} for name in inputs} for inputs in example)
    try:
        return _export(step, step.form.example(2), dynamic), None
    except CoralError:
        raise
    except Exception:  # the tracer raises almost anything
        try:
            return _export(step, step.form.example(1), None), 1
        except Exception as error:
            why = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise CoralError(
                f"a part of this agent cannot be written down as a program ({why.rstrip('.')}).",
                "What its plugins compute must not depend on values; coral_cli.load_agent takes it as it is.",
            ) from error


def write_torch(program: ExportedProgram, path: Path) -> None:
    """Write torch's file. Raises CoralError when it cannot be written."""
    with replacing(path) as partial, quiet():
        content = io.BytesIO()
        torch.export.save(program, content)
        partial.write_bytes(content.getvalue())


def write_onnx(program: ExportedProgram, form: Form, path: Path) -> None:
    """Write ONNX. Raises CoralError when an operation has no counterpart there, or it cannot be written."""
    try:
        with quiet():
            made: Any = torch.onnx.export(
                program,
                input_names=input_names(form),
                output_names=output_names(form),
                dynamo=True,
                verbose=False,
                external_data=False,
            )
    except Exception as error:  # it wraps almost anything
        why = str(error.__cause__ or error).splitlines()[0].rstrip(".")
        raise CoralError(f"this agent cannot be written as ONNX ({why}).", "Leave ONNX out: --format torch.") from error
    with replacing(path) as partial, quiet():
        made.save(str(partial), external_data=False)


def _export(step: PolicyStep, example: tuple[Any, ...], dynamic: Any) -> ExportedProgram:
    with torch.no_grad(), quiet():
        return _without_sources(torch.export.export(step, example, dynamic_shapes=dynamic))


def _without_sources(program: ExportedProgram) -> ExportedProgram:
    """Return a program whose operations no longer say in which files they were written: that may be in a home."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.meta.pop("stack_trace", None)
    return program


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back what torch logs and warns of while it exports: nothing that a user could act on."""
    logger = logging.getLogger("torch")
    level = logger.level
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)
