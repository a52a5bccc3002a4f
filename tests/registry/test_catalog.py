"""Names in the catalog: who owns them, who shares them, which one was meant."""

from __future__ import annotations

from typing import Any

import pytest

from coral_cli.plugin import Encoder, Loss
from coral_cli.registry.catalog import Catalog, Entry, Plugin, module_in
from coral_cli.registry.errors import PluginError, UsageError
from coral_cli.version import CORE, __version__


def unbuilt(*_: Any) -> Any:
    raise AssertionError


def loss(name: str, distribution: str = CORE, version: str = "1.0") -> Entry:
    return Entry(Loss(name, "", unbuilt), distribution, version)


def test_a_built_in_owns_the_bare_name() -> None:
    own, other = loss("cpc"), loss("cpc", "pack")
    catalog = Catalog([own, other])
    assert catalog.get("loss", "cpc") is own
    assert catalog.get("loss", "pack/cpc") is other
    assert catalog.names("loss") == ("cpc", "pack/cpc")


def test_two_strangers_share_a_name() -> None:
    first, second = loss("byol", "pack-a"), loss("byol", "pack-b")
    catalog = Catalog([first, second])
    with pytest.raises(UsageError) as caught:
        catalog.get("loss", "byol")
    assert caught.value.hint == "Write pack-a/byol or pack-b/byol."
    assert catalog.get("loss", "pack-b/byol") is second
    assert catalog.names("loss") == ("pack-a/byol", "pack-b/byol")


def test_a_stranger_alone_has_the_bare_name_too() -> None:
    alone = loss("byol", "pack-a")
    catalog = Catalog([alone])
    assert catalog.names("loss") == ("byol",)
    assert catalog.get("loss", "byol") is catalog.get("loss", "pack-a/byol") is alone


def test_kinds_do_not_clash() -> None:
    encoder = Entry(Encoder("cpc", "", unbuilt), "pack", "1")
    catalog = Catalog([loss("cpc"), encoder])
    assert catalog.get("encoder", "cpc") is encoder


@pytest.mark.parametrize("name", ["image-wise", "image_wise"])
@pytest.mark.parametrize("wanted", ["image-wise", "image_wise"])
def test_underscores_and_hyphens_are_the_same(name: str, wanted: str) -> None:
    entry = loss(name)
    assert Catalog([entry]).get("loss", wanted) is entry


def test_unknown_names() -> None:
    catalog = Catalog([loss("recon"), loss("cpc")])
    with pytest.raises(UsageError, match="there is no loss named 'reccon'") as caught:
        catalog.get("loss", "reccon")
    assert caught.value.hint == "Did you mean 'recon'? Installed: recon, cpc."
    with pytest.raises(UsageError) as caught:
        catalog.get("loss", "zzz")
    assert caught.value.hint == "Installed: recon, cpc."
    with pytest.raises(UsageError) as caught:
        catalog.get("encoder", "conv")
    assert caught.value.hint == "None is installed: see `coral plugins list`."
    with pytest.raises(UsageError) as caught:
        Catalog([loss(f"loss{i}") for i in range(13)]).get("loss", "zzz")
    assert "coral plugins list --kind loss" in caught.value.hint


def test_what_a_checkpoint_names() -> None:
    entry = loss("byol", "pack", "2.0")
    catalog = Catalog([loss("byol"), entry], [Plugin("p", "pack-b", "1", "broken", "ImportError: jax")])
    assert catalog.locate("loss", "byol", "pack", "1.0") is entry
    with pytest.raises(PluginError, match="not installed") as caught:
        catalog.locate("loss", "byol", "pack-c", "3.1")
    assert caught.value.message == "its metadata says that loss 'byol' comes from pack-c 3.1, which is not installed."
    assert caught.value.hint == "If you know that package: pip install 'pack-c==3.1'"
    with pytest.raises(PluginError, match="broken: ImportError: jax"):
        catalog.locate("loss", "byol", "pack-b", "1")


@pytest.mark.parametrize(
    ("distribution", "version"),
    [
        ("https://example.org/pack.whl", "1.0"),
        ("pack @ https://example.org/pack.whl", "1.0"),
        ("pack'; touch here; '", "1.0"),
        ("--index-url=x", "1.0"),
        ("pack-", "1.0"),
        ("p\u0430ck", "1.0"),
        ("pack", "1.0' 'other"),
        ("pack", ""),
        ("pack\n", "1.0"),
    ],
)
def test_a_record_puts_nothing_into_a_command_but_names_and_versions(distribution: str, version: str) -> None:
    with pytest.raises(PluginError) as caught:
        Catalog([loss("cpc")]).locate("loss", "byol", distribution, version)
    assert caught.value.hint == ""
    assert caught.value.message == (
        f"its metadata says that loss 'byol' comes from {distribution!r} of version {version!r}, "
        "which no package can be called."
    )


def test_what_another_version_of_coral_had_is_not_to_be_installed_by_name() -> None:
    with pytest.raises(PluginError) as caught:
        Catalog([loss("cpc")]).locate("loss", "byol", CORE, "0.9")
    message = f"loss 'byol' comes from coral-rl 0.9; this is coral-rl {__version__}, which does not offer it."
    assert caught.value.message == message
    assert caught.value.hint == "Use the version of coral that wrote it."


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("gym:Pendulum-v1", ""),
        ("gym:ALE/Pong-v5", ""),
        ("box-push", ""),
        ("gym:panda_gym:PandaReach-v3", "panda_gym"),
        ("arms.reach:make", "arms.reach"),
        ("gym.reach:make", "gym.reach"),
    ],
)
def test_only_names_without_code_are_looked_up_for_a_checkpoint(name: str, module: str) -> None:
    assert module_in(name) == module
    sought = []
    catalog = Catalog([], find=lambda kind, name: sought.append(name))
    with pytest.raises(
        PluginError, match="is Python code, which only you can allow" if module else "does not offer it"
    ):
        catalog.locate("env", name, CORE, "1.0")
    assert sought == ([name] if name.startswith("gym:") and not module else [])


@pytest.mark.parametrize("name", ["gym:Pendulum-v1?g=9.8", "gym:m:A-v0?file=a:b"])
def test_arguments_of_a_maker_are_no_less_to_be_allowed(name: str) -> None:
    sought: list[str] = []
    with pytest.raises(PluginError, match="which only you can allow") as caught:
        Catalog([], find=lambda kind, name: sought.append(name)).locate("environment", name, CORE, "1.0")
    assert not sought and caught.value.hint.startswith(f"Add --env '{name}' to train, eval or rollout.")
    assert module_in(name) == ("m" if name.startswith("gym:m") else "")


def test_a_path_in_a_hint_is_one_word() -> None:
    with pytest.raises(PluginError) as caught:
        Catalog([loss("cpc")]).locate("loss", "byol", "pack", "1.0", "/home/me/my packs; ls")
    assert caught.value.hint == "If you know that plugin, add --plugin '/home/me/my packs; ls'."


def test_coral_s_former_name_is_understood() -> None:
    own, other = loss("cpc"), loss("cpc", "coral-client")
    catalog = Catalog([own, other])
    for name in ("coral-cli/cpc", "coral_cli/cpc", "coral-rl/cpc"):
        assert catalog.get("loss", name) is own
    assert catalog.get("loss", "coral-client/cpc") is other
    with pytest.raises(UsageError):
        catalog.get("loss", "coral-cli/byol")
