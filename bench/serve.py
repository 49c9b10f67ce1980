"""What gunicorn serves: the portal of the settings in the environment, telling how many statements a page took."""

from __future__ import annotations

from bench.peers.statements import watch
from portal import create_app
from portal.extensions import db

app = create_app()
with app.app_context():
    watch(app, db.engine)
