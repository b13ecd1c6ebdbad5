"""How long things take, and against whom: ``python -m benchmarks NAME``, in the clone's folder."""
