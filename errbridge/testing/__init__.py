"""For the tests of applications that use errbridge, and of adapters for other frameworks.

* `assert_problem` compares a response of any client with the problem it should be.
* `assert_no_findings` makes a test of ``flask errors check``.
* `record_incidents`, and the pytest fixture ``incidents``, record which errors were handled, and the replies.
* `errbridge.testing.conformance` has the behaviour of errbridge as data, to certify an adapter with.

Nothing here needs a framework, a client or pytest.
"""

from errbridge.testing.findings import assert_no_findings
from errbridge.testing.incidents import Incidents, Observation, Wanted, record_incidents
from errbridge.testing.problems import assert_problem

__all__ = ["Incidents", "Observation", "Wanted", "assert_no_findings", "assert_problem", "record_incidents"]
