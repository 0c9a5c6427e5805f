import pickle

from rubricate.errors import CallError, RubricateError, RubricError, UnknownNameError


def test_messages_say_what_where_expected_and_what_to_do():
    error = RubricError("the weight is nan", where="tea.yaml:3", expected="a finite number", hint="Write a number")
    assert str(error) == "tea.yaml:3: the weight is nan; expected a finite number. Write a number"
    assert isinstance(error, ValueError)


def test_errors_survive_pickling_with_their_fields():
    error = CallError("HTTP 429: slow down", status=429, retry_after=2.0, retryable=True, hint="Wait")
    again = pickle.loads(pickle.dumps(error))
    assert (again.status, again.retry_after, again.retryable, str(again)) == (429, 2.0, True, str(error))
    assert isinstance(again, RubricateError)


def test_near_names_come_first():
    error = UnknownNameError.among("policy", "helthbench", ["prbench", "healthbench"])
    assert "Did you mean 'healthbench'?" in str(error)
    assert "healthbench, prbench" in str(error)
