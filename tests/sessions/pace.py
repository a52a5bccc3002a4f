"""The smallest training that these tests have use for."""

PACE = "--size tiny --random-episodes 1 --updates-per-step 0.1 --eval-every 0 --batch-length 4 --batch-size 2"
"""One episode of random actions, an update every ten steps, no evaluation."""
