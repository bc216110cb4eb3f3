"""Which numbers of Plivo's log can be which phone."""

import pytest

from reminderd.reconciler.numbers import could_be

ANNA = "+14155550101"
MEXICO, LITHUANIA = "+525512345678", "+37061234567"


@pytest.mark.parametrize(
    ("shown", "phone"),
    [
        ("14155550101", ANNA),
        ("1415555XXXX", ANNA),
        ("1415555X101", ANNA),
        ("1415555XX", ANNA),  # a mask need not be as long as what it hides
        ("XXXXXXX0101", ANNA),
        ("XXXXXXXXXXX", ANNA),
        ("1415555", ANNA),
        ("", ANNA),
        ("4155550101", ANNA),
        ("5215512345678", MEXICO),
        ("520455512345678", MEXICO),
        ("5255123XXXXX", MEXICO),
        ("521551234XXXX", MEXICO),
        ("370861234567", LITHUANIA),
        ("37086123XXXX", LITHUANIA),
        ("5d41402abc4b2a76b9719d911017c592".replace("a", "X"), ANNA),
    ],
)
def test_what_hides_or_rewrites_a_phone_could_be_it(shown: str, phone: str) -> None:
    assert could_be(shown, phone)


@pytest.mark.parametrize(
    ("shown", "phone"),
    [
        ("14155550102", ANNA),
        ("1415556XXXX", ANNA),
        ("XXXXXXX0102", ANNA),
        ("1415556", ANNA),
        ("141555501012", ANNA),
        ("5215512345679", MEXICO),
        ("5255124XXXXX", MEXICO),
        ("44770090XXXX", MEXICO),
        ("14155550X0102", LITHUANIA),
    ],
)
def test_what_shows_another_phone_could_not(shown: str, phone: str) -> None:
    assert not could_be(shown, phone)
