"""Other servers that push to browsers, to be measured beside a gateway.

Each is a module with what ``rival.Rival`` asks for. One that is missing here is left out with a
word. All get the very text that a gateway sends, and hand it on; what they do not do is in the
docstring of each.
"""
