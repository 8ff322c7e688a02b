"""Everything that is a process: the embedded store, the nodes, and what keeps them from outliving the lab."""
