"""Adapters: rubrics as rewards inside trainers. Each module names the package whose contract it keeps.

They share one shape: the trainer's rows become samples, a ``Rewarder`` (or a reward server) scores them, and what has
no reward is handed on as the trainer can best express it. Modules import without the trainer being installed.
"""
