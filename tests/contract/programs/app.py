"""The functions as a Chalice application, for the local cloud."""

import handlers  # type: ignore[import-not-found]  # beside it, where the local cloud imports both
from chalice import Chalice

app = Chalice(app_name="contract")
echo, fails, sleeps, measures = (
    app.lambda_function(name=function.__name__)(function)
    for function in (handlers.echo, handlers.fails, handlers.sleeps, handlers.measures)
)
