"""JupyterLab for the chapters: how it is started, its settings, and an extension of our own."""
