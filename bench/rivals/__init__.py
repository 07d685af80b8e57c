"""Other servers that push messages to browsers, compared with a gateway.

Each module implements ``rival.Rival``; a server that is not installed is left out with a message.
All servers get the text that a gateway would send, and forward it. The docstring of each module
says which work of a gateway its server does not do.
"""
