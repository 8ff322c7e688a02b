"""The lab's pages: one package for each."""
