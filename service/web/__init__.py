"""Shared HTTP code: reading input, choosing HTML or JSON, refusing other origins, headers."""
