"""The Chalice application: its functions, by event source. No logic."""

from chalice.app import Chalice

from chalicelib.handlers import edge, feedback, http, jobs, releases, uploads

app = Chalice(app_name="freshet")
for module in (edge, http, feedback, uploads, jobs, releases):
    app.register_blueprint(module.blueprint)
