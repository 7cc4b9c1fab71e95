"""What HTTP itself says: status codes, header fields, Accept, trace context, and the facts of a request."""
