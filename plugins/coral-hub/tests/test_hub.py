"""``coral hub``: agents go to a hub, come back verified, and whatever goes wrong is a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import coral_hub
from coral_cli.testing import check, run
from coral_hub import coral_commands

pytest.importorskip("huggingface_hub")

COMMANDS = list(coral_commands())
TRAIN = "train --env toy --method proprio-sac --steps 40 --random-episodes 1 --updates-per-step 0.1 --size tiny --quiet"


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    """An exported agent, with the stand-in of a program: nothing runs it."""
    folder = tmp_path_factory.mktemp("agent")
    assert run(f"{TRAIN} --eval-every 20 --eval-episodes 2 --out {folder / 'run'}").code == 0
    outcome = run(f"export {folder / 'run'} --out {folder / 'out'} --format torch")
    assert outcome.code == 0, outcome.err
    return folder / "out"


@pytest.fixture
def coral(hub):
    """Runs a command line, where ``@`` stands for the stub's address."""
    return lambda line: run(line.replace("@", f"--endpoint {hub.address}"), COMMANDS)


@pytest.fixture
def pushed(coral, agent, hub):
    outcome = coral(f"hub push {agent} me/arm @")
    assert outcome.code == 0, outcome.err
    return hub.files["me/arm"]


@pytest.mark.parametrize("record", COMMANDS, ids=lambda record: record.name)
def test_commands_keep_their_contract(record):
    check(record)


def test_an_agent_comes_back_as_it_went(pushed, coral, agent, tmp_path):
    assert pushed.keys() == {path.name for path in agent.iterdir()} | {"README.md"}
    outcome = coral(f"hub pull me/arm {tmp_path / 'new'} @")
    assert outcome.code == 0, outcome.err
    came = {path.name for path in (tmp_path / "new").iterdir()}
    assert came == {"agent.json", "agent.safetensors"}
    assert (tmp_path / "new" / "agent.safetensors").read_bytes() == (agent / "agent.safetensors").read_bytes()
    returns = [run(f"eval {path} --episodes 1 --json").out for path in (agent, tmp_path / "new")]
    assert json.loads(returns[0])["statistics"] == json.loads(returns[1])["statistics"]


def test_programs_come_when_asked_for_and_scripts_never(pushed, coral, tmp_path):
    assert coral(f"hub pull me/arm {tmp_path / 'new'} --programs @").code == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"agent.json", "agent.safetensors", "policy.pt2"}
    assert coral(f"hub push {tmp_path / 'new'} me/again @").code == 0  # the card names what is there


def test_the_page_says_what_it_is(pushed, agent):
    page, card = pushed["README.md"].decode(), json.loads((agent / "agent.json").read_text())
    assert page.startswith("---\nlibrary_name: coral\n") and "# toy" in page
    assert f"| return | {card['scores']['return/mean']:.4g} |" in page
    assert "| proprio | vector |" in page and card["command"] in page and "coral hub pull me/arm agent" in page


FAULTS = [
    ("it has no agent.json", lambda hub, files: files.pop("agent.json")),
    ("does not have the agent.safetensors", lambda hub, files: files.pop("agent.safetensors")),
    ("does not have the agent.safetensors", lambda hub, files: hub.said_size.update({"agent.safetensors": 7})),
    (
        "is not the file that its card describes",
        lambda hub, files: files.update({"agent.safetensors": _flipped(files)}),
    ),
    ("bytes are allowed|are allowed", lambda hub, files: hub.said_size.update({"agent.json": 1 << 30})),
    ("a file that no agent has", lambda hub, files: files.update({"agent.json": _named(files, "../../x.py")})),
    ("damaged, or no exported agent's", lambda hub, files: files.update({"agent.json": b"{}"})),
    ("broke off", lambda hub, files: setattr(hub, "cut", "agent.safetensors")),
    ("the hub answers me/arm with HTTP 500", lambda hub, files: setattr(hub, "refuse", 500)),
    ("HTTP 403", lambda hub, files: setattr(hub, "refuse", 403)),
    ("there is no repository me/arm", lambda hub, files: hub.files.clear()),
]


