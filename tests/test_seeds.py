from rubricate.seeds import derive, generator


def test_places_are_independent_of_each_other_and_of_the_machine():
    assert derive(0, "judge", "a") == 18207332359707957014
    assert generator(1, "x").random() == generator(1, "x").random()
    assert generator(1, "x").random() != generator(2, "x").random()
    assert derive(0, 1) != derive(0, "1")
