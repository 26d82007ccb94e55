"""A trainable of one's own: `package.module:function`, found, called and held to what it must report."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from trainables.contract import Session, TrialConfig, TrialError
from trainables.contract.checks import CheckedSession

Trainable = Callable[[TrialConfig, Session], None]


def train(name: str, code: Sequence[Path], config: TrialConfig, session: Session) -> None:
    """Runs a trial by the function that `name` names.

    Args:
        name: `package.module:function`.
        code: folders that modules are looked for in, before all others.
        config: of the trial.
        session: gets every report that is what it must be.

    Raises:
        TrialError: there is no such function, or it reported what no trial may.
    """
    function = load_trainable(name, code)
    checked = CheckedSession(config, session)
    function(config, checked)
    checked.must_be_whole()


def load_trainable(name: str, code: Sequence[Path] = ()) -> Trainable:
    """The function. Raises TrialError: no such module, no such function, or it takes other arguments."""
    module, _, attribute = name.partition(":")
    sys.path[:0] = [
        str(folder) for folder in code if str(folder) not in sys.path
    ]  # as `python script.py` does
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        looked = f". It was looked for in {', '.join(map(str, code))} first" if code else ""
        raise TrialError(f"trainable is {name!r}, but there is no module {error.name!r}{looked}") from error
    function = getattr(found, attribute, None)
    if not callable(function):
        there = ", ".join(sorted(key for key, value in vars(found).items() if inspect.isfunction(value)))
        raise TrialError(
            f"trainable is {name!r}, but {module} has no function {attribute!r}; it has: {there or 'none'}"
        )
    if fault := _signature_fault(function):
        raise TrialError(f"trainable is {name!r}, which {fault}; it must be {attribute}(config, session)")
    return function  # type: ignore[no-any-return]


def _signature_fault(function: Callable[..., Any]) -> str | None:
    try:
        inspect.signature(function).bind(None, None)
    except TypeError as error:
        return f"cannot be called with a TrialConfig and a Session: {error}"
    except ValueError:  # a builtin, which has no signature
        return None
    return None
