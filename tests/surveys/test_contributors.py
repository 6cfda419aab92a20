"""Contributors as tables: what a file would change, what it never changes, and that it comes back as it went."""

import contextlib
import csv
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from naatbatt.mail.models import Suppression
from surveys import contributors
from surveys.contributors import Outcome, Unreadable, importing, tables
from surveys.models import Contributor
from tests.factories import ContributorFactory, SuppressionFactory, TopicFactory
from tests.rows import every_row

pytestmark = pytest.mark.django_db

HEAD = "name,email,sector,affiliation,position,country,topics,note"


def bring_in(*lines, head=HEAD, commit=True):
    return contributors.bring_in(content="\n".join((head, *lines)).encode(), commit=commit)


def workbook(*rows):
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def exported(kind):
    if kind == "csv":
        return "".join(contributors.as_csv(Contributor.objects.all())).encode()
    file = io.BytesIO()
    contributors.as_xlsx(Contributor.objects.all(), file)
    return file.getvalue()


def outcomes(report):
    return [line.outcome for line in report.lines]


# --- what a line comes to


def test_a_new_line_is_a_new_contributor():
    TopicFactory(slug="cells", name="Cells")
    TopicFactory(slug="supply", name="Supply chains")

    report = bring_in("Ada Sample, Ada@Example.org ,Industry,Example Cells,CTO,us,cells; Supply chains,Knows anodes.")

    assert (outcomes(report), report.committed) == ([Outcome.NEW], True)
    ada = Contributor.objects.get()
    assert (ada.name, ada.email, ada.sector) == ("Ada Sample", "ada@example.org", "industry")
    assert (ada.affiliation, ada.position, ada.country, ada.note) == ("Example Cells", "CTO", "US", "Knows anodes.")
    assert [topic.slug for topic in ada.topics.all()] == ["cells", "supply"]


def test_without_commit_nothing_is_written():
    ContributorFactory(email="ada@example.org")
    before = every_row()

    report = bring_in("Ada,ada@example.org,academia", "Bob,bob@example.org,industry", commit=False)

    assert (outcomes(report), report.committed) == ([Outcome.UPDATED, Outcome.NEW], False)
    assert every_row() == before


def test_the_same_address_in_other_letters_is_the_same_person_and_the_fields_are_named():
    ContributorFactory(name="Ada Sample", email="ada@example.org", affiliation="Example Cells", country="DE")

    report = bring_in("Ada Sample,ADA@example.ORG,government,Example Agency,,,,")

    (line,) = report.lines
    assert line.outcome == Outcome.UPDATED
    assert line.remarks == ("Updated: sector (was “industry”), affiliation (was “Example Cells”).",)
    ada = Contributor.objects.get()
    assert (ada.sector, ada.affiliation, ada.country) == ("government", "Example Agency", "DE")


def test_an_empty_cell_leaves_what_is_there():
    ada = ContributorFactory(email="ada@example.org", note="Knows anodes.")
    ada.topics.add(TopicFactory())

    assert outcomes(bring_in("Ada,ada@example.org,,,,,,")) == [Outcome.UPDATED]  # the name only
    ada.refresh_from_db()
    assert (ada.name, ada.sector, ada.note, ada.topics.count()) == ("Ada", "industry", "Knows anodes.", 1)


def test_brought_in_again_it_changes_nothing():
    lines = ["Ada,ada@example.org,industry,Cells,,,,", "Bob,bob@example.org,academia,,,,,"]
    bring_in(*lines)
    before = every_row()

    assert outcomes(bring_in(*lines)) == [Outcome.UNCHANGED] * 2
    assert every_row() == before


def test_two_lines_with_one_address_are_taken_together():
    report = bring_in("Ada,ada@example.org,industry,,,,,", "Ada,ADA@example.org,industry,Example Cells,,,,")

    assert outcomes(report) == [Outcome.NEW, Outcome.UPDATED]
    assert "Same address as line 2" in report.lines[1].remarks[0]
    assert Contributor.objects.get().affiliation == "Example Cells"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Ada,ada@example.org,military", "“military” is no sector; there are industry, academia, government."),
        ("Ada,ada@example.org,", "“” is no sector"),
        ("Ada,ada at example.org,industry", "Enter a valid email address"),
        ("Ada,,industry", "address: This field cannot be blank"),
        (",ada@example.org,industry", "name: This field cannot be blank"),
        ("Ada,ada@example.org,industry,,,USA", "“USA” is no country"),
        ("Ada,ada@example.org,industry,,,,astrology", "Unknown topic: astrology"),
        (f"{'A' * 10_000},ada@example.org,industry", "at most 120 characters"),
        (f"Ada,ada@example.org,industry,,,,,{'A' * 10_001}", "longer than 10000 characters"),
        ("A\0da,ada@example.org,industry", "cannot be printed"),
        ("A\ufffdda,ada@example.org,industry", "damaged on the way"),
    ],
)
def test_a_wrong_line_says_why_and_nothing_of_the_file_is_taken(line, says):
    report = bring_in("Bob,bob@example.org,industry", line)

    assert outcomes(report) == [Outcome.NEW, Outcome.WRONG]
    assert report.lines[1].number == 3
    assert says in " ".join(report.lines[1].remarks)
    assert not report.committed
    assert not Contributor.objects.exists()


