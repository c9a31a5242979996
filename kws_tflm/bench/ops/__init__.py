"""Every operator against every method on the virtual board: cycles against sparsity, layer by layer.

`layers` and `methods` say what is measured (a new method is one entry), `weights` and `graph` make a one-layer
model of it, `image` and `measure` run it, `cache` keeps what was measured, `report` and `plots` show it.
"""
