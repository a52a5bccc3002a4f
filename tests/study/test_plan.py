"""The file that says what a sweep consists of."""

from __future__ import annotations

import json

import pytest

from coral_cli.registry.errors import UnreadableError, UsageError
from coral_cli.study.plan import Plan, Planned, held, make_folder, read_plan, write_plan

PLAN = Plan(
    (
        Planned("v-coral-seed0", ("--method", "v-coral", "--seed", "0"), {"method": "v-coral", "seed": "0"}),
        Planned("a,b+c.d_e", ("--distraction=", "--seed", "1"), {}, "v-coral-seed0"),
    ),
    ("/plug in.py",),
)


def test_what_is_written_is_read(tmp_path) -> None:
    make_folder(tmp_path / "a" / "b")
    write_plan(tmp_path / "a" / "b", PLAN)
    assert read_plan(tmp_path / "a" / "b") == PLAN
    lines = (tmp_path / "a" / "b" / "plan.json").read_text().splitlines()
    assert len(lines) == 4 and '"v-coral-seed0"' in lines[1]  # a line for each run


def test_a_plan_that_stands_there_is_not_written_again(tmp_path) -> None:
    write_plan(tmp_path, PLAN)
    before = (tmp_path / "plan.json").stat()
    write_plan(tmp_path, PLAN)
    assert (tmp_path / "plan.json").stat().st_mtime_ns == before.st_mtime_ns
    write_plan(tmp_path, Plan(PLAN.runs[:1]))
    assert len(read_plan(tmp_path).runs) == 1


RUN = {"name": "a", "flags": [], "differs": {}}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"runs": []},
        {"runs": {}, "plugins": []},
        {"runs": [{"name": "a"}], "plugins": []},
        {"runs": [{**RUN, "flags": [3]}], "plugins": []},
        {"runs": [{**RUN, "differs": {"a": []}}], "plugins": []},
        {"runs": [RUN, RUN], "plugins": []},
        {"runs": [], "plugins": "a"},
        {"runs": [{**RUN, "after": "b"}], "plugins": []},
        {"runs": [{**RUN, "after": "a"}], "plugins": []},
        {"runs": [{**RUN, "after": 3}], "plugins": []},
        *(
            {"runs": [{**RUN, "name": name}], "plugins": []}
            for name in ("", "..", "../a", "/a", "a/b", "-a", ".a", "a" * 300, 3)
        ),
    ],
    ids=str,
)
def test_what_is_no_plan_is_told(document, tmp_path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(UnreadableError, match=r"plan.json"):
        read_plan(tmp_path)


def test_where_there_is_none_that_is_said(tmp_path) -> None:
    with pytest.raises(UnreadableError, match=r"is no sweep: it holds no plan.json"):
        read_plan(tmp_path)
    with pytest.raises(UnreadableError, match="does not exist"):
        read_plan(tmp_path / "nowhere")


def test_nothing_else_may_lie_in_its_directory(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        make_folder(tmp_path / "file")
    with pytest.raises(UsageError, match="is not empty, and holds no sweep"):
        make_folder(tmp_path)
    (tmp_path / "plan.json").write_text("")
    make_folder(tmp_path)
    make_folder(tmp_path / "new")
    make_folder(tmp_path / "new")  # which a killed process has left


def test_only_one_process_carries_a_sweep_out(tmp_path) -> None:
    with held(tmp_path), pytest.raises(UsageError, match="another process carries out the sweep in"):
        held(tmp_path).__enter__()
    with held(tmp_path):
        pass
