"""A pretend Redis Software cluster: an independent witness of the documented REST API.

Nothing here knows the rest of the package, and the JSON is written by hand, so that a misreading
of the API cannot be made on both sides at once. `cluster` and `asgi` need the standard library
only; `server` needs uvicorn and trustme.

Documented facts are stated plainly; what is not documented is marked "[choice]".
"""
