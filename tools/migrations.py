"""Up, down and up again, in one process, since starting the portal takes longer than that; then: does the schema hold
everything that the models say?"""

from __future__ import annotations

from flask_migrate import check, downgrade, upgrade

from portal import create_app


def main() -> None:
    with create_app().app_context():
        upgrade()
        downgrade(revision="base")
        upgrade()
        check()


if __name__ == "__main__":
    main()
