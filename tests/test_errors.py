"""What a user is shown is one line, and can be printed."""

from nexttrack.errors import UserError, printable


def test_a_message_is_one_line_that_no_terminal_acts_on():
    error = UserError("a\nb :cat: spotify:local:A [red]\x1b[2J \udcff\ud800 é 歌")
    assert str(error) == r"a b :cat: spotify:local:A [red]\x1b[2J \udcff\ud800 é 歌"


def test_what_can_be_printed_stays_as_it_is():
    assert printable("naïve – “歌” 🎵") == "naïve – “歌” 🎵"
