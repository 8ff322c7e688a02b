"""Cost of one guarded page per request, in-process, beside what people would use instead."""
