"""Asking other servers: who they are, how they are asked, and what their replies are worth.

Who is asked:

- `targets` as the operator wrote it · `endpoint` one address · `resolv_conf` the file, pure
- `host_names` addresses of names · `roster` whom a stanza may ask now, as files change

How one upstream is asked:

- `asked` a question in octets, and what is a reply to it, pure · `identities` ids
- `datagram`, `sockets` UDP, a fresh port a question
- `stream` connections kept, and TCP and DoT on them · `connection` what all have in common · `tls`
- `https`, `http2` DoH, the second without a socket · `age` of its answers · `quic` DoQ
- `speaking` which of these, with libraries loaded where they are needed
- `deadlines` timeouts by the thousand · `failure` why there was no answer
- `server` all of this for one upstream · `health` is it well · `figures` how it does

How one question is answered:

- `flights` equal questions are one · `policy` in which order · `hedge` two at once
- `course` whom to ask next, and when it is enough · `outcome` what it comes to
- `errand` the plain way, one datagram and its reply, passed on as they are
- `begun` the same for any question, without a task
- `forwarding` one stanza as a value · `forwarder` at work · `gathering` puts it together
"""