def _flipped(files):
    content = files["agent.safetensors"]
    return content[:-1] + bytes([content[-1] ^ 1])


def _named(files, name):
    card = json.loads(files["agent.json"])
    card["files"][name] = {"bytes": 1, "sha256": "0" * 64}
    return json.dumps(card).encode()


@pytest.mark.parametrize(("said", "change"), FAULTS)
def test_what_is_wrong_is_told_and_leaves_nothing(said, change, pushed, coral, hub, tmp_path):
    change(hub, pushed)
    outcome = coral(f"hub pull me/arm {tmp_path / 'new'} @")
    assert outcome.code in (1, 4)
    assert any(part in outcome.err for part in said.split("|")), outcome.err
    assert outcome.err.count("\n") <= 2 and not (tmp_path / "new").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".new")]


def test_too_large_is_not_fetched(pushed, coral, hub, tmp_path):
    hub.asked.clear()
    outcome = coral(f"hub pull me/arm {tmp_path / 'new'} --most 0.001 @")
    if sum(map(len, pushed.values())) > 1_000_000:
        assert outcome.code == 4 and "allowed" in outcome.err
        assert not any("agent.safetensors" in asked for asked in hub.asked)


def test_nobody_is_there(coral, agent, tmp_path):
    outcome = run(f"hub pull me/arm {tmp_path / 'new'} --endpoint http://127.0.0.1:9", COMMANDS)
    assert outcome.code == 1 and "the hub cannot be reached" in outcome.err


def test_pushing_without_a_token(coral, agent, hub):
    hub.refuse = 401
    outcome = coral(f"hub push {agent} me/arm @")
    assert outcome.code == 1 and "HF_TOKEN" in outcome.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hub push {nowhere} me/arm @", "holds no exported agent"),
        ("hub push {agent} a/b/c @", "no repository's name"),
        ("hub pull me/arm {agent} @", "is not empty"),
        ("hub pull me/arm", "missing argument"),
        ("hub fetch", "there is no command 'fetch'"),
    ],
)
def test_what_cannot_be_asked_for(line, said, coral, agent, tmp_path, pushed):
    outcome = coral(line.format(agent=agent, nowhere=tmp_path))
    assert outcome.code in (2, 4) and said in outcome.err


def test_what_was_changed_is_not_pushed(coral, agent, hub, tmp_path):
    for path in agent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "policy.pt2").write_bytes(b"x")
    outcome = coral(f"hub push {tmp_path} me/arm @")
    assert outcome.code == 4 and "is not the file" in outcome.err and not hub.asked


@pytest.mark.parametrize("line", ["hub push {agent} me/arm @", "hub pull me/arm {new} @"])
def test_the_offline_switch(line, agent, hub, tmp_path):
    """huggingface_hub reads it when it is imported, so that takes a program of its own."""
    words = line.replace("@", f"--endpoint {hub.address}").format(agent=agent, new=tmp_path / "new").split()
    place = Path(coral_hub.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "coral_cli", *words, "--plugin", str(place)],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "switched off by HF_HUB_OFFLINE" in done.stderr, done.stderr
    assert not done.stdout and not hub.asked and not (tmp_path / "new").exists()


def test_without_a_token_nothing_is_sent_as_somebody(coral, agent, hub):
    """A hub that lets nobody write is asked without a token, gets no file, and the way to get one is told."""
    hub.refuse = 401
    outcome = coral(f"hub push {agent} me/arm @")
    assert outcome.code == 1 and "hf auth login" in outcome.err and "HF_TOKEN" in outcome.err
    assert hub.authorized == [False] and not any("commit" in asked for asked in hub.asked)


def test_without_huggingface_hub(coral, agent, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    outcome = coral(f"hub push {agent} me/arm @")
    assert outcome.code == 3 and "pip install huggingface_hub" in outcome.err
