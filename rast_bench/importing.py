"""Import a user's own object, named `module:object` in a configuration."""

import importlib
from difflib import get_close_matches
from typing import Any

from rast_bench.errors import ConfigError, first_line


def import_object(path: str, context: str) -> Any:
    """Return the object that `module:object` names.

    Args:
        path: `module:object`.
        context: opens the error messages, such as `grader a.b:C`.

    Raises:
        ConfigError: the module cannot be found or imported, or has no such object.
    """
    name, _, attribute = path.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        own = error.name is not None and f"{name}.".startswith(f"{error.name}.")
        hint = "its folder must be on PYTHONPATH" if own else f"{name} imports it: install it"
        raise ConfigError(f"{context}: {first_line(error)}", hint=hint) from error
    except (Exception, SystemExit) as error:
        raise ConfigError(
            f"{context}: importing {name} fails with {type(error).__name__}: {first_line(error)}",
            hint=f"`python -c 'import {name}'` shows the details",
        ) from error
    if not hasattr(module, attribute):
        close = get_close_matches(attribute, dir(module), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"it is read from {module.__file__}"
        raise ConfigError(f"{context}: module {name} has no attribute {attribute!r}", hint=hint)
    return getattr(module, attribute)
