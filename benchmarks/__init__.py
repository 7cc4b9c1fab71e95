"""Measurements, each one command. They use loopback only and end what they start.

``python -m benchmarks`` measures everything beside its peers. `benchmarks.bridge` shows more ways of serving Flask,
`benchmarks.memory` and `benchmarks.soak` see that memory stays flat and every answer is right.
"""
