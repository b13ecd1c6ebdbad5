"""Chapter 13: the models of the page that recommends, as bytes that a browser reads."""
