"""Every error that a user can cause or meet, in one tree.

The command line prints `error: …` and `hint: …` for these and exits with `exit_code`. Anything else
is a bug: its stack trace goes to a file (unexpected.py), and the user sees a line that names it.

    RastBenchError
    ├── ConfigError        a key, an option or a value of the configuration
    ├── ModelError         a checkpoint that is missing, broken or does not match its partner
    ├── DatasetError       a data set that is missing or lacks a field
    ├── LedgerError        the results folder: not writable, full, corrupt beyond repair
    ├── EngineError        an engine that is not installed or cannot serve the request
    ├── TrackerError       a tracker that cannot be reached, has no key, or refuses what it is sent
    ├── OutputError        stdout or stderr that is closed or full
    └── UnexpectedError    anything else that was raised: a bug
"""


class RastBenchError(Exception):
    """One clear line that names the thing and its location, and a hint that says what to do next.

    `here_only`: only this machine lacks something (a network, a package), so a plan for another
    machine can go on.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None, here_only: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.here_only = here_only
        if hint:
            self.add_note(f"hint: {hint}")  # shown in the traceback of a notebook

    def render(self) -> str:
        """Return the two lines that a user sees on stderr, readable without colour."""
        lines = [f"error: {self.message}"]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        # User-supplied names may contain line breaks, which would look like our own lines.
        return "\n".join(line.replace("\n", "\\n") for line in lines)


class ConfigError(RastBenchError):
    pass


class ModelError(RastBenchError):
    pass


class DatasetError(RastBenchError):
    pass


class LedgerError(RastBenchError):
    pass


class EngineError(RastBenchError):
    pass


class TrackerError(RastBenchError):
    pass


class OutputError(RastBenchError):
    exit_code = 1


class UnexpectedError(RastBenchError):
    exit_code = 1


def first_line(error: BaseException) -> str:
    """Return the first line of another library's message; the error's type if the message is
    empty.
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
