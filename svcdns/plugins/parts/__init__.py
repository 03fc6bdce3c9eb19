"""What a large directive is made of, in files of its own; each belongs to the one it is named for.

Nothing here is a directive: `cache_store` is the store of `plugins.cache`, and nobody else's.
"""
