"""What a chapter would show."""

import pytest

from nexttrack.book import claims, edition


@pytest.fixture
def shown(monkeypatch):
    """The Markdown displayed so far."""
    texts = []
    for module in (claims, edition):
        monkeypatch.setattr(
            module, "display", lambda markdown, metadata=None: texts.append(markdown.data)
        )
    return texts
