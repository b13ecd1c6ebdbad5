"""The data: sources, cleaning, contracts, the simulator, and what chapters load."""
