"""Why a process could not start, in words for whoever started it."""


class StartError(Exception):
    """The operator has to change how the process is started; the exit code is 1."""
