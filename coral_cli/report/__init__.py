"""What several runs come to: statistics over seeds, pictures, a page.

It reads run directories (registry, runs), and must not know what trained them or who prints it.
"""
