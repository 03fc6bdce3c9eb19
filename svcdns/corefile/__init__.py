"""Corefile text -> settings with exact places: which words, where, and what is wrong with them.

Nothing here opens a file, reads the environment or knows what a directive does.

Where to look, in the order of the text's way:

    lexer        text -> tokens with file, line, column
    environment  `{$NAME}` and `{%NAME%}` in tokens
    imports      snippets and imported files put in the place of `import`
    bodies       the tokens of one file or snippet
    paths        what a relative import means
    parser       tokens -> `Corefile`; `parse` raises every mistake in one `CorefileError`
    tree         the values a Corefile is made of
    addresses    keys and zone arguments: scheme, port, CIDR notation -> reverse zones
    overlaps     blocks that would answer the same names at the same place
    arguments    what the `parse` of a directive gets: its stanzas
    words        one line, read word by word
    quantities   numbers, and Go's spans of time
    directives   CoreDNS's words and their order, old words, spelling help
    errors       `Mistake`, `CorefileError`, how one is shown

The grammar is that of CoreDNS 1.15 and its fork of Caddy; docs/compatibility.md lists where
more is accepted or refused.
"""
