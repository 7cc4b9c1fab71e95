"""The catalogue: every named problem type of a service, with its URI, its documentation and its schema.

A subclass of `Problem` with a status is a problem type. There is nothing to register: the catalogue asks Python for the
subclasses, so import the modules with your problem types before you make it. A class without a status is a base of
others and no type::

    from errbridge.catalogue import Catalogue

    catalogue = Catalogue.of(problems, type_uri="https://example.com/problems/{slug}")  # a module
    for problem_type in catalogue:
        print(problem_type.uri, problem_type.status, problem_type.title)

The URI is the identity of a type (RFC 9457 section 3.1.1). It is the class keyword ``type``, else built from
``ERROR_TYPE_URI`` and the slug. The slug is the class keyword ``slug``, which stays when you rename the class. Without
it, the slug follows the name of the class.
"""

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType, types_of
from errbridge.problem.subclasses import subclasses

__all__ = ["DIALECT", "Catalogue", "Field", "ProblemType", "subclasses", "types_of"]
