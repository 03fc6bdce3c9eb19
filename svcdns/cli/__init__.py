"""What a person types and reads: one file a command, imported when it is asked for.

`main` knows the commands and who has which words; `coredns_flags` turns CoreDNS's command line
into ours. `stub_resolver` and `query_report` are the two ends of `query`, `query_cluster` and
`search_path` what it has of a cluster; `cluster_flags` how commands name one. `terminal` knows
whether there are colours, `progress` draws how far something is. What a command does is in `app`.

Exit codes: 0 fine, 1 a finding or a failure, 2 the command line is wrong.
"""