def test_lines_are_numbered_as_in_the_file():
    report = bring_in('Ada,ada@example.org,industry,,,,,"one\ntwo"', "", "Bob,bob@example.org,none")

    assert [line.number for line in report.lines] == [2, 5]


@pytest.mark.parametrize("stream", ["", "survey"])
def test_who_asked_not_to_be_written_to_is_not_brought_back(stream):
    SuppressionFactory(address="ada@example.org", stream=stream)

    report = bring_in("Ada,Ada@example.org,industry", "Bob,bob@example.org,industry")

    assert outcomes(report) == [Outcome.LEFT_OUT, Outcome.NEW]
    assert "asked not to be written to" in report.lines[0].remarks[0]
    assert list(Contributor.objects.values_list("name", flat=True)) == ["Bob"]


def test_who_left_the_newsletter_only_may_be_asked():
    SuppressionFactory(address="ada@example.org", stream="newsletter")

    assert outcomes(bring_in("Ada,ada@example.org,industry")) == [Outcome.NEW]


def test_a_known_person_stays_suppressed_while_the_rest_is_brought_up_to_date():
    ContributorFactory(email="ada@example.org")
    SuppressionFactory(address="ada@example.org")

    report = bring_in("Ada,ada@example.org,academia")

    assert report.lines[0].outcome == Outcome.UPDATED
    assert "Stays suppressed" in report.lines[0].remarks[0]
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("name", ["Dr. Jane Doe", "Doe, Jane", "jane  DOE", "Jané Doe", "Jane Do", "Prof. Jane M. Doe"])
def test_somebody_alike_under_another_address_is_suggested(name):
    ContributorFactory(name="Jane Doe", email="jane@example.org", affiliation="Example University")

    report = bring_in(f'"{name}",doe@example.com,academia,Example University')

    assert report.lines[0].remarks == ("Is this Jane Doe, Example University <jane@example.org>?",)


def test_somebody_alike_in_the_same_file_is_suggested():
    report = bring_in("Jane Doe,jane@example.org,industry", "Jane Doe,doe@example.org,industry")

    assert report.lines[1].remarks == ("Is this Jane Doe <jane@example.org>?",)


@pytest.mark.parametrize(("name", "place"), [("Joan Roe", "Example University"), ("Jane Doe", "Ministry of Mines")])
def test_another_name_or_another_place_is_somebody_else(name, place):
    ContributorFactory(name="Jane Doe", email="jane@example.org", affiliation="Example University")

    assert bring_in(f"{name},doe@example.com,academia,{place}").lines[0].remarks == ()


def test_known_people_cost_the_same_queries_however_many(django_assert_num_queries):
    lines = [f"Person {n},person{n}@example.com,academia" for n in range(40)]
    for count in (1, 40):
        Contributor.objects.all().delete()
        with django_assert_num_queries(6):
            bring_in(*lines[:count])


def test_who_is_written_by_somebody_else_at_the_same_moment_is_nobodys_error(monkeypatch):
    def collides(plan):
        ContributorFactory(email="bob@example.org")
        Contributor.objects.bulk_create(plan.changed.values())

    monkeypatch.setattr(importing._Plan, "write", collides)
    report = bring_in("Ada,ada@example.org,industry", "Bob,bob@example.org,industry")

    assert (report.collided, report.committed) == (True, False)
    assert not Contributor.objects.exists()


