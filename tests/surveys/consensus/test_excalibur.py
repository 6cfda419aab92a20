"""The files of Excalibur: columns, gaps, and what is wrong on which line."""

import pytest

from surveys.consensus import excalibur
from surveys.consensus.classical_model import Item
from surveys.consensus.excalibur import Unreadable

HEADER = "* CLASS ASCII OUTPUT FILE. NQ=   3   QU=   5  50  95"
DTT = f"""{HEADER}
    1      Ex1    1   Cells built  UNI  5.00000E+0000  1.20000E+0001  2.50000E+0001      shipped in a year
    1      Ex1    2         Price  LOG  1.0E-1  1  1.0E+0001

    2   Ex two    1   Cells built  uni  -9.95000E+0002 -9.95000E+0002 -9.95000E+0002
    2   Ex two    2         Price  log  2.0E-1  2  2.0E+0001
"""
RLS = """    1   Cells built  1.31100E+0001 UNI      shipped in a year
    2         Price  -9.99500E+0002 LOG
"""


def test_what_was_said_and_what_came_true_are_read_together():
    found = excalibur.read(DTT, RLS)
    assert found.levels == (0.05, 0.5, 0.95)
    assert found.items == [Item("Cells built", 13.11), Item("Price", None, logarithmic=True)]
    assert found.estimates == {"Ex1": ((5, 12, 25), (0.1, 1, 10)), "Ex two": (None, (0.2, 2, 20))}
    assert found.seeds == (0,)


def test_old_programs_end_lines_and_files_in_their_own_way():
    found = excalibur.read("\ufeff" + DTT.replace("\n", "\r\n") + "\x1a", RLS.replace("\n", "\r\n") + "\x1a\r\n")
    assert found.items[0].realization == 13.11


def test_tabs_and_any_number_of_levels_are_read():
    header = "* CLASS ASCII OUTPUT FILE. NQ=   7   QU=  10\t25\t35\t50\t65 75\t90"
    row = (
        "    1        A    1       _item  1 UNI  \t7.00E+00\t7.38E+00\t7.63E+00\t8.00E+00\t8.38E+00\t8.63E+00\t9.00E+00"
    )
    found = excalibur.read_dtt(f"{header}\n{row}\n")
    assert found.levels == (0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90)
    assert found.items == (Item("_item  1"),)
    assert found.estimates == {"A": ((7, 7.38, 7.63, 8, 8.38, 8.63, 9),)}


def test_without_true_values_there_are_no_calibration_questions():
    assert excalibur.read(DTT).seeds == ()


ROW = "    1      Ex1    1         Price UNI  1.0  2.0  3.0"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "no levels"),
        ("no header", 1, "no levels"),
        ("QU= five", 1, "no levels"),
        ("QU= 5 95 50", 1, "no levels"),
        ("QU= 0 50 100", 1, "no levels"),
        (f"{HEADER}\n\n{ROW}\nsomething else", 4, "no contributor"),
        (f"{HEADER}\n    x      Ex1    1         Price UNI  1.0  2.0  3.0", 2, "no contributor"),
        (f"{HEADER}\n    1      Ex1    1         Price UNI  1.0  2.0", 2, "no 3 values"),
        (f"{HEADER}\n    1      Ex1    1         Price UNI  1.0  2.0  three", 2, "no 3 values"),
        (f"{HEADER}\n{ROW}\n{ROW}", 3, "has estimated Price before"),
        (f"{HEADER}\n{ROW}\n    2      Ex2    1          Cost UNI  1.0  2.0  3.0", 3, "item 1 was called Price"),
        (f"{HEADER}\n{ROW}\n    2      Ex2    1         Price LOG  1.0  2.0  3.0", 3, "another scale"),
        (f"{HEADER}\n{ROW}\n    1      Ex2    2          Cost UNI  1.0  2.0  3.0", 3, "contributor 1 was called Ex1"),
        (f"{HEADER}\n{ROW}\n    2      Ex1    1         Price UNI  1.0  2.0  3.0", 1, "two contributors have one"),
        (f"{HEADER}\n{ROW}\n    1      Ex1    2         Price UNI  1.0  2.0  3.0", 1, "two items have one"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, line, problem):
    with pytest.raises(Unreadable, match=problem) as refused:
        excalibur.read_dtt(text)
    assert refused.value.line == line
    assert str(refused.value).startswith(f"Line {line}: ")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("    1         Price  1.0E+1 UNI\n    2          Cost  cheap UNI", 2, "no item, true value and scale"),
        ("    1         Price  1.0E+1 UNI\n    2         Price  2.0E+1 UNI", 2, "has a true value already"),
    ],
)
def test_what_is_wrong_with_true_values_is_said_with_its_line(text, line, problem):
    with pytest.raises(Unreadable, match=problem) as refused:
        excalibur.read_rls(text)
    assert refused.value.line == line


def test_true_values_of_what_nobody_was_asked_are_refused():
    with pytest.raises(ValueError, match="Nobody was asked for Weather"):
        excalibur.read(DTT, RLS + "    3       Weather  1.0E+1 UNI\n")
