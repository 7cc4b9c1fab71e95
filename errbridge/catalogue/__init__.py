"""The problem types of a service: their list, their schema, and the pages that their URIs lead to."""

from errbridge.catalogue.catalogue import DIALECT, Catalogue, Field, ProblemType, types_of
from errbridge.problem.subclasses import subclasses

__all__ = ["DIALECT", "Catalogue", "Field", "ProblemType", "subclasses", "types_of"]
