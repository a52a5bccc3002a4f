"""Speed: what plain torch computes, too, in less time. Nothing here knows coral; each function has a plain twin."""
