"""Lambda: the functions of a Chalice application, really executed.

`service` puts the parts together: `pool` decides which sandbox executes what, a `sandbox` is one process of one
function (its program is `runtime`, its log `printed`), `events` keeps asynchronous invocations until their outcome is
written, `destinations` and `dead_letters` are where they go then, `configs` keeps what Lambda's API (`api`) changes.
"""

from localcloud.functions.service import Lambdas

__all__ = ["Lambdas"]
