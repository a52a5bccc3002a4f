"""Speed: what plain torch computes, too, in less time; each function has a plain twin that a test holds it equal to.

It knows no other room: tensors, layers of torch and devices are all that it sees.
"""
