"""DNS messages as octets and values; knows nothing of Kubernetes, sockets or time.

Where to look:

    codes      the numbers: TYPE, CLASS, RCODE, OPCODE, flag bits, and their texts
    name       owner names in wire form; reverse names; packed addresses
    edns       OPT and its options, Extended DNS Errors
    rrset      RRsets whose records are already in wire form
    question   octets of a client -> Query, or MalformedQueryError with the reply to send
    response   RRsets -> body -> response that fits the client; truncation
    zone_file  master files -> records and what is wrong with them; zone_lexer cuts them into words
    zone_text  one record from its text; rdata_text and svcb_text read what is behind the type
    frame      the two-octet length prefix of a stream
    records    walk the records of a foreign message without decoding it; uniform: no need to
    plain      the reply that most replies are, which needs no reading
    codec      full decoding and encoding through dnslib, for cold paths only

The way of a query uses question and response alone. Text appears in `name.from_text`,
`name.to_text`, the `*_text` functions and `codec`; everything else is octets and integers.
"""