# --- what kinds of file


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("letters", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_separators_and_letters_are_found_out(separator, letters):
    text = (
        separator.join(["Name", "E-Mail", "Sector"]) + "\r\n" + separator.join(["Jürgen", "j@example.org", "academia"])
    )

    contributors.bring_in(content=text.encode(letters), commit=True)

    assert Contributor.objects.get().name == "Jürgen"


def test_columns_may_be_called_otherwise_and_unknown_ones_are_named():
    report = bring_in(
        "Ada,ada@example.org,industry,Cells,CTO,secret", head="Full Name,E-Mail_Address,Group,Company,Job title,Phone"
    )

    assert report.ignored == ["Phone"]
    assert (Contributor.objects.get().affiliation, Contributor.objects.get().position) == ("Cells", "CTO")


def test_a_workbook_is_read_like_a_text_file():
    report = contributors.bring_in(
        content=workbook(["Name", "Mail", "Sector", "Note"], [], ["Ada", "ada@example.org", "industry", 2035.0]),
        commit=True,
    )

    assert [line.number for line in report.lines] == [3]
    assert Contributor.objects.get().note == "2035"


def bomb():
    """A workbook that says that it unpacks to more than is allowed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/sharedStrings.xml", b"0" * (tables.MOST_UNPACKED + 1))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n , \n", "empty"),
        (b"name,email\nAda,ada@example.org", "Missing: sector."),
        (b"name,email,sector,mail\n", "Two columns are called “email”."),
        (b"name,email,sector\n" + b"x" * 200_000, "Line 2 cannot be read"),
        (b"x" * (tables.MOST_BYTES + 1), "larger than 1024 KB"),
        (b"name,email,sector\n" + b"a,b,c\n" * (tables.MOST_ROWS + 1), "more than 3000 lines"),
        (b"PK\x03\x04 not really", "This workbook cannot be read"),
        (bomb(), "too large once unpacked"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content, says):
    with pytest.raises(Unreadable, match=says.replace("(", r"\(")):
        contributors.bring_in(content=content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=300).map(lambda rest: b"PK\x03\x04" + rest),
        st.binary(max_size=300).map(lambda rest: b"name;email;sector\n" + rest),
        st.text(max_size=300).map(lambda rest: (HEAD + "\n" + rest).encode("utf-8", "surrogatepass")),
    )
)
def test_whatever_the_bytes_they_are_read_or_refused_in_words(content):
    with contextlib.suppress(Unreadable):
        report = contributors.bring_in(content=content)
        assert all(line.remarks for line in report.lines if line.outcome == Outcome.WRONG)


# Made once: its size changes with the time that is written into it.
SOUND = workbook(["name", "email", "sector"], ["Ada", "ada@example.org", "industry"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused_in_words(data):
    whole = bytearray(SOUND)
    for _hole in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Unreadable):
        contributors.bring_in(content=bytes(whole))


# --- out, and in again

HOSTILE = ["=1+1", "+49 30", "-", "@SUM(A1)", "'quoted", "'=twice", '=HYPERLINK("x","y")', "a;b,c\td", "שלום", "🔋"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_could_be_a_formula_leaves_as_text(kind):
    for text in HOSTILE:
        ContributorFactory(affiliation=text)
    content = exported(kind)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        rows = [[str(cell or "") for cell in row] for row in load_workbook(io.BytesIO(content)).active.values]
        cells = [cell for row in load_workbook(io.BytesIO(content)).active.rows for cell in row]
        assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n"}  # n: empty; never f
    assert len(rows) == len(HOSTILE) + 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_out_and_in_again_changes_nothing(kind):
    for text in HOSTILE:
        ContributorFactory(affiliation=text, note=f"{text}\r\nand more", country="DE").topics.add(TopicFactory())
    before = every_row()

    report = contributors.bring_in(content=exported(kind), commit=True)

    assert set(outcomes(report)) == {Outcome.UNCHANGED}
    assert every_row() == before


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufffe\uffff"), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=3), kind=st.sampled_from(["csv", "xlsx"]))
def test_out_and_in_again_changes_nothing_whatever_the_words(texts, kind):
    Contributor.objects.all().delete()
    for name, affiliation, note in texts:
        ContributorFactory(name=f"N{name}", affiliation=affiliation, note=note)
    before = list(Contributor.objects.order_by("pk").values())

    report = contributors.bring_in(content=exported(kind), commit=True)

    assert set(outcomes(report)) == {Outcome.UNCHANGED}, report.lines
    assert list(Contributor.objects.order_by("pk").values()) == before


@given(text=st.text())
def test_disarming_is_undone(text):
    assert tables.rearm(tables.disarm(text)) == text


@pytest.mark.parametrize("number", [1, 3])
def test_writing_out_costs_the_same_queries_however_many(number, django_assert_num_queries):
    for _more in range(number):
        ContributorFactory().topics.add(TopicFactory())
    with django_assert_num_queries(2):
        exported("csv")


# --- the command


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_command_writes_out_and_brings_in(tmp_path, ending, capsys):
    ContributorFactory(name="Ada Sample", email="ada@example.org")
    file = tmp_path / f"people.{ending}"
    call_command("contributors", "export", str(file))
    assert "1 contributors written" in capsys.readouterr().out
    Contributor.objects.all().delete()

    call_command("contributors", "import", str(file))
    said = capsys.readouterr().out
    assert "     2  new        Ada Sample <ada@example.org>" in said
    assert "Nothing was written; --commit does it." in said
    assert not Contributor.objects.exists()

    call_command("contributors", "import", str(file), commit=True)
    assert "Done." in capsys.readouterr().out
    assert Contributor.objects.get().name == "Ada Sample"


def test_command_says_what_is_wrong(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("name,email,sector\nAda,ada@example.org,none\n")
    for arguments, says in [
        (("import", str(file)), "lines are wrong"),
        (("import", str(tmp_path / "nothing.csv")), "No such file"),
        (("export", str(tmp_path / "people.pdf")), "must end in .csv or .xlsx"),
    ]:
        with pytest.raises(CommandError, match=says):
            call_command("contributors", *arguments)
    file.write_text("")
    with pytest.raises(CommandError, match="empty"):
        call_command("contributors", "import", str(file))
