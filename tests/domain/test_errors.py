"""Errors cross process borders whole."""

import pickle
from datetime import UTC, datetime

import pytest

from boekbrug.domain import errors
from boekbrug.domain.findings import finding


def kinds(base=errors.BoekbrugError):
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", tuple(kinds()), ids=lambda kind: kind.__name__)
def test_every_error_pickles_with_its_context(kind):
    context = {"system": "books", "document": "1042"}
    if issubclass(kind, errors.RetryLater):
        context["not_before"] = datetime(2026, 3, 2, tzinfo=UTC)
    if issubclass(kind, errors.NeedsAttention):
        context["findings"] = (finding("CREDIT_NOT_SUPPORTED"),)
    error = kind("what happened", **context)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == "what happened"
    assert {name: getattr(again, name) for name in context} == context


def test_the_families():
    assert {kind.__name__ for kind in errors.BoekbrugError.__subclasses__()} == {
        "RetryLater",
        "OutcomeUnknown",
        "NeedsAttention",
        "ConnectionBroken",
        "StoreUnavailable",
    }
