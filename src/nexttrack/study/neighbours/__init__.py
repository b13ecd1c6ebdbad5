"""Chapter 06: recommending by neighbours."""
