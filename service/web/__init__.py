"""What every HTTP door of the lab shares: reading input, choosing HTML or JSON, refusing other origins, headers."""
