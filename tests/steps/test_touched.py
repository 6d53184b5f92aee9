"""What a run keeps of the documents that it did something with."""

import random

from tasks.touched import ROWS, Touched


def test_however_many_they_are_the_lowest_are_shown_and_few_are_kept() -> None:
    ids = list(range(1, 20 * ROWS))
    random.Random(7).shuffle(ids)
    steps = [Touched(), Touched()]
    for start in range(0, len(ids), 100):
        batch = ids[start : start + 100]
        for touched in steps:
            touched.add(batch)
            assert len(list(touched)) <= 2 * ROWS
    whole_run = Touched()
    for touched in steps:
        whole_run.add(touched)
    assert whole_run.shown == list(range(1, ROWS + 1))
    assert whole_run.are_more


def test_a_full_table_does_not_claim_that_there_are_more() -> None:
    touched = Touched(range(ROWS))
    touched.add(range(ROWS))
    assert touched.shown == list(range(ROWS))
    assert not touched.are_more
    touched.add([ROWS])
    assert touched.are_more
