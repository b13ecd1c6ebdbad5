"""The study that the chapters tell: one module or folder for each of them, and what they share."""
