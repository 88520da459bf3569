"""The reference is what the code says."""

from tests.reference import PAGE, page


def test_the_page_of_the_command_line_is_that_of_the_commands() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m tests.reference"
