"""Measurements, each one command. They use loopback only and end what they start."""
