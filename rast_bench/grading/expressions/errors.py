"""Reasons why an answer could not be parsed as an expression."""


class UnreadableError(ValueError):
    """The text is not mathematics in the dialect."""


class ForeignCharacterError(UnreadableError):
    """A character belongs to no token."""


class OversizedError(ValueError):
    """The text is too long or nested too deeply to be an answer."""


class WorkLimitError(ArithmeticError):
    """Evaluation would take too much work, as for 9^{9^{9^9}}."""
