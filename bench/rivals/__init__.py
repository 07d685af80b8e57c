"""Other servers that push messages to browsers, compared with a gateway.

Each module implements ``rival.Rival``; one that is not installed is left out with a message. All
receive the text that a gateway sends and forward it. Their docstrings say what they do not do.
"""
