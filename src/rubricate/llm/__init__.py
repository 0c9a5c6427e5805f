"""Model calls: the seam, an HTTP client, scripted clients, and wrappers for limits, retries, caps and caching."""

from rubricate.llm.client import Client, Reply, Request, Token

__all__ = ["Client", "Reply", "Request", "Token"]
