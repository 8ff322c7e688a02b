"""The lab's processes: the embedded store, the balancer, the nodes, and the code that ends them with the lab."""
