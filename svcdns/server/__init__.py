"""The sockets that clients talk to: datagrams and streams of DNS, and pages for probes.

Octets come in, octets go out; what is answered is decided in `route` and below.

`sockets`       opens the sockets of one listener, all or none
`listen_error`  why that failed and what to do next; `holders` finds who has the port
`udp`, `mmsg`   datagrams in batches, through recvmmsg and sendmmsg; `single` without them
`late`          what leaves when others have been asked, all of one turn together
`tcp`           DNS over TCP: one listening socket
`connection`    one connection of it: pipelining, backpressure, timeouts
`accept`        accepting, sweeping and closing, for TCP and HTTP alike
`limits`        how many connections, for whom, and which one makes room
`failure`       SERVFAIL when answering itself went wrong
`http`          /health, /ready and /metrics; `http_request` reads the requests

A new transport is one more file here, with the responder that every transport has.
"""
