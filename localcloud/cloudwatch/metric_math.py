"""Metric math: what an expression gives for the metrics of a request; pure.

A number, a time series, or an array of time series.
"""

import operator

from localcloud.cloudwatch.expression import Array, Call, Minus, Name, Node, Number, Operation, Text
from localcloud.cloudwatch.math_functions import Argument, Scope, call
from localcloud.cloudwatch.series import OPERATORS, Value, array_of, combine, on_each, wrong

WORDS = frozenset({"REPEAT", "LINEAR"})  # what FILL takes besides values


def evaluate(node: Node, scope: Scope) -> Value:
    """Work an expression out; raises AwsError ValidationError for what does not fit together."""
    match node:
        case Number(value):
            return value
        case Name(name):
            return scope.find(name)
        case Minus(of):
            return on_each(operator.neg, evaluate(of, scope))
        case Operation(sign, left, right):
            return combine(OPERATORS[sign], evaluate(left, scope), evaluate(right, scope))
        case Array(items):
            return [series for item in items for series in array_of(evaluate(item, scope))]
        case Call(function, arguments):
            return call(function, [_argument(argument, scope) for argument in arguments], scope)
        case Text(text):
            raise wrong(f"the text {text!r} stands where there can be none")


def _argument(node: Node, scope: Scope) -> Argument:
    match node:
        case Text(text):
            return text
        case Name(word) if word in WORDS:
            return word
    return evaluate(node, scope)
