"""Tests of the core, without any framework."""
