import pytest

from localcloud.errors import AwsError
from localcloud.logs.filter_pattern import compile_filter


@pytest.mark.parametrize(
    ("pattern", "message", "accepted"),
    [
        ("", "anything", True),
        ("  ", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "[error 400]", False),
        ("ERROR REQUEST", "[ERROR 400] BAD REQUEST", True),
        ("ERROR MISSING", "[ERROR 400] BAD REQUEST", False),
        ('"BAD REQUEST"', "[ERROR 400] BAD REQUEST", True),
        ('"REQUEST BAD"', "[ERROR 400] BAD REQUEST", False),
        ('"say \\"hi\\""', 'they say "hi"', True),
        ("?ERROR ?WARN", "a WARN", True),
        ("?ERROR ?WARN", "an INFO", False),
        ('ERROR -ARGUMENTS -"no harm"', "ERROR here", True),
        ("ERROR -ARGUMENTS", "ERROR: ARGUMENTS", False),
        ("-ERROR", "fine", True),
        ("loss=0.5", "epoch 1 loss=0.5", True),
    ],
)
def test_terms(pattern: str, message: str, *, accepted: bool) -> None:
    """Terms, phrases, alternatives and exclusions as the User Guide's "Filter pattern syntax" shows them."""
    assert compile_filter(pattern)(message) is accepted


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ('{ $.level = "error" }', "a filter pattern of JSON is not emulated"),
        ("[ip, user]", "a filter pattern of fields is not emulated"),
        ("%4[0-9]+%", "a regular expression is not emulated"),
        ("?ERROR INFO", "? terms and others is not emulated"),
        ('"never closed', "Invalid filter pattern"),
    ],
)
def test_refused(pattern: str, words: str) -> None:
    """What is not emulated is refused by name, what is no pattern as such."""
    with pytest.raises(AwsError) as refused:
        compile_filter(pattern)
    assert refused.value.code == "InvalidParameterException"
    assert words in refused.value.message
