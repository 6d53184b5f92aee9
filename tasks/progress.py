"""How far a step is, for whoever watches."""

from typing import Protocol


class Progress(Protocol):
    """Told how far a step is. `total` is None while it is not known."""

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """`done` of `total` documents of the step are through."""
        ...


def unwatched(step: str, done: int, total: int | None) -> None:
    """For when nobody watches."""
