import pytest

from rubricate.errors import SettingError
from rubricate.types import Sample
from rubricate.verifiers.numeric_units import measures, numeric_units


def run(text, expected, **settings):
    return numeric_units(Sample("a", (), text), expected, **settings).value


@pytest.mark.parametrize(
    ("expected", "text", "value"),
    [
        ("9.81 m/s^2", "It is 9.8 m/s².", 1),
        ("9.81 m/s^2", "981 cm s^-2", 1),
        ("9.81 m/s^2", r"$9.81\,\mathrm{m/s^{2}}$", 1),
        ("9.81 m/s^2", "9.81 m/s", 0),
        ("9.81 m/s^2", "10.5 m/s^2", 0),
        ("1 mol/L", "1 mol L-1", 1),
        ("2 N m", "2 J", 1),
        ("6e23 /mol", "6.02e23 /mol", 1),
        ("4.7 kΩ", r"4700 \Omega", 1),
        ("5 µm", r"5\ \mu m", 1),
        ("1 kWh", "3.6 MJ", 1),
        ("100 km/h", "27.78 m/s", 1),
        ("50 %", "so 50%", 1),
        ("3 km", "3 kg", 0),
        ("20 m/s", "20 m/s east of here", 1),
        ("5 s", "I have 5 in total", 0),
        ("12 V", "12 V and 3 A", 0),
        ("10 m", "10 m^99", 0),
        ("25 °C", "298.15 K", 1),
        ("25 °C", "77 °F", 1),
        ("5 °C", "5 K", 0),
        ("20 dB", "20 dB", 1),
        ("30 dBm", "1 W", None),
        ("20 dB", "100 %", None),
        ("5 m", "no number", 0),
    ],
)
def test_values_and_units(expected, text, value):
    assert run(text, expected) == value


@pytest.mark.parametrize(
    ("expected", "missing", "value"),
    [
        ("20 m", "wrong", 0),
        ("20 m", "same", 1),
        ("20 m", "unknown", None),
        ("20 dB", "wrong", 0),
        ("20 dB", "same", None),
        ("20 °C", "same", None),
        ("20 J/K", "same", 1),
    ],
)
def test_a_missing_unit_is_what_the_setting_says_but_never_a_decibel_or_a_temperature(expected, missing, value):
    assert run("It is 20.", expected, missing=missing) == value


def test_steps_of_temperature_are_no_points():
    assert run("a rise of 5 K", "5 °C", difference=True) == 1
    assert run("a rise of 9 degF", "5 degC", difference=True) == 1
    assert run("a rise of 5", "5 °C", difference=True, missing="same") == 1


def test_tolerances_conversion_and_which():
    assert run("101 cm", "1 m") == run("103 cm", "1 m", abs_tol=0.03) == 1
    assert run("102 cm", "1 m") == run("1000 m", "1 km", convert=False) == 0
    assert run("1 km", "1 km", convert=False) == 1
    assert run("12 V and 3 A", "12 V", which="any") == run("12 V and 3 A", "12 V", which="first") == 1
    assert numeric_units(Sample("a", (), "3 km", reference="about 3000 m")).value == 1
    assert numeric_units(Sample("a", (), "3 km", reference="about 3000")).value is None


def test_exponents_are_no_numbers_of_their_own():
    assert [m.text for m in measures("9.81 m/s^2, 3 m2 and 4 L-1")] == ["9.81 m/s^2", "3 m2", "4 L-1"]
    assert [m.value for m in measures("2^10 and 5-3")] == [2, 5, 3]


@pytest.mark.parametrize(
    "bad",
    [{"missing": "fine"}, {"which": "best"}, {"rel_tol": -1}, {"abs_tol": float("nan")}, {"expected": "20"}, {"expected": ""}],
)  # fmt: skip
def test_bad_settings_are_refused(bad):
    with pytest.raises(SettingError):
        run("1 m", **{"expected": "1 m"} | bad)


@pytest.mark.parametrize("piece", ["1 m^", "1 ((((", "1 m**", "1 /", "9" * 50, "1 \\text{", "1 m-9 "])
def test_hostile_texts_do_no_harm(piece):
    assert run(piece * 300, "123456 m") == 0
