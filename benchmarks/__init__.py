"""Measurements, each one command. They use loopback only and end what they start.

``python -m benchmarks`` measures everything beside its peers, `benchmarks.bridge` the ways of serving Flask in more detail,
`benchmarks.memory` and `benchmarks.soak` whether memory stays flat and every answer is right.
"""
