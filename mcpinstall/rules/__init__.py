"""Rules: pure judgements over what was read.  Each has an id, a severity and a page."""
