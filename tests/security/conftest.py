"""Forms and organisations as the tests of ledgers have them."""

from tests.ledgers.conftest import agreement, org

__all__ = ["agreement", "org"]
