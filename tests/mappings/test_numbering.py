"""Numbers of several routes, and of the package itself, in one administration."""

import pytest

from mappings.numbering import NumberRange, own_number_problems, range_problems, shape_of
from tests.mappings.builders import codes


def numbers(prefix: str, *samples: str, owner: str = "Winkel") -> NumberRange:
    return NumberRange(owner=owner, prefix=prefix, samples=samples)


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        (numbers("A-"), numbers("A-"), True),
        (numbers("A-"), numbers("a-"), True),
        (numbers("A-"), numbers("B-"), False),
        (numbers("A-"), numbers(""), True),  # the other's numbers may begin with A-
        (numbers("A"), numbers("AB"), True),
        (numbers("A-"), numbers("", "F0001", "F0002"), False),
        (numbers("F"), numbers("", "F0001"), True),
        (numbers("", "F0001"), numbers("", "F0833"), True),
        (numbers("", "F2026-0001"), numbers("", "2026-0001"), False),
        (numbers("W", "0001"), numbers("", "W0001"), True),
        (numbers("W-", "F0001"), numbers("", "F0001"), False),
    ],
)
def test_two_routes(one, other, collide):
    for pair in ([one, other], [other, one]):
        assert bool(range_problems(pair)) is collide


def test_who_collides_is_named():
    (found,) = range_problems([numbers("A-", owner="Winkel"), numbers("A-", owner="WeFact"), numbers("B-")])
    assert found.code == "NUMBER_RANGE_OVERLAPS" and found.blocks
    assert "Winkel" in found.sentence("nl") and "WeFact" in found.sentence("nl")
    assert len(range_problems([numbers("A"), numbers("A"), numbers("A")])) == 3


@pytest.mark.parametrize(
    ("one", "taken", "collide"),
    [
        (numbers("W-"), ["W-0001"], True),
        (numbers("W-"), ["2026-0001"], False),
        (numbers("", "F2026-0001"), ["2026-0001"], False),
        (numbers("", "F2026-0001"), ["f2026-0099"], True),
        (numbers(""), ["1"], True),
        (numbers("W-"), [], False),
    ],
)
def test_the_packages_own_numbers(one, taken, collide):
    assert codes(own_number_problems(one, taken)) == ["NUMBER_RANGE_TAKEN"] * collide


def test_a_few_of_them_are_shown():
    (found,) = own_number_problems(numbers("W"), [f"W{n}" for n in range(9)])
    assert "W0, W1, W2, …" in found.sentence() and "9 invoices" in found.sentence()


def test_shapes():
    assert shape_of(" f2026-0001 ") == "F#-#"
