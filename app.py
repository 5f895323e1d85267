"""The Chalice application: its functions, by event source. No logic."""

from chalice.app import Chalice

from chalicelib.handlers import edge, feedback, http, looks

app = Chalice(app_name="freshet")
for module in (edge, http, feedback, looks):
    app.register_blueprint(module.blueprint)
