"""The behaviour of errbridge as data, to certify an adapter for another framework with.

An adapter under test is one function: it builds an application of its framework from a description, and returns a
function that asks it a question and gives the answer::

    def build(application: Application) -> Ask:
        app, errors = ...          # groups, routes, handlers and styles as they are described
        return lambda question: Reply(body, status, headers)

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_conformance(case):
        assert differences(build(case.application), case) == []

The expectations are written down, not computed: they are what errbridge promises, on every framework. Which scope owned
an error is read from the log record, so that the adapter needs no hooks to be looked into.
"""

from errbridge.testing.conformance.cases import CASES
from errbridge.testing.conformance.description import Application, Area, Case, Expected, Group, On, Question, Route
from errbridge.testing.conformance.judging import Ask, Build, certify, differences

__all__ = [
    "CASES",
    "Application",
    "Area",
    "Ask",
    "Build",
    "Case",
    "Expected",
    "Group",
    "On",
    "Question",
    "Route",
    "certify",
    "differences",
]
