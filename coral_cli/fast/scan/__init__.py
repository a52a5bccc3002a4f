"""The filter over all steps as one operation, its gradient written out by hand, with kernels for a GPU.

It sees torch's layers and tensors, and must not know the RSSMs that call it, nor any room but its own.
"""
