"""What plugins import to pass exported agents on: folders of ``coral export``, read and verified, and never run."""

from __future__ import annotations

from coral_cli.runs.files import filling
from coral_cli.runs.package import CARD, Package

__all__ = ["CARD", "Package", "filling"]
