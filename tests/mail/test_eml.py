from email import message_from_bytes, policy

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection


@pytest.fixture
def folder(settings, tmp_path):
    settings.EMAIL_BACKEND = "naatbatt.mail.eml.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path / "outbox")
    return tmp_path / "outbox"


def message(to="Ada Löwe <ada@example.org>"):
    mail = EmailMultiAlternatives("Zellen für alle", "Guten Tag.\n", "Series <series@example.org>", [to])
    mail.attach_alternative("<p>Guten Tag.</p>", "text/html")
    return mail


def test_every_message_becomes_a_file_that_a_mail_program_opens(folder):
    assert get_connection().send_messages([message(), message()]) == 2
    files = sorted(folder.glob("[!.]*"))
    assert len(files) == 2
    parsed = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert parsed["Subject"] == "Zellen für alle"
    assert parsed["To"].addresses[0].display_name == "Ada Löwe"
    assert parsed.get_body(("plain",)).get_content() == "Guten Tag.\r\n"
    assert parsed.get_body(("html",)).get_content() == "<p>Guten Tag.</p>"
    assert not parsed.defects


def test_names_sort_by_time_and_show_the_recipient(folder):
    for number in range(5):
        get_connection().send_messages([message(f"reader{number}@example.org")])
    names = sorted(path.name for path in folder.iterdir())
    assert [name.rpartition("-")[2] for name in names] == [f"reader{number}@example.org.eml" for number in range(5)]


def test_an_address_cannot_name_a_place_outside_the_folder(folder):
    get_connection().send_messages([message('"../../etc/x"@example.org')])
    (file,) = folder.rglob("*")
    assert file.parent == folder
    assert "/" not in file.name
    assert file.name.endswith("etc_x_@example.org.eml")


def test_a_mail_with_its_personal_link_is_for_the_owner_only(folder):
    get_connection().send_messages([message()])
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_whoever_watches_the_folder_sees_whole_mails_only(folder, monkeypatch):
    class Full:
        def as_bytes(self, **kwargs):
            raise OSError("disk full")

    mail = message()
    monkeypatch.setattr(mail, "message", Full)
    with pytest.raises(OSError, match="disk full"):
        get_connection().send_messages([mail])
    assert not list(folder.glob("[!.]*"))
