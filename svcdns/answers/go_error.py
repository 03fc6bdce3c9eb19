"""What can be wrong with a template: as it is written, or when it meets a query."""


class TemplateSyntaxError(ValueError):
    """A template that cannot be used; whoever knows where it stands makes a mistake of it."""

    def __init__(self, position: int, problem: str, hint: str = "", width: int = 1) -> None:
        super().__init__(problem)
        self.position = position
        """Characters before the place."""
        self.problem = problem
        self.hint = hint
        self.width = width
        """Characters that are wrong."""


class TemplateError(Exception):
    """A template that fails for one query; the text is a sentence."""
