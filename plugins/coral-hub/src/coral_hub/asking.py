"""What can be expected to go wrong with a hub, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from coral_cli.plugin import AbsentError, CoralError, UsageError

NETWORK = ("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3")
"""Packages whose errors are the network's."""
LOGIN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write there."


def api(endpoint: str | None) -> Any:
    """Return the hub. Raises AbsentError without huggingface_hub."""
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise AbsentError(
            f"coral hub needs huggingface_hub, which cannot be imported ({error}).", "pip install huggingface_hub"
        ) from error
    return HfApi(endpoint=endpoint, library_name="coral")


@contextmanager
def asking(repository: str) -> Iterator[None]:
    """Turn what a hub, the network or huggingface_hub refuses into a CoralError."""
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError as error:
        raise UsageError(f"{repository!r} is no repository's name.", "Write it as USER/NAME.") from error
    except errors.OfflineModeIsEnabled as error:
        raise CoralError("huggingface_hub is switched off by HF_HUB_OFFLINE.", "Unset it to reach the hub.") from error
    except errors.GatedRepoError as error:
        raise CoralError(f"{repository} asks for its terms to be accepted first.", "Do so on its page.") from error
    except errors.RepositoryNotFoundError as error:
        raise CoralError(f"there is no repository {repository}, or you may not see it.", LOGIN) from error
    except errors.RevisionNotFoundError as error:
        raise UsageError(f"{repository} has no such revision.", "Leave --revision out for the newest.") from error
    except errors.EntryNotFoundError as error:
        raise CoralError(f"{repository} does not have a file any more that it lists.", "Try again.") from error
    except errors.LocalTokenNotFoundError as error:
        raise CoralError("the hub wants to know who you are, and there is no token.", LOGIN) from error
    except errors.HfHubHTTPError as error:
        raise _answered(repository, error) from error
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in NETWORK:
            raise CoralError(
                f"the hub cannot be reached, or broke off ({type(error).__name__}).",
                "Try again; nothing is left behind.",
            ) from error
        raise


def _answered(repository: str, error: Any) -> CoralError:
    code = getattr(error.response, "status_code", 0)
    if code in (401, 403):
        return CoralError(f"the hub refuses {repository} (HTTP {code}).", LOGIN)
    return CoralError(f"the hub answers {repository} with HTTP {code}.", "Try again later.")
