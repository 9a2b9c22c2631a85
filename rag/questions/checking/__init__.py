"""Does what was written follow from the passages?"""
