"""Tasks as Gymnasium environments: Control Suite, locomotion, box pushing, what draws them and what disturbs them.

It knows the registry alone, so no room that learns, and no torch; MuJoCo is imported at module level only here.
"""
