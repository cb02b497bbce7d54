"""The only modules that touch the network, processes, files and the clock."""
