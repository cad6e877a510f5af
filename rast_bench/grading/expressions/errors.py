"""Why an answer did not become an expression."""


class UnreadableError(ValueError):
    """Not mathematics in the dialect."""


class ForeignCharacterError(UnreadableError):
    """A character that belongs to no token."""


class OversizedError(ValueError):
    """Too long or nested too deeply to be an answer."""


class WorkLimitError(ArithmeticError):
    """Evaluating it would take more work than any answer is worth, such as 9^{9^{9^9}}."""
