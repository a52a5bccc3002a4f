"""Where things are in a LeRobot dataset of version 3, and whether they are as many as it says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from coral_cli.plugin import UnreadableError
from coral_cli.plugin_recordings import read_json

VERSION = "v3.0"
CONVERTER = "python -m lerobot.scripts.convert_dataset_v21_to_v30 --repo-id=NAME"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEOS = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"


@dataclass(frozen=True)
class Layout:
    """The dataset at ``root``: what ``meta/info.json`` says, and a row per episode, in order."""

    root: Path
    info: dict[str, Any]
    episodes: list[dict[str, Any]]

    @property
    def features(self) -> dict[str, dict[str, Any]]:
        """The columns, and what each holds."""
        return dict(self.info["features"])

    def data(self, number: int) -> Path:
        """Return the file with the rows of an episode."""
        row = self.episodes[number]
        return self._file(DATA, chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])

    def video(self, number: int, key: str) -> tuple[Path, float]:
        """Return the file with an episode's pictures of a camera, and the seconds in it at which the episode begins."""
        row, where = self.episodes[number], f"videos/{key}"
        chunk, file = row[f"{where}/chunk_index"], row[f"{where}/file_index"]
        return self._file(VIDEOS, video_key=key, chunk_index=chunk, file_index=file), row[f"{where}/from_timestamp"]

    def _file(self, form: str, **words: Any) -> Path:
        path = self.root / form.format(**words)
        if not path.is_file():
            raise UnreadableError(f"{path} is missing.", "Was the dataset fetched whole?")
        return path


def open_layout(root: Path) -> Layout:
    """Read what a dataset says of itself. Raises UnreadableError for none, or for one of another version."""
    path = root / "meta" / "info.json"
    if not path.is_file():
        raise UnreadableError(f"{root} is no LeRobot dataset: it holds no meta/info.json.")
    info = read_json(path, 1 << 26)
    _require_version(root, info.get("codebase_version"))
    for name, usual in (("data_path", DATA), ("video_path", VIDEOS)):
        if info.get(name) not in (usual, None):
            raise UnreadableError(f"{path} keeps its files elsewhere than LeRobot does ({name}).")
    _require_form(path, info)
    layout = Layout(root, info, _episodes(root, info))
    _require_counts(layout)
    return layout


def _require_version(root: Path, version: object) -> None:
    if version == VERSION:
        return
    if isinstance(version, str) and version.startswith("v2."):
        older = " (v2.0 has to become v2.1 first, which LeRobot 0.3 does)" if version == "v2.0" else ""
        hint = f"LeRobot converts it{older}: {CONVERTER}"
    else:
        hint = f"Convert it with LeRobot to {VERSION}."
    raise UnreadableError(f"{root} is of LeRobot's version {version!r}, and {VERSION} is what is read.", hint)


def _require_form(path: Path, info: dict[str, Any]) -> None:
    """Raise UnreadableError where the description of a dataset is not of LeRobot's form."""
    features, fps = info.get("features"), info.get("fps")
    if not isinstance(features, dict):
        raise UnreadableError(f"{path} says no features.")
    for name, about in features.items():
        said = about if isinstance(about, dict) else {}
        shape = said.get("shape")
        if not isinstance(said.get("dtype"), str) or not isinstance(shape, list | None):
            raise UnreadableError(f"{path} does not say what {name} holds.")
    if not isinstance(fps, int | float) or not fps > 0:
        raise UnreadableError(f"{path} says no fps above 0.")
    for name in ("total_episodes", "total_frames"):
        if not isinstance(info.get(name), int):
            raise UnreadableError(f"{path} says no {name}.")


def _episodes(root: Path, info: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row per episode, without its statistics, which are most of the file."""
    paths = sorted((root / "meta" / "episodes").glob("*/*.parquet"))
    if not paths:
        raise UnreadableError(f"{root / 'meta' / 'episodes'} holds no table of episodes.")
    rows: list[dict[str, Any]] = []
    for path in paths:
        names = [name for name in pq.read_schema(path).names if not name.startswith(("stats/", "tasks"))]
        rows += pq.read_table(path, columns=names).to_pylist()
    return sorted(rows, key=lambda row: int(row["episode_index"]))


def _require_counts(layout: Layout) -> None:
    """Raise UnreadableError where episodes or their rows are not as many as ``meta/info.json`` says."""
    said, found = layout.info["total_episodes"], len(layout.episodes)
    if [row["episode_index"] for row in layout.episodes] != list(range(found)) or said != found:
        raise UnreadableError(f"{layout.root} should hold {said} episodes, numbered from 0, and lists {found}.")
    said, found = layout.info["total_frames"], sum(int(row["length"]) for row in layout.episodes)
    if said != found:
        raise UnreadableError(f"{layout.root} should hold {said} rows, and its episodes have {found}.")


class Tables:
    """The tables of rows, the file read last kept: episodes beside each other share one."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._last = layout, (Path(), frozenset[str]())
        self._table = pa.table({})

    def rows(self, number: int, columns: frozenset[str]) -> pa.Table:
        """Return the rows of an episode, in order. Raises UnreadableError where they are not as many as said."""
        path = self._layout.data(number)
        if self._last != (path, columns):
            lacking = sorted(columns - set(pq.read_schema(path).names))
            if lacking:
                raise UnreadableError(f"{path} has no column {lacking[0]}, which meta/info.json names.")
            self._table = pq.read_table(path, columns=[*columns, "episode_index", "frame_index"])
            self._last = path, columns
        mask = pa.compute.equal(self._table["episode_index"], number)
        rows = self._table.filter(mask).sort_by("frame_index")
        said = int(self._layout.episodes[number]["length"])
        if rows["frame_index"].to_pylist() != list(range(said)):
            raise UnreadableError(f"episode {number} should have {said} rows, and {path} holds {len(rows)}.")
        return rows
